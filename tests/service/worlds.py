"""Any small world of permitted evidence, for properties that must hold of all of them."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.model import EventKind, LinkKind, Programme, Record, ReportStatus
from graphsvc.scoring.propagate import Propagated, propagate_snapshot
from graphsvc.snapshot import build_snapshot
from tests.service.samples import AS_OF, PURPOSE, event, listed, report, trusts

SUBJECTS = st.integers(0, 5)
EVENT_KINDS = (
    EventKind.ORDER_COMPLETED,
    EventKind.ORDER_CANCELLED,
    EventKind.CHARGEBACK,
    EventKind.IDENTITY_VERIFIED,
)


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Links, events, reports of any outcome and listings; ages from a day ahead to ten years."""
    found: list[Record] = []
    for number in range(draw(st.integers(2, 14))):
        name = f"w{number}"
        at = AS_OF - timedelta(days=draw(st.integers(-1, 3650)))
        one, other = draw(st.lists(SUBJECTS, min_size=2, max_size=2, unique=True))
        kind = draw(st.sampled_from(["link", "link", "event", "report", "listing"]))
        if kind == "link":
            link_kind = draw(st.sampled_from([LinkKind.TRUSTS, LinkKind.PAID, LinkKind.KNOWS]))
            weight = draw(st.floats(0.1, 1000))
            found.append(trusts(one, other, weight, kind=link_kind, external_id=name))
        elif kind == "event":
            event_kind = draw(st.sampled_from(EVENT_KINDS))
            found.append(event(event_kind, one, occurred_at=at, external_id=name))
        elif kind == "report":
            by = draw(st.sampled_from([other, None]))
            status = draw(st.sampled_from(list(ReportStatus)))
            severity = draw(st.floats(0, 1))
            found.append(
                report(one, by, status=status, severity=severity, reported_at=at, external_id=name)
            )
        else:
            on = draw(
                st.sampled_from(["marketplace-fraud", "otc-known-fraud", "sybil-known-benign"])
            )
            found.append(listed(one, on, draw(st.floats(0.01, 1)), external_id=name))
    return found


def computed(
    service: Service, records: list[Record], programme: Programme | None = None
) -> dict[str, dict[str, float]]:
    """Return every published number by subject and name, without publishing."""
    service.store.append(records)
    purpose = service.library.purpose(PURPOSE)
    snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
    chosen = programme or service.library.champion(PURPOSE)
    _, values = propagate_snapshot(snapshot, chosen, purpose, AS_OF, 1e-9)
    return {snapshot.ref_of(index).key: numbers_of(values, index) for index in range(snapshot.n)}


def numbers_of(values: Propagated, index: int) -> dict[str, float]:
    points = values.points
    return {
        name: float(getattr(points, name)[index])
        for name in ("score", "width", "events", "reports", "rejected_reports", "association")
    }
