# mypy: allow-subclassing-any
"""Objects by their global ids: back to what was read, within what the caller may read now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.ids import foreign_id, noun_and_parts
from gql.inputs import MOST_SUBJECTS
from gql.paging import LARGEST_SEQUENCE
from gql.seen import SeenEntry, SeenEvent, SeenLink, SeenListing, SeenReport
from graphsvc.cases import Case
from graphsvc.dispute_desk import SeenDispute
from graphsvc.errors import InvalidInputError, InvalidRecordError, RunNotFoundError
from graphsvc.model import SubjectRef

Finder = Callable[[RequestContext, list[str]], "Sequence[object | None]"]
"""Finds the objects of one type by what their ids hold; None for what isn't there any more.

Raises ValueError, with the parts as its argument, for what no id holds.
"""


def _subjects(context: RequestContext, parts: list[str]) -> list[SubjectRef]:
    return [_subject(text) for text in parts]


def _subject(text: str) -> SubjectRef:
    try:
        return SubjectRef.parse(text)
    except InvalidRecordError:
        raise ValueError(text) from None


def _purposes(context: RequestContext, parts: list[str]) -> list[object]:
    return [context.view(name).purpose for name in parts]


def _runs(context: RequestContext, parts: list[str]) -> list[object | None]:
    return [_run(context, *_split(text)) for text in parts]


def _run(context: RequestContext, purpose: str, run_id: str) -> object | None:
    try:
        return context.view(purpose).run(run_id)
    except RunNotFoundError:
        return None


def _programmes(context: RequestContext, parts: list[str]) -> list[object | None]:
    found: list[object | None] = []
    for text in parts:
        purpose, name = _split(text)
        programmes = context.view(purpose).declared_programmes()
        found.append(next((one for one in programmes if one.name == name), None))
    return found


def _policies(context: RequestContext, parts: list[str]) -> list[object | None]:
    found: list[object | None] = []
    for text in parts:
        purpose, name = _split(text)
        policies = context.view(purpose).policies()
        found.append(next((one for one in policies if one.name == name), None))
    return found


def _records(seen_as: type) -> Finder:
    def find(context: RequestContext, parts: list[str]) -> list[object | None]:
        places = [_place(text) for text in parts]
        # A request reads for one purpose: the view of any but the first raises.
        views = [context.view(purpose) for purpose, _ in places]
        found = views[0].records_at([sequence for _, sequence in places])
        return [seen if isinstance(seen, seen_as) else None for seen in found]

    return find


def _entries(context: RequestContext, parts: list[str]) -> list[SeenEntry | None]:
    places = [_place(text) for text in parts]
    audits = [context.audit(purpose) for purpose, _ in places]
    return audits[0].entries([position for _, position in places])


def _disputes(context: RequestContext, parts: list[str]) -> list[SeenDispute | None]:
    named = [_split(text) for text in parts]
    desks = [context.disputes(purpose) for purpose, _ in named]
    return desks[0].find_all([dispute_id for _, dispute_id in named])


def _cases(context: RequestContext, parts: list[str]) -> list[Case | None]:
    named = [_split(text) for text in parts]
    desks = [context.cases(purpose) for purpose, _ in named]
    return desks[0].find_all([case_id for _, case_id in named])


_FINDERS: dict[str, Finder] = {
    "Subject": _subjects,
    "Purpose": _purposes,
    "Run": _runs,
    "Programme": _programmes,
    "Policy": _policies,
    "Link": _records(SeenLink),
    "Event": _records(SeenEvent),
    "Report": _records(SeenReport),
    "Listing": _records(SeenListing),
    "AuditEntry": _entries,
    "Dispute": _disputes,
    "Case": _cases,
}


def _split(text: str) -> tuple[str, str]:
    purpose, colon, rest = text.partition(":")
    if not colon or not rest:
        raise ValueError(text)
    return purpose, rest


def _place(text: str) -> tuple[str, int]:
    purpose, digits = _split(text)
    if not (digits.isascii() and digits.isdigit() and int(digits[:20]) <= LARGEST_SEQUENCE):
        raise ValueError(text)
    return purpose, int(digits)


def _found(context: RequestContext, ids: list[str]) -> list[object | None]:
    """Return the objects in the order asked; those of one type are looked up together."""
    by_noun: dict[str, list[tuple[int, str]]] = {}
    for place, id in enumerate(ids):
        noun, parts = noun_and_parts(id)
        if noun not in _FINDERS:
            raise foreign_id(id)
        by_noun.setdefault(noun, []).append((place, parts))
    found: list[object | None] = [None] * len(ids)
    for noun, asked in by_noun.items():
        try:
            objects = _FINDERS[noun](context, [parts for _, parts in asked])
        except ValueError as error:
            wrong = next(place for place, parts in asked if parts == error.args[0])
            raise foreign_id(ids[wrong]) from None
        for (place, _), one in zip(asked, objects, strict=True):
            found[place] = one
    return found


def _resolve_node(root: None, info: GraphQLResolveInfo, id: str) -> object | None:
    return _found(RequestContext.of(info), [id])[0]


def _resolve_nodes(root: None, info: GraphQLResolveInfo, ids: list[str]) -> list[object | None]:
    if not 1 <= len(ids) <= MOST_SUBJECTS:
        raise InvalidInputError(f"ids: are {len(ids)}; from 1 to {MOST_SUBJECTS} are needed")
    return _found(RequestContext.of(info), ids)


class NodeQueries(graphene.ObjectType):
    """Fields of Query that lead to objects by their ids."""

    node = graphene.Field(
        relay.Node,
        description="The object of that id. Null where it is not there any more: corrected, "
        "withdrawn or erased; and, with an error, where the caller may not read for the purpose "
        "that the id names.",
        id=graphene.ID(required=True, description="An id that this service gave."),
        resolver=_resolve_node,
    )
    nodes = graphene.List(
        relay.Node,
        description="The objects of some ids, in the order asked, null where `node` is. Null as a "
        "whole, with an error, where one of the ids is refused.",
        ids=graphene.List(
            graphene.NonNull(graphene.ID),
            required=True,
            description="From 1 to 1000 ids that this service gave.",
        ),
        resolver=_resolve_nodes,
    )
