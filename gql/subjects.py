# mypy: allow-subclassing-any
"""Subjects: a handle that says nothing by itself, and what a purpose shows of it.

`subject` answers for every well-formed key: whether a subject is known is asked of a purpose, never
of the store, so that a subject known through forbidden evidence alone looks like an unknown one.
"""

from __future__ import annotations

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo
from graphql_relay import from_global_id, to_global_id

from gql.context import RequestContext
from gql.enums import described_enum
from gql.paging import page_size, sequence_after
from gql.view import LinkPage, ReadDecision, ReadScore
from graphsvc.errors import GraphsvcError, InvalidInputError
from graphsvc.explain import Explanation
from graphsvc.live.host import HostedReading
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.model.checks import check_key

PROGRAMME = "Name of one of the purpose's scoring models; its champion where it is left out."

SubjectKindEnum = described_enum(
    SubjectKind,
    "What a subject is.",
    {
        SubjectKind.PERSON: "A natural person.",
        SubjectKind.BUSINESS: "A legal entity or trader.",
        SubjectKind.ACCOUNT: "An account on a platform or at a bank.",
        SubjectKind.DEVICE: "A phone, computer or card terminal.",
        SubjectKind.ADDRESS: "A postal, network or ledger address.",
        SubjectKind.PHONE: "A telephone number.",
        SubjectKind.KEY: "A cryptographic key that speaks for its holder.",
    },
)


def _resolve_id(subject: SubjectRef, info: GraphQLResolveInfo) -> str:
    return str(to_global_id("Subject", str(subject)))


def _resolve_score(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str, programme: str | None = None
) -> ReadScore:
    return RequestContext.of(info).view(purpose).score(subject, programme)


def _resolve_decision(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str, programme: str | None = None
) -> ReadDecision:
    return RequestContext.of(info).view(purpose).decision(subject, programme)


def _resolve_live_score(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str
) -> HostedReading:
    return RequestContext.of(info).view(purpose).live_score(subject)


def _resolve_explanation(
    subject: SubjectRef, info: GraphQLResolveInfo, purpose: str
) -> Explanation:
    return RequestContext.of(info).view(purpose).explanation(subject)


def _resolve_links(
    subject: SubjectRef,
    info: GraphQLResolveInfo,
    first: int,
    after: str | None = None,
    purpose: str | None = None,
) -> LinkPage:
    view = RequestContext.of(info).view(purpose)
    return view.links(subject, sequence_after("link", after), page_size(first))


def _resolve_subject(
    root: None, info: GraphQLResolveInfo, kind: SubjectKind, key: str
) -> SubjectRef:
    check_key("key", key)
    return SubjectRef(kind, key)


def _resolve_node(root: None, info: GraphQLResolveInfo, id: str) -> SubjectRef:
    try:
        noun, text = from_global_id(id)
        if noun == "Subject":
            return SubjectRef.parse(text)
    except (GraphsvcError, ValueError):
        pass
    raise InvalidInputError(f"id: {id[:64]!r} is no id that this service gave")


class Subject(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SubjectRef,)
):
    """A person, business, account, device or address, named by kind and key.

    To hold one says nothing about whether it is known; each field below answers for one purpose.
    """

    id = graphene.ID(
        required=True, description="Opaque id, unique over all types.", resolver=_resolve_id
    )
    kind = graphene.Field(SubjectKindEnum, required=True, description="What the subject is.")
    key = graphene.String(required=True, description="The caller's own key, unique for each kind.")
    score = graphene.Field(
        "gql.scores.Score",
        description="The published score for a purpose. Null, with the error code "
        "SUBJECT_NOT_FOUND, where nothing that the purpose may see mentions the subject.",
        purpose=graphene.String(required=True, description="What the score is read for."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_score,
    )
    live_score = graphene.Field(
        "gql.live.LiveScore",
        description="The score for a purpose as it stands now, within milliseconds of the records. "
        "Null, with an error, where `score` would be, and with the code LIVE_OFF or LIVE_BUILDING "
        "where this server keeps no live scores for the purpose, or not yet.",
        purpose=graphene.String(required=True, description="What the score is read for."),
        resolver=_resolve_live_score,
    )
    decision = graphene.Field(
        "gql.decisions.Decision",
        description="What the purpose's policy advises. Null, with an error, wherever `score` is.",
        purpose=graphene.String(required=True, description="What the decision is read for."),
        programme=graphene.String(description=PROGRAMME),
        resolver=_resolve_decision,
    )
    explanation = graphene.Field(
        "gql.explanations.Explanation",
        description="Why the score is what it is: parts that add up to it. Null, with an error, "
        "wherever `score` is.",
        purpose=graphene.String(required=True, description="What the explanation is read for."),
        resolver=_resolve_explanation,
    )
    links = graphene.Field(
        "gql.links.LinkConnection",
        description="Links at either end of the subject, of the kinds that the purpose may see, "
        "that are neither corrected nor withdrawn; in the order in which they were recorded.",
        first=graphene.Int(
            required=True, default_value=20, description="How many at most, from 1 to 1000."
        ),
        after=graphene.String(description="Cursor to go on from: the endCursor of a page."),
        purpose=graphene.String(
            description="What the links are read for. May be left out by a credential that holds "
            "exactly one purpose."
        ),
        resolver=_resolve_links,
    )


class SubjectQueries(graphene.ObjectType):
    """Fields of Query that lead to a subject."""

    subject = graphene.Field(
        Subject,
        description="The subject of that kind and key, known or not. Null, with an error, only "
        "where no subject could have such a key.",
        kind=graphene.Argument(SubjectKindEnum, required=True, description="What the subject is."),
        key=graphene.String(required=True, description="The caller's own key of the subject."),
        resolver=_resolve_subject,
    )
    node = graphene.Field(
        relay.Node,
        description="The object of that id.",
        id=graphene.ID(required=True, description="An id that this service gave."),
        resolver=_resolve_node,
    )
