"""Erasing for good: what goes with a subject or a record, and what must not go with it.

With a record go its withdrawal and the disputes that are of nothing else. A dispute of a record
that was corrected goes on, on the correction: whoever contests must not lose by another's erasure.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from graphsvc.access import Pseudonyms
from graphsvc.cases import entries_left_alone
from graphsvc.disputes import next_step
from graphsvc.errors import ConflictError, GraphsvcError, RunNotFoundError
from graphsvc.model import Dispute, Listing, ListKind, RecordType, Retraction, SubjectRef
from graphsvc.rights import ALL_RUNS, records_of, reports_by
from graphsvc.runs import payload_checksum, payload_chunks, read_payload, without_subjects
from graphsvc.snapshot.versions import Stored, backward, onward
from graphsvc.store.ports import Reader, Store

ATTEMPTS = 10
"""How often what others came in between of is tried again."""


@dataclass(frozen=True, slots=True)
class Erasable:
    """Traces of the records that go, by sequence, and the steps by which disputes go on."""

    traces: dict[int, str]
    steps: tuple[Dispute, ...]


def erase_subject(store: Store, pseudonyms: Pseudonyms, subject: SubjectRef) -> int:
    """Erase a subject: its records, its key, its place in published runs; return how many records.

    Others keep what is theirs alone; what both share, such as a link, goes. All that can be told
    afterwards is that somebody of that pseudonym was erased.

    Raises:
        ConflictError: others kept adding records on it meanwhile.
    """
    # Before, so that an erasure that is cut short leaves the name in no run; and after, for a run
    # may have been published or staged meanwhile.
    remove_from_runs(store, {subject})
    traces = _erase_records(store, pseudonyms, subject)
    remove_from_runs(store, {subject})
    return len(traces)


def require_no_blacklisting(store: Reader, subject: SubjectRef, now: datetime) -> None:
    """Refuse to erase who is on a blacklist: Art. 17(3) may stand against it.

    Raises:
        ConflictError: a blacklisting is in force at `now`.
    """
    for stored in records_of(store, subject):
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


def erase_records(store: Store, pseudonyms: Pseudonyms, found: Mapping[int, Stored]) -> None:
    """Erase records, given by sequence, with all that is of nothing else."""
    erasable = _erasable(store, pseudonyms, found)
    if erasable.steps:
        store.append(erasable.steps, whole=True)
    store.erase(erasable.traces, {})


def remove_from_runs(store: Store, subjects: Collection[SubjectRef]) -> None:
    """Take subjects out of every published run, and discard what was staged only.

    Raises:
        ConflictError: somebody else kept changing the same run.
    """
    for run in store.runs(limit=ALL_RUNS):
        if run.pruned_at is not None:
            continue
        for attempt in range(1, ATTEMPTS + 1):
            try:
                _redact(store, run.run_id, subjects)
                break
            except RunNotFoundError:
                # Pruned meanwhile: nobody is in it any more.
                break
            except ConflictError:
                # Another erasure took somebody out of it meanwhile: what it left is read again.
                if attempt == ATTEMPTS:
                    raise
    store.discard_staged_runs()


def _erase_records(store: Store, pseudonyms: Pseudonyms, subject: SubjectRef) -> dict[int, str]:
    for attempt in range(1, ATTEMPTS + 1):
        found = {stored.sequence: stored for stored in records_of(store, subject)}
        found |= {stored.sequence: stored for stored in reports_by(store, subject)}
        found |= {entry.sequence: entry for entry in entries_left_alone(store, found)}
        erasable = _erasable(store, pseudonyms, found)
        try:
            if erasable.steps:
                store.append(erasable.steps, whole=True)
            store.erase(erasable.traces, {subject: pseudonyms.trace_of_subject(subject)})
            break
        except ConflictError:
            # A record that mentions it was added meanwhile, or a dispute went a step further.
            if attempt == ATTEMPTS:
                raise
    return erasable.traces


def _erasable(store: Reader, pseudonyms: Pseudonyms, found: Mapping[int, Stored]) -> Erasable:
    going = dict(found)
    for stored in found.values():
        if stored.superseded_by is not None and stored.superseded_by not in going:
            later = store.record_at(stored.superseded_by)
            if later is not None and isinstance(later.record, Retraction):
                going[later.sequence] = later
    steps = _take_disputes(store, going)
    traces = {
        sequence: pseudonyms.trace_of_record(
            stored.record.source, stored.record.external_id, sequence
        )
        for sequence, stored in sorted(going.items())
    }
    return Erasable(traces, steps)


def _take_disputes(store: Reader, going: dict[int, Stored]) -> tuple[Dispute, ...]:
    """Add to what goes the disputes of it; return steps by which those of more than it go on."""
    identities = {(stored.record.source, stored.record.external_id) for stored in going.values()}
    steps = []
    for standing in store.records(RecordType.DISPUTE):
        dispute = cast(Dispute, standing.record)
        if standing.sequence in going or dispute.contested is None:
            continue
        former = list(backward(store, standing))
        versions = list(onward(store, *dispute.contested))
        left = [version for version in versions if version.sequence not in going]
        kept = [version.record for version in left if not isinstance(version.record, Retraction)]
        is_touched = len(left) < len(versions)
        if is_touched and kept:
            source, external_id = kept[-1].source, kept[-1].external_id
            steps.append(next_step(dispute, contested_source=source, contested_id=external_id))
        if kept or not is_touched:
            # It goes on; of its steps until now, those go that name what goes.
            former = [step for step in former if cast(Dispute, step.record).contested in identities]
        going |= {step.sequence: step for step in former}
    return tuple(steps)


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
