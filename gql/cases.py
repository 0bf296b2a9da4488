# mypy: allow-subclassing-any
"""Cases: what analysts look into, and what they found."""

from __future__ import annotations

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import after_argument, connection_of, first_argument, sequence_cursor
from gql.context import RequestContext
from gql.enums import described_enum
from gql.ids import global_id, local_id
from gql.inputs import SubjectInput
from gql.paging import page_size, sequence_after
from gql.scalars import DateTime
from gql.seen import Page
from gql.subjects import Subject
from graphsvc import cases
from graphsvc.model import CaseStatus, SubjectRef

CaseStatusEnum = described_enum(
    CaseStatus,
    "How far a case has come.",
    {
        CaseStatus.OPEN: "It is being looked into.",
        CaseStatus.CLOSED: "Nobody looks into it any more.",
    },
)
PURPOSE = (
    "Whose cases. May be left out by a credential that holds exactly one purpose; a case shows for "
    "the purpose that it was opened for, and for no other."
)


class CaseNote(graphene.ObjectType):
    """What somebody found."""

    text = graphene.String(required=True, description="In words.")
    subject = graphene.Field(
        Subject, description="Whom it is about; null: all of the case's subjects."
    )
    entered_at = graphene.Field(DateTime, required=True, description="When it was added.")
    entered_by = graphene.String(required=True, description="Who added it.")


class Case(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(cases.Case,)
):
    """What an analyst looks into, for one purpose."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda case, info: global_id("Case", case.purpose, case.case_id),
    )
    case_id = graphene.String(required=True, description="The service's own id of it.")
    purpose = graphene.String(required=True, description="What it is kept for.")
    title = graphene.String(required=True, description="What it is about, in a line.")
    status = graphene.Field(CaseStatusEnum, required=True, description="How far it has come.")
    subjects = graphene.List(
        graphene.NonNull(Subject),
        required=True,
        description="Whom it is about, in the order in which they were added.",
    )
    notes = graphene.List(
        graphene.NonNull(CaseNote),
        required=True,
        description="What was found, in the order of time.",
    )
    opened_at = graphene.Field(DateTime, required=True, description="When it was opened.")
    opened_by = graphene.String(required=True, description="Who opened it.")
    closed_at = graphene.Field(DateTime, description="When it was closed; null while it is open.")
    closed_by = graphene.String(description="Who closed it.")


CaseConnection = connection_of(
    Case, "case", "in the order in which they were opened", sequence_cursor("case")
)


def _resolve_case(
    root: None, info: GraphQLResolveInfo, id: str, purpose: str | None = None
) -> cases.Case:
    purpose, case_id = local_id("Case", id, purpose)
    return RequestContext.of(info).cases(purpose).find(case_id)


def _resolve_cases(
    root: None,
    info: GraphQLResolveInfo,
    *,
    first: int,
    purpose: str | None = None,
    after: str | None = None,
    subject: SubjectRef | None = None,
    status: CaseStatus | None = None,
) -> Page[cases.Case]:
    found = (
        RequestContext.of(info)
        .cases(purpose)
        .page(
            status=status,
            subject=subject,
            after_sequence=sequence_after("case", after),
            limit=page_size(first),
        )
    )
    return Page(found.cases, found.has_previous, found.has_next)


class CaseQueries(graphene.ObjectType):
    """Fields of Query that lead to cases."""

    case = graphene.Field(
        Case,
        description="One case. Needs the role analyst, reviewer or auditor. Null only with an "
        "error.",
        id=graphene.ID(required=True, description="Its `id` or its `caseId`."),
        purpose=graphene.String(description=PURPOSE),
        resolver=_resolve_case,
    )
    cases = graphene.Field(
        CaseConnection,
        description="A purpose's cases, in the order in which they were opened. Needs the role "
        "analyst, reviewer or auditor. Null only with an error.",
        purpose=graphene.String(description=PURPOSE),
        subject=graphene.Argument(SubjectInput, description="Only those about this subject."),
        status=graphene.Argument(
            CaseStatusEnum, description="Only those that have come so far; all where left out."
        ),
        first=first_argument(),
        after=after_argument(),
        resolver=_resolve_cases,
    )
