from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numba
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from algorithms import accelerate
from graphsvc.app import Service
from graphsvc.errors import CertificateError, RunNotFoundError
from graphsvc.model import LinkKind, Record, Retraction
from graphsvc.model.definition import ExposureModel, Programme, Scorecard, TrustModel
from graphsvc.runs import PublishedScores
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.own import OwnRecord
from graphsvc.scoring.reports import JointReports
from graphsvc.scoring.scorecard import PointScale
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts

CHAIN: list[Record] = [
    trusts(1, 2, 10.0),
    trusts(2, 3, 5.0),
    trusts(4, 3, 2.0),
    trusts(3, 5, 8.0),
    trusts(5, 1, 1.0),
    listed(3, "marketplace-fraud", 0.8),
    listed(1, "marketplace-verified"),
]


def dense(graph, n: int) -> np.ndarray:  # type: ignore[no-untyped-def]
    matrix = np.zeros((n, n))
    rows = np.repeat(np.arange(n), np.diff(graph.indptr))
    matrix[rows, graph.indices] = 1.0 if graph.weights is None else graph.weights
    return matrix


def test_published_values_are_those_of_a_dense_solve_within_the_certified_bounds(
    service: Service,
) -> None:
    service.store.append(CHAIN)
    run = service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-9)
    programme = service.library.champion(PURPOSE)
    snapshot = service.snapshot(PURPOSE, as_of=AS_OF)
    n = snapshot.n
    weight = np.zeros((n, n))
    for src, dst, amount in ((1, 2, 1.0), (2, 3, 0.5), (4, 3, 0.2), (3, 5, 0.8), (5, 1, 0.1)):
        weight[snapshot.index_of(account(src)), snapshot.index_of(account(dst))] = amount
    both = weight + weight.T
    own = np.zeros(n)
    own[snapshot.index_of(account(3))] = 0.8
    beta = programme.exposure.beta
    averaged = both / both.sum(axis=1, keepdims=True)
    exact = np.linalg.solve(np.eye(n) - beta * averaged, (1 - beta) * own)
    seed = np.zeros(n)
    seed[snapshot.index_of(account(1))] = 1.0
    alpha = programme.trust.alpha
    shared = weight / weight.sum(axis=1, keepdims=True)
    trust = np.linalg.solve(np.eye(n) - alpha * shared.T, seed)
    scores = service.scores(PURPOSE)
    for key in (1, 2, 3, 4, 5):
        at = snapshot.index_of(account(key))
        found = scores.score(account(key))
        assert abs(found.exposure - exact[at]) <= run.exposure.bound
        assert abs(found.trust - trust[at]) <= run.trust.bound
    assert run.exposure.bound <= 1e-9
    assert run.trust.bound <= 1e-9


def test_a_score_is_off_by_no_more_than_its_bound_in_points(service: Service) -> None:
    service.store.append(CHAIN)
    coarse = service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-3)
    rough = {key: service.scores(PURPOSE).score(account(key)).score for key in range(1, 6)}
    service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-12)
    for key, value in rough.items():
        exact = service.scores(PURPOSE).score(account(key)).score
        assert abs(value - exact) <= coarse.score_bound


def test_parts_of_every_score_add_up_and_association_stays_under_the_cap(service: Service) -> None:
    service.store.append(CHAIN)
    service.recompute(PURPOSE, as_of=AS_OF)
    card = service.library.champion(PURPOSE).scorecard
    cap = service.library.purpose(PURPOSE).association_cap_points
    for row in service.top(PURPOSE, 100):
        assert abs(row.association_points) <= cap
        total = card.base + row.own_listing_points + row.association_points
        assert row.score == min(max(total, card.range_low), card.range_high)


def test_only_links_and_listings_valid_at_the_time_count(service: Service) -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    service.store.append(
        [
            trusts(1, 2, valid_from=start, valid_to=start + timedelta(days=10)),
            listed(2, "marketplace-fraud", effective_from=start, until=start + timedelta(days=5)),
        ]
    )
    exposures = []
    for day in (-1, 0, 4, 5, 10):
        service.recompute(PURPOSE, as_of=start + timedelta(days=day))
        exposures.append(service.scores(PURPOSE).score(account(1)).exposure)
    assert exposures[0] == 0.0
    assert exposures[1] == exposures[2] > 0.4
    assert exposures[3:] == [0.0, 0.0]


def test_a_lifted_listing_leaves_no_trace_on_any_contact(service: Service) -> None:
    service.store.append([trusts(1, 2), trusts(2, 3)])
    before = service.recompute(PURPOSE, as_of=AS_OF)
    service.store.append([listed(3, "marketplace-fraud", external_id="L")])
    during = service.recompute(PURPOSE, as_of=AS_OF)
    assert service.scores(PURPOSE).score(account(1)).exposure > 0
    service.store.append(
        [Retraction(source="test", external_id="R", supersedes="L", reason="mistaken identity")]
    )
    after = service.recompute(PURPOSE, as_of=AS_OF)
    assert before.checksum == after.checksum != during.checksum


