"""Audit entries: who read or changed what, for which purpose, in a hash chain."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from json.encoder import encode_basestring
from typing import NamedTuple


class AuditAction(StrEnum):
    """What was done."""

    IMPORT = "import"  # records were loaded from files
    RECOMPUTE = "recompute"  # a score run was published
    ROLLBACK = "rollback"  # an earlier run was made current again
    JOB_ASKED = "job_asked"  # somebody asked for a job
    JOB_CANCELLED = "job_cancelled"  # somebody asked for a job's end
    RUNS_PRUNED = "runs_pruned"  # values of runs that need not be kept were removed
    RUN_HELD = "run_held"  # a run passed a limit and waits for a person
    RUN_RELEASED = "run_released"
    RUN_DISCARDED = "run_discarded"
    READ_REPORT = "read_report"
    EXPORTED = "exported"  # all scores, or the graph, of a purpose went into a file or to Neo4j
    TRAINED = "trained"  # a model was trained on a purpose's records; no subject is named
    BACKTEST = "backtest"  # a programme was tested against outcomes; no subject is named
    READ_SCORE = "read_score"
    READ_ADVICE = "read_advice"
    READ_EXPLANATION = "read_explanation"
    READ_LINKS = "read_links"
    READ_EVENTS = "read_events"
    READ_REPORTS = "read_reports"
    READ_LISTINGS = "read_listings"
    READ_AUDIT = "read_audit"  # an auditor looked at the audit itself
    READ_DISPUTE = "read_dispute"
    READ_CASE = "read_case"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_SUSPENDED = "dispute_suspended"
    DISPUTE_CORRECTED = "dispute_corrected"
    DISPUTE_REMOVED = "dispute_removed"
    DISPUTE_KEPT = "dispute_kept"
    RECORDED = "recorded"  # records were added through the API
    RECORD_CORRECTED = "record_corrected"
    RECORD_WITHDRAWN = "record_withdrawn"
    LINK_ENDED = "link_ended"
    LISTING_LIFTED = "listing_lifted"
    REPORT_SETTLED = "report_settled"
    CASE_OPENED = "case_opened"
    CASE_NOTED = "case_noted"
    CASE_EXTENDED = "case_extended"  # it is about further subjects
    CASE_CLOSED = "case_closed"
    SUBSCRIBED = "subscribed"  # asked to be told of every change from now on
    EXPORT = "export"  # all that is held on a subject was handed out
    ERASURE_BEGUN = "erasure_begun"
    ERASED = "erased"
    RETENTION_BEGUN = "retention_begun"
    RETENTION = "retention"  # what was past retention was erased

    __hash__ = str.__hash__  # see SubjectKind


FIRST_PREVIOUS_HASH = "0" * 64


class AuditDraft(NamedTuple):
    """An entry before the store has given it its place in the chain.

    `subject` is a pseudonym, and `detail` names nobody: an entry outlives what it tells of.
    """

    at: datetime
    actor: str
    action: str
    purpose: str | None = None
    subject: str | None = None
    detail: str = ""


class AuditEntry(NamedTuple):
    """An entry with its place in the chain; `entry_hash` covers all else, incl. `previous_hash`."""

    position: int
    draft: AuditDraft
    previous_hash: str
    entry_hash: str

    @classmethod
    def chain(cls, position: int, draft: AuditDraft, previous_hash: str) -> AuditEntry:
        """Return the entry that follows the one whose hash is `previous_hash`."""
        # A list in JSON; json.dumps makes the same text, in four times the time.
        text = (
            f'[{position}, "{draft.at.isoformat()}", {_json(draft.actor)}, {_json(draft.action)}, '
            f"{_json(draft.purpose)}, {_json(draft.subject)}, {_json(draft.detail)}, "
            f'"{previous_hash}"]'
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(position, draft, previous_hash, digest)

    def is_intact(self) -> bool:
        """Say whether the hash still matches the content."""
        return self == AuditEntry.chain(self.position, self.draft, self.previous_hash)


def _json(text: str | None) -> str:
    return "null" if text is None else encode_basestring(text)
