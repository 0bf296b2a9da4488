"""What counts as a bad outcome, and whom it befell within a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphsvc.errors import InvalidInputError
from graphsvc.model import EventKind, Purpose, ReportStatus, Valence
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import EVENT_KINDS, REPORT_STATUSES

Flags = NDArray[np.bool_]
Int64s = NDArray[np.int64]

SHAPES = "event:KIND, report:upheld or listing:LIST"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One kind of bad outcome: events of a kind, upheld reports, or blacklistings on a list."""

    record: Literal["event", "report", "listing"]
    name: str

    def __str__(self) -> str:
        return f"{self.record}:{self.name}"


@dataclass(frozen=True, slots=True)
class Window:
    """A time after a cut: (after_us, until_us], in microseconds, and what was recorded by then.

    With `known_at` and `known_until` (sequences), what is dated earlier but was recorded within the
    window came to light in it; without them, dates alone decide.
    """

    after_us: int
    until_us: int
    known_at: int | None = None
    known_until: int | None = None

    def holds(self, at_us: Int64s, sequence: Int64s) -> Flags:
        """Say which records fall into the window."""
        if self.known_at is None or self.known_until is None:
            return (self.after_us < at_us) & (at_us <= self.until_us)
        is_new = (self.after_us < at_us) | (self.known_at < sequence)
        return is_new & (at_us <= self.until_us) & (sequence <= self.known_until)


def parse_outcome(text: str, purpose: Purpose) -> Outcome:
    """Read an outcome as it is written at the command line.

    Raises:
        InvalidInputError: it has no known shape, speaks for a subject, or the purpose may not see
            it.
    """
    record, _, name = text.partition(":")
    if record == "event":
        return _event_outcome(text, name, purpose)
    if record == "report" and name == ReportStatus.UPHELD:
        if not purpose.report_categories:
            raise _not_permitted(text, purpose)
        return Outcome("report", name)
    if record == "listing" and name:
        if name not in purpose.list_names:
            raise _not_permitted(text, purpose)
        return Outcome("listing", name)
    raise InvalidInputError(f"--outcome: {text!r} is none; write {SHAPES}")


def _event_outcome(text: str, name: str, purpose: Purpose) -> Outcome:
    try:
        kind = EventKind(name)
    except ValueError:
        raise InvalidInputError(f"--outcome: {text!r} names no kind of event") from None
    if kind not in purpose.event_kinds:
        raise _not_permitted(text, purpose)
    if kind.valence is not Valence.BAD:
        raise InvalidInputError(f"--outcome: {kind} speaks for a subject; name a bad outcome")
    return Outcome("event", name)


def _not_permitted(text: str, purpose: Purpose) -> InvalidInputError:
    return InvalidInputError(f"--outcome: {text!r} is not permitted by purpose {purpose.name}")


def befallen(snapshot: Snapshot, outcomes: tuple[Outcome, ...], window: Window) -> Flags:
    """Return to whom any of the outcomes happened within the window, bool (n,)."""
    found = np.zeros(snapshot.n, np.bool_)
    for outcome in outcomes:
        subject, at_us, sequence = _records(snapshot, outcome)
        found[subject[window.holds(at_us, sequence)]] = True
    return found


def listed_at(snapshot: Snapshot, outcomes: tuple[Outcome, ...], at_us: int) -> Flags:
    """Return who is on one of the outcomes' lists already: nothing is left to foretell."""
    listings = snapshot.listings
    names = {outcome.name for outcome in outcomes if outcome.record == "listing"}
    in_force = (listings.effective_from_us <= at_us) & (at_us < listings.until_us)
    found = np.zeros(snapshot.n, np.bool_)
    found[listings.subject[in_force & _on(snapshot, names)]] = True
    return found


def _records(snapshot: Snapshot, outcome: Outcome) -> tuple[NDArray[np.int32], Int64s, Int64s]:
    """Return subject, time and sequence of every record of an outcome."""
    if outcome.record == "event":
        events = snapshot.events
        chosen = events.kind == EVENT_KINDS.index(EventKind(outcome.name))
        return events.subject[chosen], events.occurred_at_us[chosen], events.sequence[chosen]
    if outcome.record == "report":
        reports = snapshot.reports
        chosen = reports.status == REPORT_STATUSES.index(ReportStatus.UPHELD)
        return reports.subject[chosen], reports.reported_at_us[chosen], reports.sequence[chosen]
    listings = snapshot.listings
    chosen = _on(snapshot, {outcome.name})
    return listings.subject[chosen], listings.effective_from_us[chosen], listings.sequence[chosen]


def _on(snapshot: Snapshot, names: set[str]) -> Flags:
    codes = [code for code, name in enumerate(snapshot.facts.list_names) if name in names]
    on_them: Flags = np.isin(snapshot.listings.list_code, codes) & snapshot.listings.is_blacklisting
    return on_them
