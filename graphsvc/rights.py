"""What a subject can ask for: all that is held on it (GDPR Art. 15), and to be erased (Art. 17).

Correction (Art. 16) is a record that supersedes, and human review (Art. 22) a dispute of a score;
both are in `disputes`.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from graphsvc.access import Pseudonyms
from graphsvc.errors import ConflictError, GraphsvcError, NotFoundError
from graphsvc.model import (
    AuditEntry,
    Dispute,
    Listing,
    ListKind,
    Record,
    RecordType,
    Report,
    Retraction,
    StoredRecord,
    SubjectRef,
)
from graphsvc.runs import payload_checksum, payload_chunks, read_payload, without_subjects
from graphsvc.store.ports import Reader, Store

PAGE = 1000
ALL_RUNS = 1_000_000
REDACT_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """All records that concern a subject, superseded ones too, in order of sequence.

    `made` are reports by it on others; `reads` are the audit's entries on it.
    """

    subject: SubjectRef
    records: tuple[StoredRecord[Record], ...]
    made: tuple[StoredRecord[Record], ...]
    reads: tuple[AuditEntry, ...]


def held_on(store: Reader, pseudonyms: Pseudonyms, subject: SubjectRef) -> Held:
    """Return all that is held on a subject. Who reported it is withheld (Art. 15(4)).

    Raises:
        NotFoundError: nothing is known of it.
    """
    _require_known(store, subject)
    return Held(
        subject,
        tuple(_without_reporter(stored, subject) for stored in _records_of(store, subject)),
        tuple(_pages_of_reports(store, subject)),
        tuple(audit_of(store, pseudonyms, subject)),
    )


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


def erase_subject(
    store: Store,
    pseudonyms: Pseudonyms,
    subject: SubjectRef,
    *,
    now: datetime,
    even_if_blacklisted: bool = False,
) -> int:
    """Erase a subject: its records, its key, its place in published runs; return how many records.

    Others keep what is theirs alone; what both share, such as a link, goes. All that can be told
    afterwards is that somebody of that pseudonym was erased.

    Args:
        store: where the records are.
        pseudonyms: make what takes the place of names.
        subject: whom to erase.
        now: at which a blacklisting counts as in force.
        even_if_blacklisted: erase although a blacklisting is in force.

    Raises:
        NotFoundError: nothing is known of it.
        ConflictError: a blacklisting is in force (Art. 17(3) may stand against it).
    """
    _require_known(store, subject)
    found = {stored.sequence: stored for stored in _records_of(store, subject)}
    if not even_if_blacklisted:
        _refuse_blacklisted(subject, found.values(), now)
    found |= {stored.sequence: stored for stored in _pages_of_reports(store, subject)}
    store.discard_staged_runs()
    redact_runs(store, {subject})
    traces = erasable(store, pseudonyms, found)
    store.erase(traces, {subject: pseudonyms.trace_of_subject(subject)})
    # Again: a run may have been published, or staged, while the first ones were taken care of.
    redact_runs(store, {subject})
    store.discard_staged_runs()
    return len(traces)


def erasable(
    store: Reader, pseudonyms: Pseudonyms, found: dict[int, StoredRecord[Record]]
) -> dict[int, str]:
    """Return the pseudonyms of records to erase, with all that names them: withdrawals, disputes.

    Args:
        store: where the records are.
        pseudonyms: make what takes the place of external ids.
        found: the records by sequence.
    """
    found = dict(found)
    for stored in list(found.values()):
        if stored.superseded_by is not None and stored.superseded_by not in found:
            later = store.record_at(stored.superseded_by)
            if later is not None and isinstance(later.record, Retraction):
                found[later.sequence] = later
    identities = {(stored.record.source, stored.record.external_id) for stored in found.values()}
    others = {
        end
        for stored in found.values()
        for name in ("src", "dst", "subject")
        if (end := getattr(stored.record, name, None)) is not None
    }
    for other in sorted(others):
        for stored in _pages(store, other, RecordType.DISPUTE):
            if cast(Dispute, stored.record).contested in identities:
                found[stored.sequence] = stored
    return {
        sequence: pseudonyms.trace_of_record(
            stored.record.source, stored.record.external_id, sequence
        )
        for sequence, stored in sorted(found.items())
    }


def redact_runs(store: Store, subjects: Collection[SubjectRef]) -> None:
    """Take subjects out of every published run.

    Raises:
        ConflictError: somebody else kept changing the same run.
    """
    for run in store.runs(limit=ALL_RUNS):
        for attempt in range(1, REDACT_ATTEMPTS + 1):
            try:
                _redact(store, run.run_id, subjects)
                break
            except ConflictError:
                # Another erasure took somebody out of it meanwhile: what it left is read again.
                if attempt == REDACT_ATTEMPTS:
                    raise


def _redact(store: Store, run_id: str, subjects: Collection[SubjectRef]) -> None:
    run, whole = read_payload(store, run_id)
    payload, removed = without_subjects(whole, subjects)
    if not removed:
        return
    # A name that no other attempt uses, so that two can't mix their chunks.
    staged_as = f"{run_id}~{secrets.token_hex(8)}"
    redacted = replace(
        run,
        subjects=run.subjects - removed,
        checksum=payload_checksum(payload),
        payload_bytes=len(payload),
    )
    try:
        for number, chunk in enumerate(payload_chunks(payload)):
            store.stage_run_chunk(staged_as, number, chunk)
        store.redact_run(redacted, staged_as, replaces=run.checksum)
    except BaseException:
        with contextlib.suppress(GraphsvcError):
            store.discard_staged_run(staged_as)
        raise


def _records_of(store: Reader, subject: SubjectRef) -> list[StoredRecord[Record]]:
    found = [stored for record_type in RecordType for stored in _pages(store, subject, record_type)]
    return sorted(found, key=lambda stored: stored.sequence)


def _pages(
    store: Reader, subject: SubjectRef, record_type: RecordType
) -> Iterator[StoredRecord[Record]]:
    after = 0
    while page := store.records_of(subject, record_type, after_sequence=after, limit=PAGE):
        yield from page
        after = page[-1].sequence


def _pages_of_reports(store: Reader, reporter: SubjectRef) -> Iterator[StoredRecord[Record]]:
    after = 0
    while page := store.reports_by(reporter, after_sequence=after, limit=PAGE):
        yield from page
        after = page[-1].sequence


def _without_reporter(stored: StoredRecord[Record], subject: SubjectRef) -> StoredRecord[Record]:
    record = stored.record
    if isinstance(record, Report) and record.reporter not in (None, subject):
        return replace(stored, record=replace(record, reporter=None))
    return stored


def _require_known(store: Reader, subject: SubjectRef) -> None:
    if store.subject_numbers([subject]) == [None]:
        raise NotFoundError(f"{subject}: nothing is held on it")


def _refuse_blacklisted(
    subject: SubjectRef, found: Collection[StoredRecord[Record]], now: datetime
) -> None:
    for stored in found:
        record = stored.record
        if (
            stored.superseded_by is None
            and isinstance(record, Listing)
            and record.list_kind is ListKind.BLACKLIST
            and record.effective_from <= now < record.until
        ):
            raise ConflictError(
                f"{subject}: is on {record.list_name} until {record.until:%Y-%m-%d}; have that "
                "decided first, or say that it is to be erased even so"
            )
