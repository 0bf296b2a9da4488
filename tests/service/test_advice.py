from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.advice import advise, first_rule, without_adverse_association, without_any_record
from graphsvc.app import Service
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Advice, EventKind, Policy, Record, ReportStatus
from graphsvc.runs import SubjectScore
from graphsvc.scoring.scorecard import PointScale
from tests.service import worlds
from tests.service.samples import PURPOSE, account, event, listed, report, scored, trusts

LIBRARY = DefinitionLibrary.load()
PROGRAMME = LIBRARY.champion(PURPOSE)
DECLARED = LIBRARY.purpose(PURPOSE)
POLICY = LIBRARY.policy(PURPOSE)


def values(own: float, association: float, width: float = 300.0) -> SubjectScore:
    """Return a published score of this composition, banded as a run would band it."""
    total = PROGRAMME.scorecard.base + own + association
    score = min(max(total, PROGRAMME.scorecard.range_low), PROGRAMME.scorecard.range_high)
    band = [band.name for band in PROGRAMME.bands if band.starts_at <= score][-1]
    return SubjectScore(
        subject=account(1),
        score=score,
        exposure=0.0,
        trust=0.0,
        own_listing_points=own,
        exposure_points=min(association, 0.0),
        trust_points=max(association, 0.0),
        association_points=association,
        event_points=0.0,
        report_points=0.0,
        rejected_report_points=0.0,
        width=width,
        band=band,
    )


