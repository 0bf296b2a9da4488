"""What changed in a purpose's evidence between two sequence numbers."""

from __future__ import annotations

from dataclasses import dataclass

from graphsvc.changes import permits
from graphsvc.model import Purpose, Record, RecordType, Subject
from graphsvc.snapshot.suspended import suspended_sequences
from graphsvc.store.ports import Reader

_EVIDENCE = (
    RecordType.SUBJECT,
    RecordType.LINK,
    RecordType.EVENT,
    RecordType.REPORT,
    RecordType.LISTING,
)


@dataclass(frozen=True, slots=True)
class Delta:
    """Permitted records that count from now on, and sequences of those that no longer do.

    `mentioned` are suspended from the start: they count for nothing, but whom they name is known.
    """

    sequence: int
    added: tuple[tuple[int, Record], ...]
    mentioned: tuple[Record, ...]
    removed: tuple[int, ...]
    suspended: frozenset[int]


def read_delta(
    store: Reader, purpose: Purpose, after: int, up_to: int, suspended: frozenset[int]
) -> Delta:
    """Return what happened after a sequence number.

    Args:
        store: where the records are.
        purpose: only what it permits is told.
        after: the last sequence that is known already.
        up_to: the last one to read.
        suspended: which records were suspended at `after`.
    """
    stated = [
        (stored.sequence, stored.record)
        for record_type in _EVIDENCE
        for stored in store.records(record_type, after_sequence=after, known_at=up_to)
        if isinstance(stored.record, Subject) or permits(purpose, [stored.record])
    ]
    superseded = store.superseded_between(after, up_to).tolist()
    now_suspended = suspended_sequences(store, up_to)
    released = [store.record_at(number) for number in sorted(suspended - now_suspended)]
    stated += [
        (stored.sequence, stored.record)
        for stored in released
        if stored is not None
        and (stored.superseded_by is None or stored.superseded_by > up_to)
        and permits(purpose, [stored.record])
    ]
    removed = {number for number in superseded if number <= after}
    removed |= {number for number in now_suspended - suspended if number <= after}
    return Delta(
        sequence=up_to,
        added=tuple(item for item in sorted(stated, key=_sequence) if item[0] not in now_suspended),
        mentioned=tuple(record for number, record in stated if number in now_suspended),
        removed=tuple(sorted(removed)),
        suspended=now_suspended,
    )


def _sequence(item: tuple[int, Record]) -> int:
    return item[0]
