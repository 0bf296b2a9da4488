from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.errors import SubjectNotFoundError
from graphsvc.model import Record, Retraction
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts


@st.composite
def networks(draw: st.DrawFn) -> list[Record]:
    pairs = draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=20, unique=True
        )
    )
    links: list[Record] = [trusts(a, b, draw(st.floats(0.1, 10))) for a, b in pairs if a != b]
    bad = draw(st.lists(st.integers(0, 7), min_size=1, max_size=3, unique=True))
    good = draw(st.lists(st.integers(0, 7), max_size=3, unique=True))
    links += [listed(key, "marketplace-fraud", draw(st.floats(0.01, 1))) for key in bad]
    links += [listed(key, "marketplace-verified", draw(st.floats(0.01, 1))) for key in good]
    return links


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=networks())
def test_every_explanation_adds_up_to_the_published_score(
    make_service: object, tmp_path: object, records: list[Record]
) -> None:
    name = f"n{len(list(tmp_path.iterdir()))}"  # type: ignore[attr-defined]
    service: Service = make_service(name)  # type: ignore[operator]
    service.store.append(records)
    service.recompute(PURPOSE, as_of=AS_OF)
    for row in service.top(PURPOSE, 10):
        explained = service.explain(PURPOSE, row.subject)
        for part, points in (
            (explained.exposure, row.exposure_points),
            (explained.trust, row.trust_points),
        ):
            shares = math.fsum(item.share for item in part.contributions)
            assert abs(part.value - shares) <= part.remainder_bound
            assert part.value == pytest.approx(shares + part.remainder, abs=1e-15)
            attributed = math.fsum(item.points for item in part.contributions)
            slope = 150 / 0.05
            assert attributed == pytest.approx(points, abs=slope * part.remainder_bound + 1e-9)
        parts = (
            explained.base_points,
            row.own_listing_points,
            row.exposure_points,
            row.trust_points,
            explained.cap_points,
            explained.range_points,
        )
        assert math.fsum(parts) == pytest.approx(row.score, abs=1e-10)


def test_shares_are_those_of_a_dense_inverse(service: Service) -> None:
    edges = {(1, 2): 10.0, (2, 3): 5.0, (3, 4): 2.0, (4, 1): 1.0, (2, 5): 7.0}
    service.store.append([trusts(a, b, w) for (a, b), w in edges.items()])
    service.store.append([listed(3, "marketplace-fraud", 0.8), listed(5, "marketplace-fraud", 0.3)])
    service.recompute(PURPOSE, as_of=AS_OF, tolerance=1e-9)
    weight = np.zeros((6, 6))
    for (a, b), w in edges.items():
        weight[a, b] = weight[b, a] = w
    rows = np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    beta = service.library.champion(PURPOSE).exposure.beta
    inverse = np.linalg.inv(np.eye(6) - beta * weight / rows)
    explained = service.explain(PURPOSE, account(1)).exposure
    shares = {item.source: item.share for item in explained.contributions}
    assert shares[account(3)] == pytest.approx((1 - beta) * inverse[1, 3] * 0.8, abs=1e-8)
    assert shares[account(5)] == pytest.approx((1 - beta) * inverse[1, 5] * 0.3, abs=1e-8)
    assert explained.contributions[0].share >= explained.contributions[1].share


def test_the_strongest_path_names_every_step_and_its_source_listing(service: Service) -> None:
    service.store.append([trusts(1, 2), trusts(2, 3), listed(3, "marketplace-fraud")])
    service.recompute(PURPOSE, as_of=AS_OF)
    explained = service.explain(PURPOSE, account(1))
    assert explained.exposure.paths[0].subjects == (account(1), account(2), account(3))
    assert explained.exposure.paths[0].hop_weights == (1.0, 0.5)
    source = explained.exposure.contributions[0]
    assert source.source == account(3)
    assert source.listings[0].list_name == "marketplace-fraud"
    assert explained.reasons[0].code == "EXPOSED_THROUGH_CONTACTS"


def test_a_subject_that_nothing_reaches_has_the_base_score_and_says_so(service: Service) -> None:
    service.store.append([trusts(1, 2), trusts(8, 9), listed(2, "marketplace-fraud")])
    service.recompute(PURPOSE, as_of=AS_OF)
    explained = service.explain(PURPOSE, account(8))
    assert explained.score.score == explained.base_points
    assert [reason.code for reason in explained.reasons] == ["NO_EVIDENCE"]


def test_own_listings_share_out_their_joint_points(service: Service) -> None:
    service.store.append(
        [
            trusts(1, 2),
            listed(1, "marketplace-fraud", 0.5),
            listed(1, "otc-known-fraud", 0.25),
        ]
    )
    service.recompute(PURPOSE, as_of=AS_OF)
    explained = service.explain(PURPOSE, account(1))
    own = [reason.points for reason in explained.reasons if reason.code == "OWN_BLACKLISTING"]
    assert sum(own) == pytest.approx(-300 * (1 - 0.5 * 0.75))
    assert sum(own) == pytest.approx(explained.score.own_listing_points)


def test_a_past_run_is_explained_on_the_evidence_of_its_time(service: Service) -> None:
    service.store.append([trusts(1, 2), listed(2, "marketplace-fraud", external_id="L")])
    old = service.recompute(PURPOSE, as_of=AS_OF)
    then = service.explain(PURPOSE, account(1))
    service.store.append(
        [Retraction(source="test", external_id="R", supersedes="L", reason="false")]
    )
    for number in range(5):
        service.store.append([trusts(1, 10 + number)])
        service.recompute(PURPOSE, as_of=AS_OF)
    assert service.explain(PURPOSE, account(1)).exposure.value == 0.0
    again = service.explain(PURPOSE, account(1), run_id=old.run_id)
    assert again.exposure == then.exposure


def test_an_unknown_subject_is_named_in_the_error(service: Service) -> None:
    service.store.append([trusts(1, 2)])
    service.recompute(PURPOSE, as_of=AS_OF)
    with pytest.raises(SubjectNotFoundError, match=r"account:77.*marketplace-integrity"):
        service.explain(PURPOSE, account(77))
