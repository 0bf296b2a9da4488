"""Properties of every score: it adds up, ignores arrival, and moves the way evidence points."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.breakdown import LinePart, sum_exactly
from graphsvc.changes import mentioned
from graphsvc.explain import Explanation
from graphsvc.model import EventKind, Programme, Record, Report, ReportStatus
from graphsvc.runs import encode_payload
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import build_snapshot
from tests.service import worlds
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

few = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
Make = Callable[..., Service]


def fresh(make_service: Make, tmp_path: Path) -> Service:
    return make_service(f"w{len(list(tmp_path.iterdir()))}")


@few
@given(records=worlds.records())
def test_the_lines_of_a_score_add_up_to_it_to_the_last_bit(
    make_service: Make, tmp_path: Path, records: list[Record]
) -> None:
    service = fresh(make_service, tmp_path)
    service.store.append(records)
    service.recompute(PURPOSE, as_of=AS_OF)
    cap = service.library.purpose(PURPOSE).association_cap_points
    programme = service.library.champion(PURPOSE)
    for row in service.top(PURPOSE, 100):
        explained = service.explain(PURPOSE, row.subject)
        lines = explained.lines
        assert sum_exactly(lines) == row.score
        by_part = {
            part: math.fsum(line.points for line in lines if line.part is part) for part in LinePart
        }
        assert abs(by_part[LinePart.ROUNDING]) < 1e-10
        assert abs(by_part[LinePart.REMAINDER]) <= most_points(programme, explained) + 1e-10
        assert by_part[LinePart.EVENT] == pytest.approx(row.event_points, abs=1e-10)
        assert by_part[LinePart.LISTING] == pytest.approx(row.own_listing_points, abs=1e-10)
        reported = by_part[LinePart.REPORT] + by_part[LinePart.REPORT_CAP]
        assert reported == pytest.approx(row.report_points, abs=1e-8)
        rejected = by_part[LinePart.REJECTED_REPORT]
        assert rejected == pytest.approx(row.rejected_report_points, abs=1e-10)
        assert abs(row.association_points) <= cap


def most_points(programme: Programme, explained: Explanation) -> float:
    """What the unexplained rest of both values can come to where their points are steepest."""
    exposure, trust, card = programme.exposure, programme.trust, programme.scorecard
    return (
        -card.exposure_points * explained.exposure.remainder_bound / exposure.half_points_at
        + card.trust_points * explained.trust.remainder_bound / trust.half_points_at
    )


@few
@given(records=worlds.records(), data=st.data())
def test_the_order_of_arrival_does_not_move_a_bit(
    make_service: Make, tmp_path: Path, records: list[Record], data: st.DataObject
) -> None:
    payloads = set()
    for order in (records, data.draw(st.permutations(records))):
        service = fresh(make_service, tmp_path)
        cut = data.draw(st.integers(0, len(order)))
        service.store.append(order[:cut])
        service.store.append(order[cut:])
        purpose, programme = service.library.purpose(PURPOSE), service.library.champion(PURPOSE)
        snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
        _, values = propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-6)
        payloads.add(encode_payload(snapshot, values, ["a", "b"]))
    assert len(payloads) == 1


BAD: dict[str, Callable[[object], Record]] = {
    "chargeback": lambda key: event(EventKind.CHARGEBACK, key, external_id="more"),
    "cancelled": lambda key: event(EventKind.ORDER_CANCELLED, key, external_id="more"),
    "upheld": lambda key: report(key, None, status=ReportStatus.UPHELD, external_id="more"),
    "open": lambda key: report(key, 99, external_id="more"),
    "analyst": lambda key: report(key, None, external_id="more"),
    "own false report": lambda key: report(
        99, key, status=ReportStatus.REJECTED, external_id="more"
    ),
    "blacklisting": lambda key: listed(key, "marketplace-fraud", 0.3, external_id="more"),
}
GOOD: dict[str, Callable[[object], Record]] = {
    "order": lambda key: event(EventKind.ORDER_COMPLETED, key, external_id="more"),
    "identity": lambda key: event(EventKind.IDENTITY_VERIFIED, key, external_id="more"),
}


@few
@given(records=worlds.records(), data=st.data())
def test_more_bad_evidence_never_raises_a_score_and_more_good_never_lowers_it(
    make_service: Make, tmp_path: Path, records: list[Record], data: st.DataObject
) -> None:
    subject = data.draw(worlds.SUBJECTS)
    sign, kinds = data.draw(st.sampled_from([(-1, BAD), (1, GOOD)]))
    more = kinds[data.draw(st.sampled_from(sorted(kinds)))](subject)
    known: list[Record] = [trusts(subject, 5 if subject != 5 else 4, external_id="known")]
    service = fresh(make_service, tmp_path)
    before = worlds.computed(service, [*known, *records])
    after = worlds.computed(service, [more])
    # Exposure is certified to 1e-9 and no further; what leaves the graph as it was is exact.
    brings_somebody = account(99) in mentioned(more)
    slack = 1e-4 if more.record_type == "listing" or brings_somebody else 0.0
    assert sign * (after[str(subject)]["score"] - before[str(subject)]["score"]) >= -slack
    assert after[str(subject)]["width"] <= before[str(subject)]["width"]


@few
@given(
    records=worlds.records(),
    severity=st.floats(0, 1),
    believed=st.booleans(),
)
def test_a_report_that_is_upheld_never_weighs_less_and_one_rejected_never_more(
    make_service: Make, tmp_path: Path, records: list[Record], severity: float, believed: bool
) -> None:
    seed: list[Record] = [trusts(98, 97), trusts(1, 2, external_id="known")]
    if believed:
        seed.append(listed(98, "marketplace-verified", external_id="seed"))
    made = report(1, 97, severity=severity, external_id="made")
    scores = {}
    for status in ReportStatus:
        service = fresh(make_service, tmp_path)
        told: Report = replace(made, status=status)
        scores[status] = worlds.computed(service, [*seed, *records, told])["1"]["score"]
    assert scores[ReportStatus.UPHELD] <= scores[ReportStatus.OPEN]
    assert scores[ReportStatus.OPEN] <= scores[ReportStatus.REJECTED]


def test_equal_records_in_any_order_of_arrival_explain_alike(make_service: Make) -> None:
    records: list[Record] = [
        event(EventKind.ORDER_COMPLETED, 1, external_id="a"),
        event(EventKind.ORDER_COMPLETED, 1, external_id="b", occurred_at=AS_OF - timedelta(9)),
        report(1, 2, external_id="c", severity=0.3),
        report(1, 2, external_id="d", severity=0.3),
        listed(2, "marketplace-verified", external_id="e"),
    ]
    told = []
    for name, order in (("one", records), ("two", records[::-1])):
        service = make_service(name)
        service.store.append(order)
        service.recompute(PURPOSE, as_of=AS_OF)
        lines = service.explain(PURPOSE, account(1)).lines
        told.append([replace(line, sequence=None) for line in lines])
    assert told[0] == told[1]
