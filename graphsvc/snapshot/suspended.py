"""Which records a dispute keeps out of the snapshot while it is under review."""

from __future__ import annotations

from typing import cast

from graphsvc.model import Dispute, DisputeStatus, RecordType
from graphsvc.snapshot.versions import onward
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
            versions = onward(store, *dispute.contested, known_at=known_at)
            found |= {version.sequence for version in versions}
    return frozenset(found)
