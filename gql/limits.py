"""How large a document may be, judged before it is validated: validation can take long itself.

Fragments count each time that they are spread, and are measured once, so that the judgement itself
takes a time that grows with the text and not with what the text unfolds to. Every definition is
measured, used or not, because validation walks through all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
)

from gql.errors import QUERY_TOO_LARGE, coded
from graphsvc.settings import Settings

MAX_INTROSPECTION_FIELDS = 1000
"""Fields within `__schema` and `__type`; the query that tools send has about 200."""

MAX_LIKE_NAMED_PAIRS = 50_000
"""Pairs of fields that answer under one name: validation compares all of them."""

_INTROSPECTION_FIELDS = frozenset({"__schema", "__type"})


@dataclass(frozen=True, slots=True)
class QuerySize:
    """Size of a selection with its fragments unfolded; `width` is its first level alone."""

    depth: int = 0
    width: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspection: int = 0

    def beside(self, other: QuerySize) -> QuerySize:
        """Return the size of both, one beside the other."""
        return QuerySize(
            max(self.depth, other.depth),
            self.width + other.width,
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.introspection + other.introspection,
        )

    def with_directives(self, count: int) -> QuerySize:
        """Return the size of the same with so many directives on it."""
        return self.beside(QuerySize(directives=count)) if count else self


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that a document may have of each."""

    tokens: int
    comments: int
    depth: int
    fields: int
    root_fields: int
    aliases: int
    directives: int

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings name."""
        return cls(
            tokens=settings.max_tokens,
            comments=settings.max_comments,
            depth=settings.max_depth,
            fields=settings.max_fields,
            root_fields=settings.max_root_fields,
            aliases=settings.max_aliases,
            directives=settings.max_directives,
        )


def parse_within_limits(text: str, limits: Limits) -> DocumentNode:
    """Parse a document and refuse it if it is too large.

    Raises:
        GraphQLError: it is no GraphQL, or too large; the message names the limit.
    """
    try:
        document = _parsed(text, limits)
        _require_within_limits(document, limits)
    except RecursionError:
        raise too_large("the query is nested too deeply") from None
    return document


def too_large(message: str) -> GraphQLError:
    """Return the refusal of a document that passes a limit."""
    return coded(QUERY_TOO_LARGE, message)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLSyntaxError as error:
        if not error.description.startswith("Document contains more than"):
            raise
    raise too_large(f"the query has more than {limits.tokens} tokens or {limits.comments} comments")


def _require_within_limits(document: DocumentNode, limits: Limits) -> None:
    measured = _Measure(document)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
            size = measured.size_of(definition.selection_set)
            size = size.with_directives(len(definition.directives))
            if _is_about_the_schema(definition):
                size = QuerySize(introspection=size.fields)
            is_operation = isinstance(definition, OperationDefinitionNode)
            _require_within(size, limits, is_operation=is_operation)
    pairs = measured.like_named_pairs()
    if pairs > MAX_LIKE_NAMED_PAIRS:
        raise too_large(
            f"the query has {pairs} pairs of fields of one name; "
            f"at most {MAX_LIKE_NAMED_PAIRS} are allowed"
        )


def _require_within(size: QuerySize, limits: Limits, *, is_operation: bool) -> None:
    for what, found, most in (
        ("levels deep", size.depth, limits.depth),
        ("fields large, fragments unfolded", size.fields, limits.fields),
        ("fields wide at its root", size.width if is_operation else 0, limits.root_fields),
        ("aliases large, fragments unfolded", size.aliases, limits.aliases),
        ("directives large, fragments unfolded", size.directives, limits.directives),
        ("introspection fields large", size.introspection, MAX_INTROSPECTION_FIELDS),
    ):
        if found > most:
            raise too_large(f"the query is {found} {what}; at most {most} are allowed")


class _Measure:
    def __init__(self, document: DocumentNode) -> None:
        self._definitions = document.definitions
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._sizes: dict[str, QuerySize] = {}
        self._being_measured: set[str] = set()

    def size_of(self, selections: SelectionSetNode | None) -> QuerySize:
        size = QuerySize()
        for node in _selections_of(selections):
            size = size.beside(self._size_of_node(node).with_directives(len(node.directives)))
        return size

    def like_named_pairs(self) -> int:
        """Count, over all definitions; they are known to unfold to few fields by now."""
        total = 0
        for definition in self._definitions:
            names: Counter[str] = Counter()
            self._count_names(getattr(definition, "selection_set", None), names)
            total += sum(count * count for count in names.values() if count > 1)
        return total

    def _size_of_node(self, node: SelectionNode) -> QuerySize:
        if isinstance(node, FieldNode):
            return self._size_of_field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._size_of_fragment(node)
        return self.size_of(getattr(node, "selection_set", None))

    def _size_of_field(self, node: FieldNode) -> QuerySize:
        inner = self.size_of(node.selection_set)
        aliases = inner.aliases + int(node.alias is not None)
        if node.name.value in _INTROSPECTION_FIELDS:
            # What the schema says of itself holds no data: it has a limit of its own.
            within = inner.fields + inner.introspection
            return QuerySize(1, 1, 1, aliases, inner.directives, within)
        return QuerySize(
            inner.depth + 1, 1, inner.fields + 1, aliases, inner.directives, inner.introspection
        )

    def _size_of_fragment(self, node: FragmentSpreadNode) -> QuerySize:
        name = node.name.value
        if name in self._being_measured:
            raise GraphQLError(f"Cannot spread fragment '{name}' within itself.", [node])
        if name not in self._fragments:
            return QuerySize(fields=1)
        if name not in self._sizes:
            self._being_measured.add(name)
            self._sizes[name] = self.size_of(self._fragments[name].selection_set)
            self._being_measured.remove(name)
        return self._sizes[name]

    def _count_names(self, selections: SelectionSetNode | None, names: Counter[str]) -> None:
        for node in _selections_of(selections):
            if isinstance(node, FieldNode):
                names[node.alias.value if node.alias is not None else node.name.value] += 1
                self._count_names(node.selection_set, names)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments.get(node.name.value)
                self._count_names(fragment.selection_set if fragment else None, names)
            elif isinstance(node, InlineFragmentNode):
                self._count_names(node.selection_set, names)


def _is_about_the_schema(definition: OperationDefinitionNode | FragmentDefinitionNode) -> bool:
    on = getattr(definition, "type_condition", None)
    return on is not None and on.name.value.startswith("__")


def _selections_of(selections: SelectionSetNode | None) -> Iterable[SelectionNode]:
    return () if selections is None else selections.selections
