"""A database backend: Django's own for SQLite, with connections that are used again."""
