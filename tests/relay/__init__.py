"""The audio relay, held to its promises over real sockets, processes and files."""
