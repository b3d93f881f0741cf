"""A table as its database describes it, and what is asked of it.

PostgreSQL, MySQL and MariaDB write the text of every value themselves: it is exact, the same whatever the driver, and
costs no Python for each cell. SQLite keeps a type with every value, so its values come as they are.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import NoSuchTableError

from sales_warehouse.company.models import Table
from sales_warehouse.extract.cursor import NUMBER, Kind, NoCursor, lower_bound
from sales_warehouse.extract.outcome import SourceMisconfigured
from sales_warehouse.extract.text import EVERY_WHOLE_NUMBER, FLOATS, OF_32_BITS, value_text
from sales_warehouse.sql import literal


@dataclass(frozen=True)
class Relation:
    """A table; `where` is its place for messages, `key` its primary key, `cursor_type` what its cursor holds."""

    where: str
    origin: str
    table: sa.TableClause
    types: Mapping[str, sa.types.TypeEngine]
    key: tuple[str, ...]
    dialect: str
    cursor_type: sa.types.TypeEngine | None = None

    @classmethod
    def of(cls, connection: Connection, where: str, table: Table, schema: str | None) -> Relation:
        """Look a table up; raise SourceMisconfigured naming what exists when it is not there."""
        inspector, name = sa.inspect(connection), table.table or ""
        try:
            types = {column["name"]: column["type"] for column in inspector.get_columns(name, schema)}
        except NoSuchTableError:
            there = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
            raise SourceMisconfigured(f"{where}: {_unknown_table(name, there)}") from None
        cursor_type = types.get(table.cursor) if table.cursor else None
        if table.cursor and cursor_type and connection.dialect.name == "sqlite":
            cursor_type = _stored(connection, where, name, table.cursor, cursor_type)
        key = tuple(inspector.get_pk_constraint(name, schema).get("constrained_columns") or ())
        clause = sa.table(name, *(sa.column(column) for column in types), schema=schema)
        return cls(where, name, clause, types, key, connection.dialect.name, cursor_type)

    @property
    def holds_any_bytes(self) -> bool:
        """Tell whether a text need not be one: SQLite checks no encoding."""
        return self.dialect == "sqlite"

    def rows(self, names: Sequence[str], table: Table, cursor: str | None) -> sa.Select:
        """Select columns of what is new."""
        return self._new(sa.select(*(self.text(name) for name in names)), table, cursor).order_by(
            *(self.table.c[name] for name in self.key)
        )

    def keys(self, table: Table) -> sa.Select:
        """Select the key of every row."""
        return sa.select(*(self.text(name) for name in table.key))

    def rows_with(self, names: Sequence[str], table: Table, keys: Sequence[tuple[str, ...]]) -> sa.Select:
        """Select columns of the rows that have one of these keys, given as text."""
        compared = sa.tuple_(*(self._compared(name) for name in table.key))
        return sa.select(*(self.text(name) for name in names)).where(compared.in_(keys))

    def counted(self, connection: Connection, table: Table, cursor: str | None) -> tuple[int, str | None]:
        """Ask the database itself how many rows are new, and for the highest cursor among them."""
        wanted: list[Any] = [sa.func.count()]
        if table.cursor:
            wanted.append(self._as_text(sa.func.max(self.table.c[table.cursor]), self.types[table.cursor]))
        statement = self._new(sa.select(*wanted).select_from(self.table), table, cursor)
        found: tuple[Any, ...] = tuple(connection.execute(statement).one())
        if not table.cursor:
            return found[0], None
        highest = value_text(found[1])
        if self._kind() == "text" and NUMBER.fullmatch(highest or cursor or ""):
            self._refuse_numbers_as_text(connection, table.cursor)
        return found[0], highest

    def _refuse_numbers_as_text(self, connection: Connection, name: str) -> None:
        """Texts are compared by their first letter: 99 is above 100, which a bound would pass over."""
        size = sa.func.length(self.table.c[name])
        shortest, longest = connection.execute(sa.select(sa.func.min(size), sa.func.max(size))).one()
        if shortest != longest:
            raise SourceMisconfigured(
                f"{self.where}: the column {name!r} is text and has numbers, and its values have {shortest} to "
                f"{longest} characters; as text 99 is above 100, so rows would be passed over. Fill the numbers with "
                "zeros, read a view that casts the column to a number, or leave `cursor` out"
            )

    def size(self, connection: Connection) -> int:
        """Ask the database itself how many rows it has."""
        count: int = connection.execute(sa.select(sa.func.count()).select_from(self.table)).scalar_one()
        return count

    def text(self, name: str) -> sa.ColumnElement:
        """Return a column as the text that the server writes, where it does."""
        return self._as_text(self.table.c[name], self.types[name]).label(name)

    def _as_text(self, column: sa.ColumnElement, kind: sa.types.TypeEngine) -> sa.ColumnElement:
        if self.dialect == "postgresql":
            return _postgresql(column, kind)
        return _mysql(column, kind) if self.dialect in ("mysql", "mariadb") else column

    @property
    def schema(self) -> dict[str, str]:
        """The declared types by column."""
        return {name: str(kind) for name, kind in self.types.items()}

    @property
    def floats(self) -> set[str]:
        """The columns that are declared as floats."""
        return {name for name, kind in self.schema.items() if kind in FLOATS}

    def _compared(self, name: str) -> sa.ColumnElement:
        column = self.table.c[name]
        if self.dialect == "sqlite":
            number: sa.ColumnElement = sa.cast(column, sa.Integer)
            is_float = sa.func.typeof(column) == sa.literal_column("'real'")
            is_whole = sa.and_(is_float, column == number, sa.func.abs(column) < _written(EVERY_WHOLE_NUMBER))
            return sa.case((is_whole, sa.cast(number, sa.Text)), else_=sa.cast(column, sa.Text))
        shown = self._as_text(column, self.types[name])
        return sa.cast(shown, sa.Text) if self.dialect not in ("postgresql", "mysql", "mariadb") else shown

    def _new(self, statement: sa.Select, table: Table, cursor: str | None) -> sa.Select:
        """Leave out what is before the last cursor and its overlap. Rows without a cursor always come."""
        if table.cursor is None or cursor is None:
            return statement
        column, kind = self.table.c[table.cursor], self._kind()
        try:
            bound = lower_bound(cursor, table.overlap_minutes, kind, table.overlap_numbers)
        except NoCursor as error:
            raise SourceMisconfigured(f"{self.where}: {error}") from error
        except (ValueError, ArithmeticError, OverflowError) as error:
            raise SourceMisconfigured(
                f"{self.where}: the last cursor {cursor!r} is not a value of the column {table.cursor!r} ({error}); "
                "did the column change its type? load the source afresh"
            ) from error
        return statement.where(sa.or_(column >= self._bound(bound, table.cursor), column.is_(None)))

    def _bound(self, value: Any, name: str) -> sa.ColumnElement:
        """PostgreSQL's rows are read where values cannot be bound, so they are written, with the type of the column."""
        if self.dialect != "postgresql":
            return sa.literal(value)
        return sa.cast(sa.literal_column(literal(value_text(value))), self.types[name])

    def _kind(self) -> Kind:
        kind = self.cursor_type
        if isinstance(kind, sa.types.Integer):
            return "integer"
        if isinstance(kind, sa.types.Numeric):
            return "decimal"
        if self.dialect != "sqlite" and isinstance(kind, sa.types.DateTime):
            return "moment"
        if self.dialect != "sqlite" and isinstance(kind, sa.types.Date):
            return "date"
        return "text"


