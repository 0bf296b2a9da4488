"""All that is held on a subject, for the subject itself (GDPR Art. 15).

Erasure (Art. 17) is in `erasure`; correction (Art. 16) is a record that supersedes, and human
review (Art. 22) a dispute of a score: both are in `disputes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from graphsvc.access import Pseudonyms
from graphsvc.cases import entries_left_alone
from graphsvc.errors import NotFoundError, RunNotFoundError, SubjectNotFoundError
from graphsvc.model import (
    AuditEntry,
    Dispute,
    Record,
    RecordType,
    Report,
    Retraction,
    SubjectRef,
)
from graphsvc.runs import PublishedScores, SubjectScore, read_payload
from graphsvc.snapshot.versions import Stored
from graphsvc.store.ports import Reader

PAGE = 1000
ALL_RUNS = 1_000_000
WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class HeldScore:
    """A subject's published values in one run."""

    purpose: str
    programme: str
    programme_version: int
    run_id: str
    as_of: datetime
    values: SubjectScore


@dataclass(frozen=True, slots=True)
class Held:
    """All records that concern a subject, superseded ones and withdrawals too, by sequence.

    Of a case that is about others as well, only the entries on the subject itself.

    `made` are reports by it on others; `scores` its published ones, the latest first; `reads` the
    audit's entries on it.
    """

    subject: SubjectRef
    records: tuple[Stored, ...]
    made: tuple[Stored, ...]
    scores: tuple[HeldScore, ...]
    reads: tuple[AuditEntry, ...]


def held_on(store: Reader, pseudonyms: Pseudonyms, subject: SubjectRef) -> Held:
    """Return all that is held on a subject, without what would tell who reported it (Art. 15(4)).

    Raises:
        NotFoundError: nothing is known of it.
    """
    if not is_known(store, subject):
        raise NotFoundError(f"{subject}: nothing is held on it")
    found = records_of(store, subject)
    alone = entries_left_alone(store, {stored.sequence: stored for stored in found})
    records = _with_withdrawals(store, [*found, *alone])
    made = _with_withdrawals(store, list(reports_by(store, subject)))
    return Held(
        subject,
        tuple(_without_reporters(records, subject)),
        tuple(made),
        tuple(_scores_of(store, subject)),
        tuple(audit_of(store, pseudonyms, subject)),
    )


def is_known(store: Reader, subject: SubjectRef) -> bool:
    """Say whether a record ever mentioned the subject, and it was not erased since."""
    return store.subject_numbers([subject]) != [None]


def audit_of(
    store: Reader, pseudonyms: Pseudonyms, subject: SubjectRef | None = None
) -> Iterator[AuditEntry]:
    """Return the audit's entries in order, only those on a subject where one is given."""
    wanted = None if subject is None else pseudonyms.of_subject(subject)
    position = 0
    while page := store.audit_entries(position, PAGE):
        for entry in page:
            if wanted is None or entry.draft.subject == wanted:
                yield entry
        position = page[-1].position


def records_of(store: Reader, subject: SubjectRef) -> list[Stored]:
    """Return all records that concern a subject, superseded ones too, by sequence."""
    found = [stored for kind in RecordType for stored in records_of_type(store, subject, kind)]
    return sorted(found, key=_sequence)


def reports_by(store: Reader, reporter: SubjectRef) -> Iterator[Stored]:
    """Return all reports that a subject made, superseded ones too, by sequence."""
    return _paged(lambda after: store.reports_by(reporter, after_sequence=after, limit=PAGE))


def records_of_type(
    store: Reader, subject: SubjectRef, record_type: RecordType
) -> Iterator[Stored]:
    """Return a subject's records of one type, superseded ones too, by sequence."""
    return _paged(
        lambda after: store.records_of(subject, record_type, after_sequence=after, limit=PAGE)
    )


def _paged(read: Callable[[int], list[Stored]]) -> Iterator[Stored]:
    after = 0
    while page := read(after):
        yield from page
        after = page[-1].sequence


def _with_withdrawals(store: Reader, found: list[Stored]) -> list[Stored]:
    later = [
        store.record_at(stored.superseded_by)
        for stored in found
        if stored.superseded_by is not None
    ]
    withdrawals = [
        stored for stored in later if stored is not None and isinstance(stored.record, Retraction)
    ]
    return sorted([*found, *withdrawals], key=_sequence)


def _without_reporters(found: list[Stored], subject: SubjectRef) -> Iterator[Stored]:
    """Return the records without reporters, and without ids that their sources made of them."""
    withheld = {
        (stored.record.source, stored.record.external_id): f"{WITHHELD}:{stored.sequence}"
        for stored in found
        if isinstance(stored.record, Report) and stored.record.reporter not in (None, subject)
    }
    return (replace(stored, record=_cleared(stored, withheld)) for stored in found)


def _cleared(stored: Stored, withheld: Mapping[tuple[str, str], str]) -> Record:
    record = stored.record
    own_id = withheld.get((record.source, record.external_id))
    if own_id is not None and isinstance(record, Report):
        return replace(record, external_id=own_id, supersedes=None, reporter=None, evidence=())
    if isinstance(record, Dispute) and record.contested is not None:
        contested_id = withheld.get(record.contested, record.contested_id)
        return replace(record, contested_id=contested_id)
    target = withheld.get((record.source, record.supersedes or ""))
    if target is None:
        return record
    if isinstance(record, Retraction):
        return replace(record, external_id=f"{WITHHELD}:{stored.sequence}", supersedes=target)
    return replace(record, supersedes=target)


def _scores_of(store: Reader, subject: SubjectRef) -> Iterator[HeldScore]:
    for published in store.runs(limit=ALL_RUNS):
        try:
            run, payload = read_payload(store, published.run_id)
            values = PublishedScores.of_payload(run, payload).score(subject)
        except (RunNotFoundError, SubjectNotFoundError):
            continue
        yield HeldScore(
            run.purpose, run.programme, run.programme_version, run.run_id, run.as_of, values
        )


def _sequence(stored: Stored) -> int:
    return stored.sequence
