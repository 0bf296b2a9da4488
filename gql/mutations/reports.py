# mypy: allow-subclassing-any
"""Recording reports that a subject breached trust, and settling them."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import graphene
from graphql import GraphQLResolveInfo

from gql.enums import described_enum
from gql.inputs import SubjectInput
from gql.mutations.amending import amend, require_type
from gql.mutations.inputs import (
    EXTERNAL_ID,
    RecordingInput,
    RecordInput,
    WritingInput,
)
from gql.mutations.payloads import OneOutcome, RecordPayload
from gql.mutations.recording import item_of, items_of, record_many, record_one
from gql.purposes import ReportCategoryEnum
from gql.scalars import DateTime
from graphsvc.model import AuditAction, Record, Report, ReportStatus
from graphsvc.permissions import Act
from graphsvc.writing import Proposed


class ReportOutcome(StrEnum):
    """What a reviewer found of a report."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


ReportOutcomeEnum = described_enum(
    ReportOutcome,
    "What a reviewer found of a report.",
    {
        ReportOutcome.UPHELD: "It is true: it counts in full.",
        ReportOutcome.DISMISSED: "It is false: it counts for nothing, and may cost the reporter.",
    },
)
_STATUS = {
    ReportOutcome.UPHELD: ReportStatus.UPHELD,
    ReportOutcome.DISMISSED: ReportStatus.REJECTED,
}


class ReportInput(graphene.InputObjectType):
    """A statement that a subject breached trust; open until a reviewer settles it."""

    category = graphene.Field(ReportCategoryEnum, required=True, description="What it did.")
    subject = graphene.Field(SubjectInput, required=True, description="Who did it.")
    reporter = graphene.Field(
        SubjectInput, description="Who says so; only an analyst may leave it out."
    )
    severity = graphene.Float(required=True, description="How bad, from 0 to 1.")
    reported_at = graphene.Field(
        DateTime, required=True, description="When it was said; at most a day from now."
    )
    text = graphene.String(description="In words, at most 10,000 characters.")
    evidence = graphene.List(
        graphene.NonNull(graphene.String),
        required=True,
        default_value=[],
        description="References to evidence, not the material itself.",
    )
    external_id = graphene.String(description=EXTERNAL_ID)


class RecordReportsInput(RecordingInput):
    """Reports to record."""

    items = items_of(ReportInput)


class RecordReportInput(RecordingInput):
    """A report to record."""

    item = item_of(ReportInput)


class SettleReportInput(WritingInput):
    """A report that is settled."""

    record = graphene.Field(RecordInput, required=True, description="The report.")
    outcome = graphene.Field(ReportOutcomeEnum, required=True, description="What was found.")


def _proposed(item: ReportInput) -> Proposed:
    def make(source: str, external_id: str) -> Report:
        return Report(
            source=source,
            external_id=external_id,
            category=item.category,
            subject=item.subject,
            reporter=item.reporter,
            severity=item.severity,
            reported_at=item.reported_at,
            text=item.text,
            evidence=tuple(item.evidence),
        )

    return Proposed(make, item.external_id)


def _resolve_settle_report(
    root: None, info: GraphQLResolveInfo, input: SettleReportInput
) -> OneOutcome:
    def settle(record: Record, external_id: str) -> Record:
        report = require_type(record, Report)
        status = _STATUS[input.outcome]
        return replace(
            report, external_id=external_id, supersedes=report.external_id, status=status
        )

    return amend(info, input, Act.SETTLE_REPORTS, AuditAction.REPORT_SETTLED, settle)


class ReportMutations(graphene.ObjectType):
    """Fields of Mutation that write reports."""

    record_reports = record_many(
        Act.RECORD_REPORTS,
        RecordReportsInput,
        _proposed,
        "Record reports. Needs the role service, analyst or operator. Null only with an error.",
    )
    record_report = record_one(
        Act.RECORD_REPORTS,
        RecordReportInput,
        _proposed,
        "Record one report. Needs the role service, analyst or operator. Null only with an error.",
    )
    settle_report = graphene.Field(
        RecordPayload,
        description="Uphold or dismiss an open report: a new record supersedes it. Needs the role "
        "reviewer. Null only with an error.",
        input=graphene.Argument(
            SettleReportInput, required=True, description="Which report, and what was found."
        ),
        resolver=_resolve_settle_report,
    )
