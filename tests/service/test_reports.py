from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.model import Record, ReportStatus
from graphsvc.scoring.reports import STEEPEST_CREDIBILITY, credibility
from tests.service.samples import AS_OF, PURPOSE, account, listed, report, scored, trusts

OPEN, UPHELD, REJECTED = ReportStatus.OPEN, ReportStatus.UPHELD, ReportStatus.REJECTED
MOST, HALF, BELIEF, CAP = -150.0, 1.0, 0.2, 0.5
"""What marketplace-integrity-linear says of reports."""


def points(weight: float) -> float:
    return MOST * weight / (weight + HALF)


def test_an_open_report_weighs_by_the_trust_that_a_dense_solve_gives_its_reporter(
    service: Service,
) -> None:
    """seed 1 → 2 → 3: 2 holds α, 3 holds α²; 3 reports at severity 0.3."""
    found = scored(
        service,
        [
            listed(1, "marketplace-verified"),
            trusts(1, 2),
            trusts(2, 3),
            report(9, 3, severity=0.3),
        ],
    )
    shared = np.zeros((3, 3))
    shared[0, 1] = shared[1, 2] = 1.0
    held = np.linalg.solve(np.eye(3) - 0.85 * shared.T, np.array([1.0, 0.0, 0.0]))[2]
    assert found["9"].report_points == pytest.approx(
        points(0.3 * held**2 / (held**2 + BELIEF**2)), abs=1e-6
    )


def test_whom_nobody_trusts_weighs_nothing_however_many_they_are(service: Service) -> None:
    fakes = [report(9, f"fake{number}") for number in range(1000)]
    ring = [trusts(f"fake{number}", f"fake{(number + 1) % 1000}") for number in range(1000)]
    honest: list[Record] = [listed(1, "marketplace-verified"), trusts(1, 9)]
    found = scored(service, [*honest, *fakes, *ring])
    assert found["9"].report_points == 0.0


@pytest.mark.parametrize("friends", [1, 10, 100, 1000])
def test_a_ring_that_bought_links_into_the_honest_region_stays_under_the_cap(
    service: Service, friends: int
) -> None:
    """The seed itself vouches for every fake: the worst there is, and the cap holds."""
    records: list[Record] = [listed(1, "marketplace-verified")]
    records += [trusts(1, f"fake{number}") for number in range(friends)]
    records += [report(9, f"fake{number}") for number in range(friends)]
    found = scored(service, records)
    each = 0.85 / friends
    joint = min(friends * each**2 / (each**2 + BELIEF**2), CAP)
    assert found["9"].report_points == pytest.approx(points(joint), abs=1e-6)
    assert found["9"].report_points >= points(CAP)


def test_of_one_reporters_reports_on_one_subject_the_strongest_counts(service: Service) -> None:
    several = [
        report(9, 1, severity=severity, external_id=f"s{severity}") for severity in (0.1, 0.4, 0.2)
    ]
    found = scored(service, [listed(1, "marketplace-verified"), trusts(1, 2), *several])
    assert found["9"].report_points == pytest.approx(points(0.4 / 1.04), abs=1e-9)
    lines = [line for line in service.explain(PURPOSE, account(9)).lines if line.part == "report"]
    assert sorted(line.code for line in lines) == ["OPEN_REPORT", *["OPEN_REPORT_NOT_COUNTED"] * 2]


def test_an_upheld_report_weighs_in_full_and_a_rejected_one_costs_its_reporter(
    service: Service,
) -> None:
    year_old = AS_OF - timedelta(days=730)
    found = scored(
        service,
        [
            report(7, 5, status=UPHELD, reported_at=year_old),
            report(8, 5, status=REJECTED),
            report(8, 6, status=REJECTED, severity=0.5),
            report(8, None, status=REJECTED, external_id="analyst"),
        ],
    )
    assert found["7"].report_points == pytest.approx(points(0.5))
    assert found["8"].report_points == 0.0
    assert found["5"].rejected_report_points == pytest.approx(-60 * 1 / 3)
    assert found["6"].rejected_report_points == pytest.approx(-60 * 0.5 / 2.5)
    assert found["5"].report_points == found["7"].rejected_report_points == 0.0


def test_an_analysts_open_report_weighs_by_the_programme_alone_and_under_the_same_cap(
    service: Service,
) -> None:
    found = scored(
        service,
        [
            report(8, None, severity=0.25),
            *[report(9, None, external_id=f"a{number}") for number in range(3)],
        ],
    )
    assert found["8"].report_points == pytest.approx(points(0.25))
    assert found["9"].report_points == pytest.approx(points(CAP))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pairs=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=30, unique=True
    ),
    reporters=st.sets(st.integers(1, 9), min_size=1),
)
def test_a_coarse_score_is_off_by_less_than_its_bound_where_reporters_trust_is_uncertain(
    make_service: object,
    tmp_path: object,
    pairs: list[tuple[int, int]],
    reporters: set[int],
) -> None:
    service: Service = make_service(f"c{len(list(tmp_path.iterdir()))}")  # type: ignore
    service.store.append([trusts(a, b) for a, b in pairs if a != b])
    service.store.append([listed(0, "marketplace-verified")])
    service.store.append([report("x", by) for by in reporters])
    coarse = service.recompute(PURPOSE, as_of=AS_OF, tolerance=0.05)
    rough = {row.subject: row.score for row in service.top(PURPOSE, 100)}
    service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-12)
    exact = {row.subject: row.score for row in service.top(PURPOSE, 100)}
    assert max(abs(rough[ref] - exact[ref]) for ref in exact) <= coarse.score_bound


def test_the_bound_of_the_reporters_trust_is_in_the_bound_of_the_score(service: Service) -> None:
    """Σ |Δt| ≤ δ moves the joint weight by 0.65 δ/0.2 and the points by 150 times that at most."""
    service.store.append([listed(1, "marketplace-verified"), trusts(1, 2), report(9, 2)])
    run = service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-3)
    without = 150 * run.exposure.bound / 0.05 + 150 * run.trust.bound / 0.05
    assert run.score_bound >= without + 150 * 0.649 * run.trust.bound_1 / (BELIEF * HALF)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.floats(0, 3), min_size=1, max_size=50), st.floats(0.01, 2))
def test_a_ring_gains_nothing_by_spreading_its_trust_over_many(
    held: list[float], half: float
) -> None:
    """However trust of T in all is shared out, the ring weighs T / (2 half) at most."""
    joint = float(credibility(np.array(held), half).sum())
    assert joint <= sum(held) / (2 * half) + 1e-12
    spread = np.full(len(held), min(sum(held) / len(held), half / 2))
    wider = np.repeat(spread / 2, 2)
    assert credibility(wider, half).sum() <= credibility(spread, half).sum() + 1e-12


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 5), st.floats(-0.5, 0.5), st.floats(0.01, 2))
def test_credibility_is_nowhere_steeper_than_is_said(held: float, off: float, half: float) -> None:
    other = max(held + off, 0.0)
    one, two = credibility(np.array([held, other]), half)
    assert abs(one - two) <= STEEPEST_CREDIBILITY * abs(other - held) / half + 1e-12
