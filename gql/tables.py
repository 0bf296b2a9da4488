"""Answers by columns: a long list of plain values is put together without a call for every field.

GraphQL's executor calls a resolver, builds its arguments and completes its value for each field of
each row: some 4 µs each, a tenth of a second for a thousand rows. A resolver may return a Table
instead of a list. It iterates like any list of objects, so every query can be answered of it; one
that asks only for what the table has as columns is answered column by column. The schema stays the
one truth: names, aliases, fragments and directives are read from the query by the executor's own
code, and a test holds both ways to the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionContext,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    execute_sync,
    get_named_type,
)
from graphql.pyutils import Path

from gql.ids import global_id
from gql.inputs import coerced_subjects
from graphsvc.model import SubjectKind, SubjectRef

Column = Callable[[], "Sequence[object] | Table"]

_NAME = re.compile("[_A-Za-z][_0-9A-Za-z]*")

# Looked up, for `name` of an enum's member is a call.
_KINDS = {kind: kind.name for kind in SubjectKind}


class Table(Sequence[Any]):
    """Rows, and some of their fields as whole columns of values as JSON has them."""

    def __init__(
        self, length: int, row: Callable[[int], object], columns: Mapping[str, Column]
    ) -> None:
        """Take `columns` by the schema's names; each is made only if it is asked for."""
        self._length = length
        self._row = row
        self._columns = columns

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._length

    def __getitem__(self, place: Any) -> Any:
        """Return one row as an object that the schema's resolvers understand."""
        if not isinstance(place, int):
            raise TypeError("a table gives single rows")
        if not 0 <= place < self._length:
            raise IndexError(place)
        return self._row(place)

    def column(self, name: str) -> Sequence[object] | Table | None:
        """Return one field of all rows, None where it is no column."""
        made = self._columns.get(name)
        return None if made is None else made()

    def gathered(self, rows: list[dict[str, object]]) -> Sequence[object]:
        """Return what stands in the outer rows for these completed ones."""
        return rows


class Sparse(Table):
    """A table some of whose rows are null in the outer one; `places` says which are there."""

    def __init__(self, inner: Table, places: Sequence[int], outer_length: int) -> None:
        super().__init__(len(inner), inner._row, inner._columns)
        self._places = places
        self._outer_length = outer_length

    def gathered(self, rows: list[dict[str, object]]) -> Sequence[object]:
        """Return the rows with nulls between them."""
        found: list[object] = [None] * self._outer_length
        for place, row in zip(self._places, rows, strict=True):
            found[place] = row
        return found


class Ragged(Table):
    """A table of the entries of all outer rows' lists, one list after the other."""

    def __init__(
        self, entry: Callable[[int], object], columns: Mapping[str, Column], ends: Sequence[int]
    ) -> None:
        """Take `ends`: how many entries there are up to the end of each outer row's list."""
        super().__init__(ends[-1] if ends else 0, entry, columns)
        self._ends = ends

    def gathered(self, rows: list[dict[str, object]]) -> Sequence[object]:
        """Return a list for each outer row."""
        return [rows[begin:end] for begin, end in pairwise((0, *self._ends))]


class TableExecution(ExecutionContext):
    """GraphQL's executor, but for tables, which are completed by columns where that is possible.

    Long lists of subjects among the variables are coerced at once too: see `inputs`.
    """

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        raw_variable_values: dict[str, Any] | None = None,
        operation_name: str | None = None,
        *arguments: Any,
        **options: Any,
    ) -> list[GraphQLError] | ExecutionContext:
        """Return the context of one execution, or why its variables can't be taken."""
        given = dict(raw_variable_values or {})
        coerced, rest = coerced_subjects(document, operation_name, given)
        built = super().build(
            schema,
            rest,
            root_value,
            context_value,
            given,
            operation_name,
            *arguments,
            **options,
        )
        if isinstance(built, ExecutionContext):
            built.variable_values.update(coerced)
        return built

    def complete_list_value(
        self,
        return_type: Any,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> Any:
        """Complete a list; see the executor's own."""
        if isinstance(result, Table):
            rows = completed_table(return_type, field_nodes, result, self.collect_subfields)
            if rows is not None:
                return rows
        return super().complete_list_value(return_type, field_nodes, info, path, result)


Choose = Callable[[GraphQLObjectType, list[FieldNode]], Mapping[str, list[FieldNode]]]
"""Returns the fields that some nodes choose of a type, by their names in the answer."""


def completed_table(
    type_: Any, nodes: list[FieldNode], table: Table, choose: Choose
) -> list[dict[str, object]] | None:
    """Return all rows as the query wants them, None where it asks for what is no column."""
    row_type = get_named_type(type_)
    if not isinstance(row_type, GraphQLObjectType):
        return None
    columns = []
    fields = choose(row_type, nodes)
    for chosen in fields.values():
        column = _column(row_type, chosen, table, choose)
        if column is None:
            return None
        columns.append(column)
    names = list(fields)
    if not columns:
        return [{} for _ in range(len(table))]
    return _row_maker(tuple(names))(columns)


@lru_cache(256)
def _row_maker(names: tuple[str, ...]) -> Callable[[list[Sequence[object]]], list[dict[str, Any]]]:
    """Return what makes rows of columns, with the names written out: in a third of the time.

    GraphQL lets a name hold nothing but letters, digits and underscores.
    """
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError(f"no names of GraphQL: {names}")
    values = [f"value_{place}" for place in range(len(names))]
    pairs = ", ".join(f"'{name}': {value}" for name, value in zip(names, values, strict=True))
    # Not strict: the check costs a third more, and every column is as long as its table.
    made: Callable[..., Any] = eval(
        f"lambda columns: [{{{pairs}}} for {', '.join(values)}, in zip(*columns)]"
    )
    return made


def _column(
    row_type: GraphQLObjectType, nodes: list[FieldNode], table: Table, choose: Choose
) -> Sequence[object] | None:
    name = nodes[0].name.value
    if name == "__typename":
        return [row_type.name] * len(table)
    found = None if nodes[0].arguments else table.column(name)
    if not isinstance(found, Table):
        return found
    rows = completed_table(row_type.fields[name].type, nodes, found, choose)
    return None if rows is None else found.gathered(rows)


def same(value: object, length: int) -> Column:
    """Return a column that holds one value in every row."""
    return lambda: [value] * length


def subject_table(subjects: list[SubjectRef]) -> Table:
    """Return subjects as GraphQL's rows."""
    return Table(
        len(subjects),
        subjects.__getitem__,
        {
            "id": lambda: [global_id("Subject", subject) for subject in subjects],
            "kind": lambda: [_KINDS[kind] for kind, _ in subjects],
            "key": lambda: [key for _, key in subjects],
        },
    )


def execute_tables(
    schema: GraphQLSchema,
    document: DocumentNode,
    *,
    context_value: object,
    variable_values: dict[str, Any] | None = None,
) -> ExecutionResult:
    """Run a validated query in the calling thread, tables by columns.

    Args:
        schema: what the query was validated against.
        document: the query.
        context_value: what resolvers get as `info.context`.
        variable_values: the values of its variables, as JSON had them.
    """
    return execute_sync(
        schema,
        document,
        context_value=context_value,
        variable_values=variable_values,
        execution_context_class=TableExecution,
    )