def test_distrust_in_a_signed_rating_is_no_contact(service: Service) -> None:
    service.store.append(
        [
            trusts(1, 2, -5.0, kind=LinkKind.RATES),
            listed(2, "marketplace-fraud"),
        ]
    )
    service.recompute(PURPOSE, as_of=AS_OF)
    assert service.scores(PURPOSE).score(account(1)).exposure == 0.0


def test_conductance_halves_with_each_half_life(service: Service) -> None:
    service.store.append(
        [
            trusts(1, 2, 1.0, kind=LinkKind.PAID, valid_from=AS_OF),
            trusts(1, 3, 1.0, kind=LinkKind.PAID, valid_from=AS_OF - timedelta(days=365)),
        ]
    )
    snapshot = service.snapshot(PURPOSE, as_of=AS_OF)
    inputs = PropagationInputs.derive(snapshot, service.library.champion(PURPOSE), AS_OF)
    matrix = dense(inputs.contacts, snapshot.n)
    one, two, three = (snapshot.index_of(account(key)) for key in (1, 2, 3))
    assert matrix[one, three] == pytest.approx(matrix[one, two] / 2)
    assert matrix[one, two] == pytest.approx(0.25 * np.log1p(1.0))
    assert inputs.vouching.m == 0


def test_the_same_inputs_give_the_same_bits_on_any_number_of_threads(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However small the graph, let every thread have its part.
    monkeypatch.setattr(accelerate, "WORTH_A_THREAD", 1)
    rng = np.random.default_rng(5)
    pairs = {(int(a), int(b)) for a, b in rng.integers(0, 60, (400, 2)) if a != b}
    service.store.append([trusts(a, b, float(1 + (a * b) % 10)) for a, b in sorted(pairs)])
    service.store.append([listed(k, "marketplace-fraud", 0.3 + k / 100) for k in range(5)])
    service.store.append([listed(k, "marketplace-verified") for k in range(50, 55)])
    threads = numba.get_num_threads()
    checksums = set()
    try:
        for count in {1, threads}:
            numba.set_num_threads(count)
            checksums.add(service.recompute(PURPOSE, as_of=AS_OF).checksum)
    finally:
        numba.set_num_threads(threads)
    assert len(checksums) == 1


def test_a_bound_that_cannot_be_certified_publishes_nothing(service: Service) -> None:
    service.store.append(CHAIN)
    with pytest.raises(CertificateError, match="1e-300"):
        service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-300)
    with pytest.raises(RunNotFoundError, match="graphsvc recompute"):
        service.scores(PURPOSE)
    assert service.runs(PURPOSE) == []


PROGRAMME = Programme(
    name="p",
    purpose="q",
    conductances={LinkKind.TRUSTS: {}},  # type: ignore[dict-item]
    exposure=ExposureModel(beta=0.5, half_points_at=0.1),
    trust=TrustModel(alpha=0.5, half_points_at=0.2),
    scorecard=Scorecard(),
)
fractions = st.floats(0, 1)


def own_record(blacklistings: float = 0.0, allowlistings: float = 0.0) -> OwnRecord:
    """Return one subject's record of listings that are worth these points."""
    nothing = OwnRecord.nothing(1)
    return replace(
        nothing,
        blacklistings=np.array([-blacklistings]),
        allowlistings=np.array([allowlistings]),
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(fractions, fractions, fractions, fractions, st.floats(0, 0.5), st.integers(0, 3))
def test_more_risk_never_raises_a_score_and_more_trust_never_lowers_it(
    black: float, allow: float, exposure: float, trust: float, more: float, which: int
) -> None:
    scale = PointScale(PROGRAMME, cap=100.0)
    values = [black, allow, exposure, trust]
    raised = values.copy()
    raised[which] = values[which] + more
    before, after = (
        float(
            scale.points(
                own_record(300 * row[0], 100 * row[1]),
                JointReports.none(1),
                np.array([row[2]]),
                np.array([row[3]]),
            ).score[0]
        )
        for row in (values, raised)
    )
    if which in (0, 2):
        assert after <= before
    else:
        assert after >= before


@settings(max_examples=200, deadline=None)
@given(fractions, fractions, st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))
def test_the_score_bound_covers_any_error_within_the_bounds_of_the_values(
    exposure: float, trust: float, off_exposure: float, off_trust: float
) -> None:
    scale = PointScale(PROGRAMME, cap=100.0)

    def score(x: float, t: float) -> float:
        values = (np.array([max(x, 0.0)]), np.array([max(t, 0.0)]))
        return float(scale.points(own_record(), JointReports.none(1), *values).score[0])

    off = abs(score(exposure, trust) - score(exposure + off_exposure, trust + off_trust))
    assert off <= scale.score_bound(abs(off_exposure), abs(off_trust))


def test_a_run_of_an_older_version_says_to_recompute(service: Service, tmp_path: Path) -> None:
    service.store.append(CHAIN)
    run = service.recompute(PURPOSE, as_of=AS_OF)
    old = pa.record_batch(
        {"kind": pa.array([1], pa.uint8()), "key": ["1"], "score": [650.0]},
    )
    path = tmp_path / "old.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, old.schema) as writer:
        writer.write_batch(old)
    with pytest.raises(RunNotFoundError, match=f"recompute --purpose {PURPOSE}"):
        PublishedScores.of_file(run, path)
