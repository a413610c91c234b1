"""`make bench`: the audio relay measured beside its peers, in one run on this machine.

`stage` starts the servers, `rows_*` measure the rows of the table, `report` prints and writes it.
Everything is on loopback, and every process that was started is ended by its id.
"""
