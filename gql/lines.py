# mypy: allow-subclassing-any
"""Why a score is what it is, line by line, and the form of it for the subject itself."""

from __future__ import annotations

from collections.abc import Sequence

import graphene

from gql.enums import described_enum
from gql.scalars import DateTime, Long, time_text
from gql.subjects import Subject
from gql.tables import Sparse, Table, subject_table
from graphsvc.breakdown import LinePart, PointLine

LinePartEnum = described_enum(
    LinePart,
    "What a line of a score is.",
    {
        LinePart.BASE: "What everybody starts with.",
        LinePart.EVENT: "One event of the subject's own.",
        LinePart.LISTING: "One entry of the subject's own on a list.",
        LinePart.REPORT: "One report on the subject.",
        LinePart.LEARNED: "What a learned model makes of the subject and its contacts.",
        LinePart.REPORT_CAP: "What the cap on undecided reports gives back.",
        LinePart.REJECTED_REPORT: "One report by the subject that was found false.",
        LinePart.EXPOSURE: "One listed subject's risk, through contacts.",
        LinePart.TRUST: "One trusted subject's trust, through contacts.",
        LinePart.ECHO: "What the subject's own listing gives back to it through its contacts.",
        LinePart.REMAINDER: "Of exposure or trust, what the certified solve did not attribute.",
        LinePart.ASSOCIATION_CAP: "What the purpose's cap on association takes back.",
        LinePart.RANGE: "What the ends of the scale take back.",
        LinePart.ROUNDING: "What floating point left over.",
    },
)
_PARTS = {part: part.name for part in LinePart}
_OF_REPORTS = frozenset({LinePart.REPORT, LinePart.REJECTED_REPORT})


class Reason(graphene.ObjectType):
    """One reason for a score."""

    code = graphene.String(required=True, description="Code of the reason, stable over time.")
    points = graphene.Float(
        required=True, description="Its effect on the score in points; negative ones lower it."
    )
    text = graphene.String(required=True, description="The reason in plain words.")


class ScoreLine(graphene.ObjectType):
    """One line of a score; all lines of one, added up exactly, are the score."""

    part = graphene.Field(LinePartEnum, required=True, description="What the line is.")
    code = graphene.String(required=True, description="Code of the line, stable over time.")
    points = graphene.Float(required=True, description="Its points; negative ones lower the score.")
    text = graphene.String(required=True, description="The line in plain words.")
    sequence = graphene.Field(
        Long, description="Sequence number of the record, where the line is one record's."
    )
    source = graphene.Field(
        Subject,
        description="The other subject: whom the effect comes from; of a report, for analysts and "
        "reviewers only, who made it, or whom it was about.",
    )
    at = graphene.Field(DateTime, description="When the record began, where there is one.")


class AdverseAction(graphene.ObjectType):
    """What a subject is told of its own score: nobody else is named."""

    subject = graphene.Field(Subject, required=True, description="The subject.")
    purpose = graphene.String(
        required=True,
        description="What the score is for.",
        resolver=lambda explanation, info: explanation.run.purpose,
    )
    as_of = graphene.Field(
        DateTime,
        required=True,
        description="The time that was scored.",
        resolver=lambda explanation, info: explanation.run.as_of,
    )
    score = graphene.Float(
        required=True,
        description="The published score.",
        resolver=lambda explanation, info: explanation.score.score,
    )
    band = graphene.String(
        description="Its band. Null where the scoring model has none.",
        resolver=lambda explanation, info: explanation.score.band,
    )
    reasons = graphene.List(
        graphene.NonNull(Reason),
        required=True,
        description="At most four, those that lowered the score most first; empty where nothing "
        "did.",
        resolver=lambda explanation, info: explanation.adverse,
    )


def line_table(lines: Sequence[PointLine], *, names_reporters: bool) -> Table:
    """Return the lines of a score as rows; who reported is left out unless it may be named."""
    shown = [
        line
        if names_reporters or line.part not in _OF_REPORTS or line.source is None
        else PointLine(line.part, line.code, line.points, line.text, line.sequence, None, line.at)
        for line in lines
    ]
    sources = [(place, line.source) for place, line in enumerate(shown) if line.source is not None]
    return Table(
        len(shown),
        shown.__getitem__,
        {
            "part": lambda: [_PARTS[line.part] for line in shown],
            "code": lambda: [line.code for line in shown],
            "points": lambda: [line.points for line in shown],
            "text": lambda: [line.text for line in shown],
            "sequence": lambda: [line.sequence for line in shown],
            "at": lambda: [None if line.at is None else time_text(line.at) for line in shown],
            "source": lambda: Sparse(
                subject_table([source for _, source in sources]),
                [place for place, _ in sources],
                len(shown),
            ),
        },
    )
