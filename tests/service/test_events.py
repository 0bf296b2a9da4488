from __future__ import annotations

from datetime import timedelta
from math import log1p

import pytest

from graphsvc.app import Service
from graphsvc.model import EventKind, ListKind, Retraction
from tests.service.samples import AS_OF, account, event, listed, scored, trusts

THIN = "thin-file-credit"


def test_points_of_events_are_those_computed_by_hand(service: Service) -> None:
    """order_completed: 80 · s / (s + 10), half-life 365 days."""
    found = scored(
        service,
        [
            event(EventKind.ORDER_COMPLETED, 1),
            event(EventKind.ORDER_COMPLETED, 1, occurred_at=AS_OF - timedelta(days=365)),
            event(EventKind.CHARGEBACK, 2, occurred_at=AS_OF - timedelta(days=730)),
        ],
    )
    assert found["1"].event_points == pytest.approx(80 * 1.5 / 11.5, abs=1e-12)
    assert found["2"].event_points == pytest.approx(-200 * 0.5 / 2.5, abs=1e-12)
    assert found["1"].score == pytest.approx(650 + 80 * 1.5 / 11.5, abs=1e-12)


def test_amounts_saturate_by_their_logarithm_and_a_negative_one_counts_nothing(
    service: Service,
) -> None:
    """savings_balance: 60 · s / (s + 2) with s = Σ ln(1 + value / 1000)."""
    found = scored(
        service,
        [
            event(EventKind.SAVINGS_BALANCE, 1, value=5_000.0),
            event(EventKind.SAVINGS_BALANCE, 2, value=-5_000.0),
            event(EventKind.SAVINGS_BALANCE, 3),
        ],
        THIN,
    )
    assert found["1"].event_points == pytest.approx(60 * log1p(5) / (log1p(5) + 2), abs=1e-12)
    assert found["2"].event_points == 0.0
    assert found["3"].event_points == pytest.approx(60 * log1p(1) / (log1p(1) + 2), abs=1e-12)


def test_what_happened_after_the_as_of_time_does_not_count_yet(service: Service) -> None:
    found = scored(
        service, [event(EventKind.CHARGEBACK, 1, occurred_at=AS_OF + timedelta(seconds=1))]
    )
    assert found["1"].score == 650.0


def test_a_withdrawn_event_leaves_no_trace(service: Service) -> None:
    service.store.append([trusts(1, 2)])
    before = service.recompute("marketplace-integrity", as_of=AS_OF)
    service.store.append([event(EventKind.CHARGEBACK, 1, external_id="E")])
    during = service.recompute("marketplace-integrity", as_of=AS_OF)
    service.store.append(
        [Retraction(source="test", external_id="R", supersedes="E", reason="not theirs")]
    )
    after = service.recompute("marketplace-integrity", as_of=AS_OF)
    assert before.checksum == after.checksum != during.checksum


def test_lists_with_points_of_their_own_count_by_those(service: Service) -> None:
    """One list at −300, one at −120: jointly −300 · (1 − (1 − 0.5)(1 − 0.8 · 120/300))."""
    champion = service.library.champion("marketplace-integrity")
    milder = champion.model_copy(update={"listings": {"otc-known-fraud": -120.0}, "version": 99})
    service.library = service.library.with_programme(milder)
    found = scored(
        service,
        [listed(1, "marketplace-fraud", 0.5), listed(1, "otc-known-fraud", 0.8), trusts(2, 3)],
    )
    by_hand = -300 * (1 - 0.5 * (1 - 0.8 * 120 / 300))
    assert found["1"].own_listing_points == pytest.approx(by_hand, abs=1e-12)
    lines = service.explain("marketplace-integrity", account(1)).lines
    shares = {line.text[:12]: line.points for line in lines if line.code == "OWN_BLACKLISTING"}
    assert sum(shares.values()) == pytest.approx(by_hand, abs=1e-12)
    assert shares["On marketpla"] / shares["On otc-known"] == pytest.approx(0.5 / 0.32)


def test_an_entry_of_the_other_kind_than_its_list_counts_for_nothing(service: Service) -> None:
    praise = listed(1, "marketplace-fraud", list_kind=ListKind.ALLOWLIST)
    found = scored(service, [praise, trusts(1, 2)])
    assert found["1"].score == found["2"].score == 650.0
