"""From evidence to one score, on either store: the same behaviour, and the same bits."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

import pytest

from graphsvc.app import Service
from graphsvc.model import Advice, EventKind, ReportStatus
from graphsvc.settings import Settings
from graphsvc.world import WorldSettings, generate, load_world, story_shop
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, scored, trusts
from tests.service.test_forbidden_evidence import evidence, told

CHALLENGER = "marketplace-integrity-near"


@pytest.fixture
def service(either_service: Service) -> Service:
    return either_service


def test_what_a_purpose_forbids_moves_no_byte_of_any_output(service: Service) -> None:
    purpose = service.library.purpose(PURPOSE)
    service.store.append(evidence(purpose, permitted=True))
    before = told(service, PURPOSE)
    service.store.append(evidence(purpose, permitted=False))
    assert told(service, PURPOSE) == before


def test_champion_and_challenger_stand_side_by_side(service: Service) -> None:
    scored(service, [event(EventKind.CHARGEBACK, "ann"), listed("bob", "marketplace-fraud")])
    service.recompute(PURPOSE, as_of=AS_OF, programme=CHALLENGER)
    (champion, one), (challenger, other) = service.side_by_side(PURPOSE, account("ann"))
    assert (champion.programme, challenger.programme) == (f"{PURPOSE}-linear", CHALLENGER)
    assert other.score < one.score < 650


def test_fake_reporters_together_cannot_do_what_one_upheld_report_does(service: Service) -> None:
    base = scored(service, [event(EventKind.ORDER_COMPLETED, "ann")])["ann"].score
    fakes = scored(service, [report("ann", f"fake-{number}") for number in range(200)])
    upheld = scored(service, [report("ann", None, status=ReportStatus.UPHELD)])["ann"].score
    assert fakes["ann"].score == base
    assert upheld < base - 20


def test_a_listing_ends_by_itself_for_everyone_that_it_reached(service: Service) -> None:
    service.store.append(
        [
            trusts("shop", "bad"),
            listed("bad", "marketplace-fraud", until=AS_OF + timedelta(days=1)),
        ]
    )
    service.recompute(PURPOSE, as_of=AS_OF)
    during = service.scores(PURPOSE).score(account("shop"))
    service.recompute(PURPOSE, as_of=AS_OF + timedelta(days=1))
    after = service.scores(PURPOSE).score(account("shop"))
    assert during.exposure_points < 0
    assert (after.exposure_points, after.score) == (0.0, 650.0)


def test_a_thin_file_is_no_worse_than_none_and_its_width_says_how_thin(service: Service) -> None:
    found = scored(
        service,
        [
            trusts("seed", "thin"),
            listed("seed", "marketplace-verified"),
            event(EventKind.ORDER_COMPLETED, "thin"),
            *[
                event(EventKind.ORDER_COMPLETED, "thick", external_id=f"o{number}")
                for number in range(40)
            ],
        ],
    )
    assert found["thin"].score > 650
    assert found["thin"].trust_points > 0
    assert found["thin"].width > found["thick"].width > 0


def test_an_adverse_advice_on_association_alone_is_for_a_person(service: Service) -> None:
    ring = [trusts("shop", f"bad-{number}") for number in range(5)]
    lists = [listed(f"bad-{number}", "marketplace-fraud") for number in range(5)]
    scored(service, [*ring, *lists])
    advised = service.advise(PURPOSE, account("shop"))
    assert advised.advice is Advice.REVIEW
    assert not advised.on_own_evidence.is_adverse
    assert "ASSOCIATION_ONLY" in {reason.code for reason in advised.reasons}


def test_a_generated_marketplace_scores_to_the_same_bits_and_every_line_adds_up(
    service: Service, tmp_path: Path
) -> None:
    world = generate(WorldSettings(subjects=1_000))
    story = story_shop(world)
    loaded = load_world(world, service.store)
    assert loaded.accepted == sum(world.count_records().values())
    run = service.recompute(PURPOSE, as_of=story.moment)
    for subject in (story.shop, story.supplier):
        explanation = service.explain(PURPOSE, subject)
        assert math.fsum(line.points for line in explanation.lines) == explanation.score.score
        assert len(explanation.adverse) <= 4
    beside = Settings(store=f"sqlite:///{tmp_path / 'beside.db'}", data_dir=tmp_path / "beside")
    with Service.open(beside) as other:
        load_world(world, other.store)
        assert other.recompute(PURPOSE, as_of=story.moment).checksum == run.checksum