def _stored(
    connection: Connection, where: str, table: str, name: str, declared: sa.types.TypeEngine
) -> sa.types.TypeEngine:
    """Return the type of what a column of SQLite holds, whatever was declared: of views and expressions, nothing is.

    There every number is below every text, so a bound of the other kind would pass over all or none.
    """
    is_number = isinstance(declared, sa.types.Integer | sa.types.Numeric)
    column: sa.ColumnClause = sa.column(name)
    kind = sa.func.typeof(column)
    asked = sa.select(kind).select_from(sa.table(table)).where(column.is_not(None)).distinct()
    found = {told for (told,) in connection.execute(asked)}
    numbers = found & {"integer", "real"}
    if numbers and is_number:
        return declared
    if numbers and found - numbers:
        raise SourceMisconfigured(
            f"{where}: the column {name!r} holds numbers and texts, which SQLite compares by their kind first, so rows "
            "would be passed over; make them one kind in the database or in a view, or leave `cursor` out"
        )
    if not numbers:
        return sa.types.Text() if is_number and found else declared
    return sa.types.Numeric() if "real" in numbers else sa.types.Integer()


def _is_whole(column: sa.ColumnElement, every_whole_number: int = EVERY_WHOLE_NUMBER) -> sa.ColumnElement:
    """Tell whether a float is a whole number, as far as every whole number has a float of its own."""
    return sa.and_(column == sa.func.floor(column), sa.func.abs(column) < _written(every_whole_number))


