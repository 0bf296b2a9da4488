"""What is measured is what the service does: the same records give the same points in both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import numpy as np
import pytest

from algorithms import auc
from benchmarks.proof import ring, stakes
from benchmarks.proof.declared import Evidence, Reading
from benchmarks.proof.grid import LinkSetting, Reach, Setting
from benchmarks.proof.judging import Judge
from benchmarks.proof.protocol import Questions
from benchmarks.proof.view import Links, View
from graphsvc.app import open_store
from graphsvc.definition_checks import programme_problems
from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import SubjectNotFoundError
from graphsvc.model import Direction, Link, LinkKind, Report, ReportCategory
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.settings import Settings
from graphsvc.snapshot import build_snapshot
from tests.service.samples import PURPOSE, account, listed

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
N = 30
LIBRARY = DefinitionLibrary.load()
PRESENT = Setting.of(LIBRARY.champion(PURPOSE), LinkKind.TRUSTS)
SETTINGS = (
    PRESENT,
    Setting(
        LinkSetting(Direction.AGAINST, "linear", 365.0, True),
        Reach(0.6, 3), 0.2, 75.0, 150.0, True, 365.0,
    ),
    Setting(
        LinkSetting(Direction.ALONG, "linear", None, True),
        Reach(0.3, None), 0.2, 150.0, 75.0, False, None,
    ),
)  # fmt: skip
READING = Reading(LinkKind.TRUSTS, 10.0, 1.0)


def judge_of(members):
    cap = LIBRARY.purpose(PURPOSE).association_cap_points
    return Judge(LIBRARY.champion(PURPOSE), members, stakes.RATINGS, cap, READING)


@pytest.fixture(scope="module")
def view():
    rng = np.random.default_rng(7)
    src, dst = rng.integers(0, N, 90), rng.integers(0, N, 90)
    pairs = np.unique(np.stack([src, dst], axis=1)[src != dst], axis=0)
    weight = rng.choice([-1.0, -0.3, 0.1, 0.5, 1.0], len(pairs))
    days = rng.integers(0, 900, len(pairs)).astype(float)
    days[0] = 900.0
    return View(N, Links(pairs[:, 0], pairs[:, 1], weight, days), np.arange(3), np.arange(3, 8))


@pytest.fixture(scope="module")
def snapshot(view, tmp_path_factory):
    """The view's links as the mapping of Bitcoin-OTC would import them; its labels as listings."""
    records = [listed(key, "marketplace-fraud") for key in view.bad.tolist()]
    records += [listed(key, "marketplace-verified") for key in view.good.tolist()]
    for number, (src, dst, weight, day) in enumerate(
        zip(view.links.src, view.links.dst, view.links.weight, view.links.time, strict=True)
    ):
        then = AS_OF - timedelta(days=900.0 - float(day))
        common = {"source": "test", "external_id": f"{number}"}
        if weight > 0.0:
            records.append(
                Link(
                    **common, kind=LinkKind.TRUSTS, src=account(src), dst=account(dst),
                    weight=float(weight) * 10.0, valid_from=then,
                )
            )  # fmt: skip
        else:
            records.append(
                Report(
                    **common, category=ReportCategory.DISTRUST, subject=account(dst),
                    reporter=account(src), severity=float(-weight), reported_at=then,
                )
            )  # fmt: skip
    folder = tmp_path_factory.mktemp("declared")
    store = open_store(Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder))
    try:
        outcomes = store.append(records)
        assert {outcome.status for outcome in outcomes} == {"accepted"}
        yield build_snapshot(store, LIBRARY.purpose(PURPOSE), as_of=AS_OF)
    finally:
        store.close()


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_points_that_are_measured_are_those_of_the_service(view, snapshot, setting):
    purpose = LIBRARY.purpose(PURPOSE)
    programme = setting.applied_to(LIBRARY.champion(PURPOSE), stakes.RATINGS)
    _, found = propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-9)
    known = [key for key in range(N) if _is_known(snapshot, key)]
    at = [snapshot.index_of(account(key)) for key in known]
    measured = judge_of([setting]).points(view, np.array(known))[0]
    told = found.points.association[at] + found.points.reports[at]
    assert len(known) > 25
    assert np.abs(told).max() > 20.0
    assert measured == pytest.approx(told, abs=0.05)