@settings(max_examples=300, deadline=None)
@given(st.floats(-300, 240), st.floats(-150, 150), st.floats(0, 540))
def test_no_adverse_advice_but_review_rests_on_association_alone(
    own: float, association: float, width: float
) -> None:
    row = values(own, association, width)
    given_advice = advise(POLICY, PROGRAMME, DECLARED, row, "r")
    alone = advise(POLICY, PROGRAMME, DECLARED, values(own, max(association, 0.0), width), "r")
    assert given_advice.on_own_evidence == alone.advice
    if given_advice.advice.is_adverse and not alone.advice.is_adverse:
        assert given_advice.advice is Advice.REVIEW
        assert given_advice.reasons[1].code == "ASSOCIATION_ONLY"
    else:
        standing = without_adverse_association(PROGRAMME, DECLARED, row)
        assert "ASSOCIATION_ONLY" not in {reason.code for reason in given_advice.reasons}
        if association >= 0:
            assert standing.score == row.score


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy at all, sensible or not, that ends in a rule without a condition."""
    rules = []
    for _ in range(draw(st.integers(0, 4))):
        when = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "score_at_least": st.integers(350, 950),
                    "score_below": st.integers(350, 950),
                    "bands": st.sets(
                        st.sampled_from([band.name for band in PROGRAMME.bands]), min_size=1
                    ),
                    "own_points_at_least": st.integers(-300, 240),
                    "own_points_below": st.integers(-300, 240),
                    "width_at_most": st.integers(0, 540),
                },
            )
        )
        advice = draw(st.sampled_from(list(Advice)))
        rules.append({"when": when, "advice": advice, "reason_code": "R", "text": "t"})
    rules.append({"advice": draw(st.sampled_from(list(Advice))), "reason_code": "L", "text": "t"})
    return Policy.model_validate({"name": "any", "purpose": PURPOSE, "rules": rules})


@settings(max_examples=300, deadline=None)
@given(policies(), st.floats(-300, 240), st.floats(-150, 0), st.floats(0, 540))
def test_the_safeguard_holds_under_any_policy_whatever_its_rules(
    policy: Policy, own: float, association: float, width: float
) -> None:
    advised = advise(policy, PROGRAMME, DECLARED, values(own, association, width), "r")
    alone = advise(policy, PROGRAMME, DECLARED, values(own, 0.0, width), "r")
    if not alone.advice.is_adverse:
        assert advised.advice in (
            Advice.REVIEW,
            Advice.STANDARD,
            Advice.FAST_CHECKOUT,
            Advice.WAIVE_DEPOSIT,
        )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(records=worlds.records())
def test_in_any_world_nobody_is_asked_for_more_because_of_contacts(
    make_service: Callable[..., Service], tmp_path: Path, records: list[Record]
) -> None:
    service = make_service(f"a{len(list(tmp_path.iterdir()))}")
    for row in scored(service, records).values():
        advised = service.advise(PURPOSE, row.subject)
        score = 650.0 + row.own_points + max(row.association_points, 0.0)
        if advised.advice is Advice.STEP_UP:
            assert score < 600.0


def test_a_subject_with_listed_contacts_only_is_looked_at_by_a_person(service: Service) -> None:
    records = [
        *[listed(f"bad{n}", "marketplace-fraud") for n in range(9)],
        *[trusts("clean", f"bad{n}") for n in range(9)],
        *[event(EventKind.CHARGEBACK, "own", external_id=f"c{n}") for n in range(3)],
    ]
    found = scored(service, records)
    assert found["clean"].score < 600.0
    clean = service.advise(PURPOSE, account("clean"))
    assert clean.advice is Advice.REVIEW
    assert clean.on_own_evidence is Advice.STANDARD
    assert [reason.code for reason in clean.reasons] == [
        "LOW_SCORE",
        "ASSOCIATION_ONLY",
        "CONTACTS",
    ]
    own = service.advise(PURPOSE, account("own"))
    assert (own.advice, own.on_own_evidence) == (Advice.STEP_UP, Advice.STEP_UP)


def test_a_record_of_ones_own_opens_the_fast_way(service: Service) -> None:
    orders = [event(EventKind.ORDER_COMPLETED, 1, external_id=f"o{n}") for n in range(30)]
    verified = event(EventKind.IDENTITY_VERIFIED, 1, external_id="i")
    seed = [listed(2, "marketplace-verified"), trusts(2, 1)]
    scored(service, [*orders, verified, *seed])
    advised = service.advise(PURPOSE, account(1))
    assert advised.advice is Advice.FAST_CHECKOUT
    assert advised.reasons[0].code == "GOOD_RECORD"
    effects = [abs(reason.points) for reason in advised.reasons[1:]]
    assert effects == sorted(effects, reverse=True)
    assert service.advise(PURPOSE, account(2)).advice is not Advice.FAST_CHECKOUT


@pytest.mark.parametrize("purpose", sorted({name for name, _ in LIBRARY.purposes}))
def test_every_shipped_purpose_has_a_policy_that_spares_whom_nothing_is_known_of(
    purpose: str,
) -> None:
    declared = LIBRARY.purpose(purpose)
    for programme in LIBRARY.programmes_of(purpose):
        standing = without_any_record(programme, declared)
        assert not first_rule(LIBRARY.policy(purpose), standing).advice.is_adverse
        assert standing.width == pytest.approx(
            _clipped(programme, standing.score + PointScale.of(programme, declared).own_span().high)
            - _clipped(
                programme, standing.score + PointScale.of(programme, declared).own_span().low
            )
        )


def _clipped(programme: object, score: float) -> float:
    return min(max(score, 350.0), 950.0)


def test_the_adverse_action_form_lists_four_factors_and_names_nobody_else(
    service: Service,
) -> None:
    scored(
        service,
        [
            listed("villain", "marketplace-fraud"),
            trusts("me", "villain"),
            trusts("me", "friend"),
            listed("seed", "marketplace-verified"),
            trusts("seed", "witness"),
            listed("me", "otc-known-fraud", 0.2),
            report("me", "witness"),
            report("me", "witness", status=ReportStatus.UPHELD, severity=0.4),
            report("other", "me", status=ReportStatus.REJECTED),
            *[event(EventKind.CHARGEBACK, "me", external_id=f"c{n}") for n in range(2)],
            event(EventKind.ORDER_COMPLETED, "me"),
        ],
    )
    explained = service.explain(PURPOSE, account("me"))
    points = [reason.points for reason in explained.adverse]
    assert len(points) == 4
    assert points == sorted(points)
    assert max(points) < 0
    told = " ".join(reason.text for reason in explained.adverse)
    for name in ("villain", "witness", "friend", "seed", "other"):
        assert name not in told
    everything = {
        line.code: line.points for line in explained.lines if line.code == "EVENT_CHARGEBACK"
    }
    assert everything
    chargebacks = next(r for r in explained.adverse if r.code == "EVENT_CHARGEBACK")
    assert chargebacks.points == pytest.approx(-200 * 2 / 4)
    assert chargebacks.text.startswith("Chargeback 2 times")
