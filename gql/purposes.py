# mypy: allow-subclassing-any
"""Purposes: what scores are made for, and all that may be seen for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.context import RequestContext
from gql.enums import described_enum
from gql.ids import global_id
from gql.links import LinkKindEnum
from graphsvc.model import EventKind, ReportCategory
from graphsvc.model import Purpose as DeclaredPurpose

EventKindEnum = described_enum(
    EventKind,
    "What a subject did.",
    {
        EventKind.ACCOUNT_OPENED: "Began the relationship.",
        EventKind.BILL_PAID: "Paid a bill on time.",
        EventKind.LATE_PAYMENT: "Paid late.",
        EventKind.DEFAULT: "Failed to pay.",
        EventKind.CHARGEBACK: "A payment of the subject was clawed back.",
        EventKind.ORDER_COMPLETED: "A trade went through.",
        EventKind.ORDER_CANCELLED: "The subject broke off a trade.",
        EventKind.DEPOSIT_RETURNED: "Gave back hired goods in order.",
        EventKind.DEPOSIT_FORFEITED: "Did not give back hired goods in order.",
        EventKind.SAVINGS_BALANCE: "Had this balance.",
        EventKind.IDENTITY_VERIFIED: "Proved who it is.",
    },
)

ReportCategoryEnum = described_enum(
    ReportCategory,
    "What a report says that a subject did.",
    {
        ReportCategory.FRAUD: "Took money or goods by deceit.",
        ReportCategory.NON_DELIVERY: "Did not deliver or pay.",
        ReportCategory.IMPERSONATION: "Posed as somebody else.",
        ReportCategory.HARASSMENT: "Abused another member.",
        ReportCategory.DISTRUST: "A negative rating without a named breach.",
    },
)


def _sorted_set(name: str) -> Callable[[DeclaredPurpose, GraphQLResolveInfo], list[Any]]:
    values: Callable[[DeclaredPurpose], Iterable[Any]] = attrgetter(name)
    return lambda purpose, info: sorted(values(purpose))


def _set_field(of_type: Any, name: str, description: str) -> Any:
    return graphene.List(
        graphene.NonNull(of_type),
        required=True,
        description=description,
        resolver=_sorted_set(name),
    )


class Purpose(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(DeclaredPurpose,)
):
    """Why scores are made, and all that may be seen for it; what isn't named here never is."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda purpose, info: global_id("Purpose", purpose.name),
    )
    name = graphene.String(required=True, description="Name, as `purpose` arguments take it.")
    version = graphene.Int(required=True, description="Version of the declaration.")
    description = graphene.String(required=True, description="What it is about.")
    link_kinds = _set_field(LinkKindEnum, "link_kinds", "Kinds of links that may be seen.")
    event_kinds = _set_field(EventKindEnum, "event_kinds", "Kinds of events that may be seen.")
    report_categories = _set_field(
        ReportCategoryEnum, "report_categories", "Categories of reports that may be seen."
    )
    list_names = _set_field(graphene.String, "list_names", "Lists that may be seen.")
    association_cap_points = graphene.Float(
        required=True, description="The most that contacts can add to or take from a score."
    )
    attenuation = graphene.Float(
        required=True, description="The most of an effect that passes from one subject to the next."
    )
    hop_limit = graphene.Int(
        description="The most steps that an effect travels; null: attenuation alone ends it."
    )
    retention_days = graphene.Int(required=True, description="For how long records are kept.")
    legal_basis = graphene.String(required=True, description="What allows the processing.")
    reader_roles = _set_field(graphene.String, "reader_roles", "Roles that may read.")


def _resolve_purposes(root: None, info: GraphQLResolveInfo) -> list[DeclaredPurpose]:
    return RequestContext.of(info).readable_purposes()


class PurposeQueries(graphene.ObjectType):
    """Fields of Query that lead to purposes."""

    purposes = graphene.List(
        graphene.NonNull(Purpose),
        required=True,
        description="The purposes that the caller's credential may read for, by name; no others "
        "are shown.",
        resolver=_resolve_purposes,
    )