def test_leaving_out_what_does_not_matter_changes_no_order(view):
    # The judge scores once what must come out the same; here every member is scored by itself.
    points = ((0.0, 150.0), (150.0, 0.0), (75.0, 150.0))
    members = [
        Setting(PRESENT.links, reach, half, *each, counts, 730.0)
        for reach, half, each, counts in product(
            (Reach(0.6, 3), Reach(0.85, None)), (0.05, 0.2), points, (True, False)
        )
    ]
    judge, subjects = judge_of(members), np.arange(8, N)
    for seen in (view, View(view.n, view.links, view.bad, view.good[:0])):
        (found,) = judge(seen, [Questions(subjects, subjects % 3 == 0)])
        alone = [auc(subjects % 3 == 0, -row) for row in judge.points(seen, subjects)]
        assert found == pytest.approx(alone)
        assert np.unique(np.round(alone, 6)).size >= 3


def test_distrust_is_no_contact_and_praise_no_report(view):
    evidence = Evidence(view, READING)
    positive = View(view.n, view.links.only(view.links.weight > 0.0), view.bad, view.good)
    alone = Evidence(positive, READING)
    programme = LIBRARY.champion(PURPOSE)
    assert evidence.has_reports
    assert not alone.has_reports
    assert evidence.exposure(programme) == pytest.approx(alone.exposure(programme), abs=1e-4)
    assert not alone.reports(programme).any()


@pytest.mark.parametrize("bench", stakes.BENCHES, ids=lambda bench: bench.purpose)
def test_no_member_of_a_grid_breaks_a_safeguard(bench):
    purpose, programme = LIBRARY.purpose(bench.purpose), LIBRARY.champion(bench.purpose)
    members = stakes.members_of(bench, purpose)
    present = members[0]
    assert len(members) == len(set(members)) > 30
    for member in members:
        assert max(member.exposure_points, member.trust_points) <= purpose.association_cap_points
        assert member.exposure_points <= present.exposure_points
        assert member.trust_points <= present.trust_points
        assert member.half_points_at >= present.half_points_at
    for member in {(each.links, each.reach): each for each in members}.values():
        declared = member.applied_to(programme, bench.kinds)
        assert not list(programme_problems(declared, purpose))
        assert Setting.of(declared, min(bench.kinds)) == member


@pytest.mark.parametrize("purpose", ["marketplace-integrity", "payment-fraud"])
def test_whatever_lets_a_ring_gain_more_than_by_hand_is_left_out(purpose):
    bench = next(each for each in stakes.BENCHES if each.purpose == purpose)
    declared, by_hand = LIBRARY.purpose(purpose), bench.by_hand
    steeper = replace(
        by_hand, half_points_at=0.01, links=replace(by_hand.links, carries_trust=True)
    )
    shorter = replace(by_hand, reach=Reach(0.3, 2), trust_points=75.0)
    cap = declared.association_cap_points
    judge = Judge(
        LIBRARY.champion(purpose), [by_hand, steeper, shorter], bench.kinds, cap,
        bench.stakes[0].reading,
    )  # fmt: skip
    kept = ring.harmless(judge, has_reports=bench.has_reports)
    assert kept.tolist() == [True, False, True]


def test_a_payment_is_no_voucher_who_is_paid_gains_nothing_by_hand():
    bench = next(each for each in stakes.BENCHES if each.purpose == "payment-fraud")
    carrying = replace(bench.by_hand, links=replace(bench.by_hand.links, carries_trust=True))
    judge = Judge(
        LIBRARY.champion("payment-fraud"), [bench.by_hand, carrying], bench.kinds, 150.0,
        bench.stakes[0].reading,
    )  # fmt: skip
    by_hand, carried = ring.harm(judge, has_reports=False)[:, ::2]
    assert not by_hand.any()
    assert (carried > 10.0).all()


def _is_known(snapshot, key):
    try:
        snapshot.index_of(account(key))
    except SubjectNotFoundError:
        return False
    return True
