# mypy: allow-subclassing-any
"""The audit, for auditors: who read or changed what for a purpose, when; subjects by pseudonyms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.connections import after_argument, connection_of, first_argument
from gql.context import RequestContext
from gql.ids import global_id
from gql.inputs import SubjectInput
from gql.paging import cursor_of, page_size, sequence_after
from gql.scalars import DateTime, Long
from gql.seen import Page, SeenEntry
from graphsvc.model import SubjectRef


def _of_draft(name: str) -> Callable[[SeenEntry, GraphQLResolveInfo], object]:
    return lambda seen, info: getattr(seen.entry.draft, name)


def _of_entry(name: str) -> Callable[[SeenEntry, GraphQLResolveInfo], object]:
    return lambda seen, info: getattr(seen.entry, name)


class AuditEntry(  # type: ignore[call-arg]
    graphene.ObjectType, interfaces=(relay.Node,), possible_types=(SeenEntry,)
):
    """One entry of the audit chain; it names nobody but who acted."""

    id = graphene.ID(
        required=True,
        description="Opaque id, unique over all types.",
        resolver=lambda seen, info: global_id("AuditEntry", seen.purpose, seen.entry.position),
    )
    position = graphene.Field(
        Long,
        required=True,
        description="Its place in the chain, from 1.",
        resolver=_of_entry("position"),
    )
    at = graphene.Field(DateTime, required=True, description="When.", resolver=_of_draft("at"))
    actor = graphene.String(required=True, description="Who acted.", resolver=_of_draft("actor"))
    action = graphene.String(
        required=True, description="What was done.", resolver=_of_draft("action")
    )
    purpose = graphene.String(
        required=True, description="For which purpose.", resolver=_of_draft("purpose")
    )
    subject = graphene.String(
        description="Pseudonym of the subject. Null where there is none.",
        resolver=_of_draft("subject"),
    )
    detail = graphene.String(
        required=True, description="What else there is to say.", resolver=_of_draft("detail")
    )
    previous_hash = graphene.String(
        required=True,
        description="Hash of the entry before.",
        resolver=_of_entry("previous_hash"),
    )
    entry_hash = graphene.String(
        required=True,
        description="SHA-256 over all else, the hash of the entry before included.",
        resolver=_of_entry("entry_hash"),
    )


def _cursor(seen: SeenEntry) -> str:
    return cursor_of("audit", seen.entry.position)


AuditEntryConnection = connection_of(
    AuditEntry, "audit entry", "in the order of the chain", _cursor
)


def _resolve_audit(
    root: None,
    info: GraphQLResolveInfo,
    purpose: str,
    first: int,
    after: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    subject: SubjectRef | None = None,
) -> Page[SeenEntry]:
    return (
        RequestContext.of(info)
        .audit(purpose)
        .page(
            sequence_after("audit", after),
            page_size(first),
            action=action,
            since=since,
            subject=subject,
        )
    )


class AuditQueries(graphene.ObjectType):
    """Fields of Query that lead to the audit."""

    audit = graphene.Field(
        AuditEntryConnection,
        description="The audit's entries for a purpose, the oldest first; for the role `auditor` "
        "only, and a read that is in the audit itself. Null only with an error.",
        purpose=graphene.String(required=True, description="Whose entries."),
        first=first_argument(),
        after=after_argument(),
        action=graphene.String(description="Only entries of this action, say read_score."),
        since=graphene.Argument(DateTime, description="Only entries of this time or later."),
        subject=graphene.Argument(
            SubjectInput, description="Only entries on this subject, found by its pseudonym."
        ),
        resolver=_resolve_audit,
    )
