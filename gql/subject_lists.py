# mypy: allow-subclassing-any
"""The subjects of a purpose's current run, page by page in the order of kind and key."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from gql.connections import after_argument, connection_fields, edge_fields, first_argument
from gql.context import RequestContext
from gql.paging import foreign_cursor, page_size
from gql.scores import Score
from gql.seen import Page, ReadScore
from gql.subjects import PROGRAMME, Subject, SubjectKindEnum
from graphsvc.errors import InvalidRecordError
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.selection import Selection


def _cursor(score: ReadScore) -> str:
    text = f"subject:{score.values.subject}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def _subject_after(cursor: str | None) -> SubjectRef | None:
    if cursor is None:
        return None
    try:
        noun, _, text = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        if noun == "subject":
            return SubjectRef.parse(text)
    except (binascii.Error, UnicodeError, InvalidRecordError):
        pass
    raise foreign_cursor(cursor)


_EDGE: dict[str, Any] = edge_fields(Subject, "subject", _cursor)


class ScoredSubjectEdge(graphene.ObjectType):
    """A subject of a run and its score there."""

    cursor = _EDGE["cursor"]
    node = graphene.Field(
        Subject,
        required=True,
        description="The subject.",
        resolver=lambda score, info: score.values.subject,
    )
    score = graphene.Field(
        Score, required=True, description="Its score.", resolver=lambda score, info: score
    )


_CONNECTION: dict[str, Any] = connection_fields(
    ScoredSubjectEdge, "in the order of kind and key", _cursor
)


class ScoredSubjectConnection(graphene.ObjectType):
    """One page of a run's subjects."""

    edges = _CONNECTION["edges"]
    page_info = _CONNECTION["page_info"]


def _resolve_subjects(
    root: None,
    info: GraphQLResolveInfo,
    purpose: str,
    first: int,
    after: str | None = None,
    kind: SubjectKind | None = None,
    band: str | None = None,
    key_prefix: str | None = None,
    programme: str | None = None,
) -> Page[ReadScore]:
    view = RequestContext.of(info).view(purpose)
    selection = Selection(after=_subject_after(after), kind=kind, band=band, key_prefix=key_prefix)
    return view.subjects(selection, page_size(first), programme)


class SubjectListQueries(graphene.ObjectType):
    """Fields of Query that list subjects."""

    subjects = graphene.Field(
        ScoredSubjectConnection,
        description="The subjects of a purpose's current run. A cursor stands for a subject, so a "
        "run that is published between two pages shifts nothing. Null only with an error.",
        purpose=graphene.String(required=True, description="What they are read for."),
        first=first_argument(),
        after=after_argument(),
        kind=graphene.Argument(SubjectKindEnum, description="Only subjects of this kind."),
        band=graphene.String(
            description="Only subjects whose score lies in this band; of an unknown band there are "
            "none."
        ),
        key_prefix=graphene.String(description="Only subjects whose key begins like this."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_subjects,
    )
