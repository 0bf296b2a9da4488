"""Who may write what: by role, and for a purpose only what that purpose permits.

The one table of it (decision 53). Reading has its own rule: a purpose's `reader_roles`.
"""

from __future__ import annotations

from enum import StrEnum

from graphsvc.access import Principal
from graphsvc.errors import NotPermittedError
from graphsvc.model import Purpose, Role

SHOWN_CHARACTERS = 64


class Act(StrEnum):
    """What a caller may ask for beyond reading scores."""

    RECORD_EVENTS = "record events"
    RECORD_LINKS = "record links"
    RECORD_REPORTS = "record reports"
    RECORD_LISTINGS = "record listings"
    END_LINKS = "end links"
    LIFT_LISTINGS = "lift listings"
    CORRECT_RECORDS = "correct records"
    WITHDRAW_RECORDS = "withdraw records"
    SETTLE_REPORTS = "settle reports"
    OPEN_DISPUTES = "open disputes"
    DECIDE_DISPUTES = "decide disputes"
    READ_DISPUTES = "read disputes"
    KEEP_CASES = "keep cases"
    READ_CASES = "read cases"
    EXPORT = "export all scores of a purpose"
    DECIDE_RUNS = "release or discard runs"
    RUN_JOBS = "run jobs"


_SENDERS = frozenset({Role.SERVICE, Role.OPERATOR})

ROLES: dict[Act, frozenset[Role]] = {
    Act.RECORD_EVENTS: _SENDERS,
    Act.RECORD_LINKS: _SENDERS,
    Act.RECORD_REPORTS: _SENDERS | {Role.ANALYST},
    Act.RECORD_LISTINGS: frozenset({Role.OPERATOR}),
    Act.END_LINKS: _SENDERS,
    Act.LIFT_LISTINGS: frozenset({Role.OPERATOR}),
    Act.CORRECT_RECORDS: _SENDERS | {Role.ANALYST},
    Act.WITHDRAW_RECORDS: _SENDERS | {Role.ANALYST},
    Act.SETTLE_REPORTS: frozenset({Role.REVIEWER}),
    Act.OPEN_DISPUTES: frozenset({Role.SERVICE, Role.REVIEWER}),
    Act.DECIDE_DISPUTES: frozenset({Role.REVIEWER}),
    Act.READ_DISPUTES: frozenset({Role.REVIEWER, Role.AUDITOR}),
    Act.KEEP_CASES: frozenset({Role.ANALYST}),
    Act.READ_CASES: frozenset({Role.ANALYST, Role.REVIEWER, Role.AUDITOR}),
    Act.EXPORT: frozenset({Role.ANALYST}),
    Act.DECIDE_RUNS: frozenset({Role.REVIEWER, Role.OPERATOR}),
    Act.RUN_JOBS: frozenset({Role.OPERATOR}),
}
"""Which roles may do what; any one of them is enough."""


def require_role(principal: Principal, act: Act) -> None:
    """Refuse whoever holds none of the roles that an act needs.

    Raises:
        NotPermittedError: names the roles that would do.
    """
    if not principal.holds_one_of(*ROLES[act]):
        needed = " or ".join(sorted(ROLES[act]))
        raise NotPermittedError(f"to {act}, a credential needs the role {needed}")


def may_write_for(principal: Principal, purpose: Purpose) -> bool:
    """Say whether a credential may write what a purpose permits.

    It need not be allowed to read for it: whoever reports that a bill was paid need not see scores.
    """
    return purpose.name in principal.purposes


def refusal_to_write(purpose_name: str) -> NotPermittedError:
    """Return the one answer to a purpose that can't be written for, whether it exists or not."""
    return NotPermittedError(
        f"purpose {purpose_name[:SHOWN_CHARACTERS]!r}: this credential may not write for it"
    )
