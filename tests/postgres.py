"""A connection to the tests' PostgreSQL that is none of the portal's own."""

import psycopg
from django.db import connection

_WHERE = ("dbname", "user", "password", "host", "port")


def connect_as_stranger(**options) -> psycopg.Connection:
    """Wherever the portal's connections lead, be it told by the address or by its options."""
    told = connection.get_connection_params()
    return psycopg.connect(**{name: told[name] for name in _WHERE if told.get(name)}, **options)