def _written(value: str | int) -> sa.ColumnElement:
    """Return a value that stands in the statement, where values cannot be bound."""
    return sa.literal_column(literal(value) if isinstance(value, str) else str(value))


def _postgresql(column: sa.ColumnElement, kind: sa.types.TypeEngine) -> sa.ColumnElement:
    if type(kind) in (sa.types.VARCHAR, sa.types.TEXT, sa.types.CHAR):
        return column  # a cast would take the spaces off the end of a char(n)
    if isinstance(kind, sa.types.LargeBinary):
        return sa.func.encode(column, sa.literal_column("'hex'"))
    if isinstance(kind, sa.types.ARRAY):
        return sa.cast(sa.func.to_jsonb(column), sa.Text)
    if isinstance(kind, sa.types.Float):
        is_whole = _is_whole(column, OF_32_BITS if isinstance(kind, sa.types.REAL) else EVERY_WHOLE_NUMBER)
        digits = sa.cast(sa.cast(column, sa.BigInteger), sa.Text)
        return sa.case((is_whole, digits), else_=sa.cast(column, sa.Text))
    if isinstance(kind, postgresql.MONEY):
        return sa.cast(sa.cast(column, sa.Numeric), sa.Text)
    return sa.cast(column, sa.Text)


def _mysql(column: sa.ColumnElement, kind: sa.types.TypeEngine) -> sa.ColumnElement:
    if isinstance(kind, sa.types.String):
        return column
    if isinstance(kind, sa.types.LargeBinary | sa.types.BINARY | sa.types.VARBINARY):
        return sa.func.lower(sa.func.hex(column))
    if isinstance(kind, mysql.BIT):
        return sa.cast(sa.cast(column, mysql.INTEGER(unsigned=True)), sa.CHAR)
    if isinstance(kind, sa.types.Float):
        # as a float, the server writes six digits of it
        double = column.op("+")(sa.literal_column("0e0")) if isinstance(kind, mysql.FLOAT) else column
        digits = sa.cast(sa.cast(double, sa.DECIMAL(20, 0)), sa.CHAR)
        powers = sa.func.replace(sa.cast(double, sa.CHAR), _written("e"), _written("e+"))
        powers = sa.func.replace(powers, _written("e+-"), _written("e-"))
        return sa.case((_is_whole(double), digits), else_=powers)
    if isinstance(kind, sa.types.TIMESTAMP):
        return sa.func.concat(sa.cast(column, sa.CHAR), sa.literal_column("'+00:00'"))
    return sa.cast(column, sa.CHAR)


def _unknown_table(name: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1, cutoff=0.6)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"unknown table {name!r}{hint}; the database has: {', '.join(sorted(there)) or 'none'}"
