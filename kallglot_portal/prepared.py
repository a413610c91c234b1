"""Statements that are run with many requests, composed once.

Composing a query anew, as Django does, takes several times as long as the database's answer.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Expression, Model, QuerySet


class Given(Expression):
    """Stands in a query for a value that is given when it is asked: a text or a number."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


class Prepared:
    """A query for a row of one model; `compose` makes it, with `Given` for what differs.

        _by_name = Prepared(lambda: Team.objects.filter(name=Given("name")))
        team = _by_name.first(name="Service")

    It may filter in any way, but not join in other rows (`select_related`) or annotate.
    """

    def __init__(self, compose: Callable[[], QuerySet]) -> None:
        self._compose = compose

    def first(self, **given: Any) -> Model | None:
        """The first row of the answer, None where there is none.

        Raises `django.db.Error` when the database cannot answer.
        """
        model, sql, params, names, converters = self._composed
        values = [given[each.name] if isinstance(each, Given) else each for each in params]
        # `django.db.connection` would look for this thread's connection at each use.
        ours = connections[DEFAULT_DB_ALIAS]
        with ours.cursor() as cursor:
            cursor.execute(sql, values)
            row = cursor.fetchone()
        if row is None:
            return None
        facts = list(row)
        for place, (functions, column) in converters:
            for function in functions:
                facts[place] = function(facts[place], column, ours)
        return model.from_db(ours.alias, names, facts)

    @cached_property
    def _composed(self):
        queryset = self._compose()[:1]
        compiler = queryset.query.get_compiler(queryset.db)
        sql, params = compiler.as_sql()
        columns = [column for column, _, _ in compiler.select]
        names = [column.target.attname for column in columns]
        converters = list(compiler.get_converters(columns).items())
        return queryset.model, sql, params, names, converters


class PreparedInsert:
    """The statement that adds one row of `model`; it sends no signals."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    def add(self, instance: Model) -> None:
        """Add the unsaved `instance`, and set its key. Raises `django.db.Error`."""
        sql, fields = self._composed
        values = [
            field.get_db_prep_save(field.pre_save(instance, True), connection) for field in fields
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            ((instance.pk,),) = cursor.fetchall()
        instance._state.adding, instance._state.db = False, connection.alias

    @cached_property
    def _composed(self):
        meta, quote = self._model._meta, connection.ops.quote_name
        fields = [field for field in meta.local_concrete_fields if not field.primary_key]
        columns = ", ".join(quote(field.column) for field in fields)
        places = ", ".join(["%s"] * len(fields))
        sql = f"INSERT INTO {quote(meta.db_table)} ({columns}) VALUES ({places}) "  # noqa: S608
        return sql + f"RETURNING {quote(meta.pk.column)}", fields
