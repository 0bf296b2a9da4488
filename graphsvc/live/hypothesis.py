"""Hypotheses as callers of a server state them: nothing may tell them of what they can't see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from graphsvc.errors import InvalidInputError, NotFoundError
from graphsvc.live.evidence import Touched
from graphsvc.live.host import HostedPurpose
from graphsvc.live.what_if import Hypothesis
from graphsvc.model import ListKind, Programme, Record, Report, ReportStatus, StoredRecord

RecordAt = Callable[[int], StoredRecord[Record] | None]


def decided_for(
    hosted: HostedPurpose, record_at: RecordAt, sequence: int, status: ReportStatus
) -> Hypothesis:
    """Return the hypothesis that a report, in force for the purpose, had this outcome.

    Raises:
        NotFoundError: it is none; the words are the same for records that the purpose may not see.
    """
    name = hosted.purpose.name
    evidence = hosted.life().engine.evidence(name)
    # Asked first: whether the store has such a record at all is no purpose's business.
    stored = None if evidence.touched_by(sequence) == Touched() else record_at(sequence)
    if stored is None or not isinstance(stored.record, Report):
        raise NotFoundError(f"record {sequence} is no report in force for purpose {name}")
    return Hypothesis(frozenset({sequence}), (replace(stored.record, status=status),))


def list_kind(programme: Programme, list_name: str) -> ListKind:
    """Return which way a list points for a programme.

    Raises:
        InvalidInputError: the programme doesn't look at it.
    """
    if list_name in programme.blacklist_points():
        return ListKind.BLACKLIST
    if list_name in programme.allowlist_points():
        return ListKind.ALLOWLIST
    known = ", ".join(sorted({**programme.blacklist_points(), **programme.allowlist_points()}))
    raise InvalidInputError(f"listName: {list_name[:64]!r} is none of {known}")
