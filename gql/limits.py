"""How large a query may be, judged before it is validated: tokens, depth, fields, aliases.

Fragments count each time that they are spread, and are measured once, so that the judgement itself
takes a time that grows with the text and not with what the text unfolds to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from gql.errors import QUERY_TOO_LARGE

MAX_BODY_BYTES = 1 << 20
MAX_TOKENS = 2000
MAX_COMMENTS = 200
MAX_DEPTH = 12
MAX_FIELDS = 500
MAX_ALIASES = 30

# What the schema says of itself has a limit of its own in the validator, and holds no data.
_INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class QuerySize:
    """Size of an operation with its fragments unfolded."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0

    def beside(self, other: QuerySize) -> QuerySize:
        """Return the size of both, one beside the other."""
        return QuerySize(
            max(self.depth, other.depth), self.fields + other.fields, self.aliases + other.aliases
        )


def parse_within_limits(context_value: Any, data: dict[str, Any]) -> DocumentNode:
    """Parse a request's query and refuse it if it is too large.

    Raises:
        GraphQLError: it is no GraphQL, or too large; the message names the limit.
    """
    document = _parsed(data["query"])
    measured = _Measure(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _require_within_limits(measured.size_of(definition.selection_set))
    return document


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=MAX_TOKENS, max_comments=MAX_COMMENTS)
    except GraphQLSyntaxError as error:
        if not error.description.startswith("Document contains more than"):
            raise
    raise GraphQLError(
        f"the query has more than {MAX_TOKENS} tokens or {MAX_COMMENTS} comments",
        extensions={"code": QUERY_TOO_LARGE},
    )


def _require_within_limits(size: QuerySize) -> None:
    for what, found, most in (
        ("levels deep", size.depth, MAX_DEPTH),
        ("fields large, fragments unfolded", size.fields, MAX_FIELDS),
        ("aliases large, fragments unfolded", size.aliases, MAX_ALIASES),
    ):
        if found > most:
            raise GraphQLError(
                f"the query is {found} {what}; at most {most} are allowed",
                extensions={"code": QUERY_TOO_LARGE},
            )


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        # A fragment stands here as empty while it is measured: a cycle ends, and the validator
        # refuses it later.
        self._sizes: dict[str, QuerySize] = {}

    def size_of(self, selections: SelectionSetNode | None) -> QuerySize:
        size = QuerySize()
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FieldNode):
                size = size.beside(self._size_of_field(node))
            elif isinstance(node, FragmentSpreadNode):
                size = size.beside(self._size_of_fragment(node.name.value))
            else:
                size = size.beside(self.size_of(getattr(node, "selection_set", None)))
        return size

    def _size_of_field(self, node: FieldNode) -> QuerySize:
        aliases = int(node.alias is not None)
        if node.name.value in _INTROSPECTION_FIELDS:
            return QuerySize(1, 1, aliases)
        inner = self.size_of(node.selection_set)
        return QuerySize(inner.depth + 1, inner.fields + 1, inner.aliases + aliases)

    def _size_of_fragment(self, name: str) -> QuerySize:
        if name not in self._sizes and name in self._fragments:
            self._sizes[name] = QuerySize()
            self._sizes[name] = self.size_of(self._fragments[name].selection_set)
        return self._sizes.get(name, QuerySize())
