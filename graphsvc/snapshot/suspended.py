"""Which records a dispute keeps out of the snapshot while it is under review."""

from __future__ import annotations

from typing import cast

from graphsvc.model import Dispute, DisputeStatus, RecordType
from graphsvc.store.ports import Reader


def suspended_sequences(store: Reader, known_at: int) -> frozenset[int]:
    """Return the sequences of records whose effect is suspended, as of a sequence number.

    A correction that its source sends while the dispute is open is as contested as what it
    corrects; only the decision brings it into effect.
    """
    found: set[int] = set()
    for stored in store.records(RecordType.DISPUTE, known_at=known_at):
        dispute = cast(Dispute, stored.record)
        if dispute.status is DisputeStatus.SUSPENDED and dispute.contested is not None:
            found |= _with_corrections(store, dispute.contested, known_at)
    return frozenset(found)


def _with_corrections(store: Reader, contested: tuple[str, str], known_at: int) -> set[int]:
    sequences: set[int] = set()
    record = store.record(*contested)
    while record is not None and record.sequence <= known_at:
        sequences.add(record.sequence)
        if record.superseded_by is None:
            break
        record = store.record_at(record.superseded_by)
    return sequences
