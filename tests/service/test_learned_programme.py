"""A programme that names a learned model: its line, its cap, its replay, and what it never does."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from graphsvc.app import Service
from graphsvc.breakdown import LinePart
from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import DefinitionError
from graphsvc.live.engine import LiveEngine
from graphsvc.model import Advice, Policy, Programme
from graphsvc.reasons import LEARNED_CODE
from graphsvc.runs import LEARNED_COLUMN
from graphsvc.scoring.learned import evidence_at, learned_probability
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.settings import Settings
from graphsvc.snapshot import build_snapshot
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts
from tests.service.with_model import MODEL, definitions

LINEAR = (LinePart.EXPOSURE, LinePart.TRUST, LinePart.ECHO, LinePart.REMAINDER)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = Settings(
        store=f"sqlite:///{tmp_path / 'store.db'}",
        data_dir=tmp_path / "data",
        definitions_dir=definitions(tmp_path / "own"),
    )
    with Service.open(settings) as found:
        rng = np.random.default_rng(0)
        start = AS_OF - timedelta(days=400)
        links = {(int(i), int(j)) for i, j in rng.integers(0, 12, (40, 2)) if i != j}
        found.store.append(
            [
                *(
                    trusts(i, j, 5.0 + i, valid_from=start + timedelta(days=30 * i))
                    for i, j in sorted(links)
                ),
                listed(0, "marketplace-fraud"),
                listed(1, "marketplace-verified"),
            ]
        )
        yield found


@pytest.fixture
def programme(service: Service) -> Programme:
    return service.library.programme("with-model")


def test_the_lines_with_the_models_own_among_them_add_up_to_the_last_bit(
    service: Service, programme: Programme
) -> None:
    run = service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    for key in range(12):
        told = service.explain(PURPOSE, account(key), programme=programme.name)
        assert math.fsum(line.points for line in told.lines) == told.score.score
        own = [line for line in told.lines if line.part is LinePart.LEARNED]
        assert [line.points for line in own] == [told.score.learned_points]
        assert MODEL.fingerprint[:12] in own[0].text
        assert -40.0 < own[0].points < 0.0
        # The linear lines are what they would be without it.
        linear = [line for line in told.lines if line.part in LINEAR]
        assert math.fsum(line.points for line in linear) == pytest.approx(
            told.score.exposure_points + told.score.trust_points, abs=1e-9
        )
    assert run.programme == "with-model"


def test_what_it_takes_is_its_points_times_the_models_probability(
    service: Service, programme: Programme
) -> None:
    purpose = service.library.purpose(PURPOSE)
    snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
    told = learned_probability(snapshot, programme, AS_OF)
    assert told is not None
    _, values = propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-9)
    assert values.points.learned is not None
    assert values.points.learned.tolist() == (-40.0 * told).tolist()
    together = values.points.exposure + values.points.trust + values.points.learned
    assert values.points.association.tolist() == together.tolist()


def test_the_cap_on_association_holds_for_it_too(service: Service, programme: Programme) -> None:
    purpose = service.library.purpose(PURPOSE).model_copy(update={"association_cap_points": 3.0})
    snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
    _, values = propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-9)
    assert np.abs(values.points.association).max() <= 3.0


def test_a_run_with_a_model_is_replayed_bit_for_bit(service: Service, programme: Programme) -> None:
    run = service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    assert service.replay(run.run_id).checksum == run.checksum


def test_a_job_makes_the_run_that_a_command_makes(service: Service, programme: Programme) -> None:
    run = service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    again = service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    assert again.checksum == run.checksum


def test_without_a_model_a_programme_and_its_payload_are_what_they_were(service: Service) -> None:
    plain = service.library.champion(PURPOSE)
    assert "learned" not in plain.canonical_json()
    purpose = service.library.purpose(PURPOSE)
    snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
    _, values = propagate_snapshot(snapshot, plain, purpose, AS_OF, 1e-9)
    assert values.points.learned is None
    service.recompute(PURPOSE, as_of=AS_OF)
    scores = service.scores(PURPOSE)
    assert not scores.column(LEARNED_COLUMN).any()


def test_what_the_model_takes_leads_to_review_at_most(
    service: Service, programme: Programme
) -> None:
    from graphsvc.advice import advise

    service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    scores = service.scores(PURPOSE, programme=programme.name)
    values = next(
        scores.at_rank(rank)
        for rank in range(len(scores))
        if scores.at_rank(rank).own_points == 0.0 and scores.at_rank(rank).association_points < -1.0
    )
    policy = Policy.model_validate(
        {
            "name": "strict",
            "purpose": PURPOSE,
            "rules": [
                {
                    "when": {"score_below": values.score + 0.5},
                    "advice": "step_up",
                    "reason_code": "LOW",
                    "text": "Low.",
                },
                {"advice": "standard", "reason_code": "USUAL", "text": "As usual."},
            ],
        }
    )
    found = advise(policy, programme, service.library.purpose(PURPOSE), values, "run")
    assert found.advice is Advice.REVIEW
    assert found.on_own_evidence is Advice.STANDARD


def test_the_subject_itself_reads_of_a_statistical_model(
    service: Service, programme: Programme
) -> None:
    service.recompute(PURPOSE, programme=programme.name, as_of=AS_OF)
    told = service.explain(PURPOSE, account(5), programme=programme.name)
    own = next(reason for reason in told.adverse if reason.code == LEARNED_CODE)
    assert own.text == "What a statistical model makes of its dealings and ties."


def test_a_programme_without_its_model_file_is_refused(tmp_path: Path) -> None:
    folder = definitions(tmp_path, fingerprint="f" * 64)
    with pytest.raises(DefinitionError) as refused:
        DefinitionLibrary.load(folder)
    assert str(refused.value) == (
        f"{folder / 'programmes' / 'mine.yaml'}:7: learned.fingerprint: learned model drawn: no "
        f"file in models/ beside the programmes has the fingerprint {'f' * 64}; put it (back) there"
    )


def test_a_model_of_other_links_is_refused_and_says_what_it_was_trained_on(tmp_path: Path) -> None:
    folder = definitions(tmp_path)
    file = folder / "programmes" / "mine.yaml"
    file.write_text(file.read_text().replace("weight_scale: 10", "weight_scale: 5"))
    with pytest.raises(DefinitionError) as refused:
        DefinitionLibrary.load(folder)
    said = str(refused.value)
    assert (
        f"learned.fingerprint: model {MODEL.fingerprint[:12]} was trained on other evidence" in said
    )
    assert "the programme has purpose marketplace-integrity; links trusts:1.0:linear:5.0;" in said
    assert "It was trained on drawn numbers: 40 subjects, 160 links" in said


def test_a_damaged_model_file_is_refused(tmp_path: Path) -> None:
    folder = definitions(tmp_path)
    (folder / "models" / "drawn.npz").write_bytes(b"nothing")
    with pytest.raises(DefinitionError, match=r"drawn\.npz: is no model file, or damaged"):
        DefinitionLibrary.load(folder)


def test_evidence_of_a_time_holds_nothing_that_came_later(
    service: Service, programme: Programme
) -> None:
    purpose = service.library.purpose(PURPOSE)
    then = AS_OF - timedelta(days=200)
    before = evidence_at(build_snapshot(service.store, purpose, as_of=AS_OF), programme, then)
    late = then + timedelta(days=1)
    service.store.append(
        [
            trusts(3, 9, 9.0, external_id="late", valid_from=late),
            listed(4, "marketplace-fraud", effective_from=late),
        ]
    )
    after = evidence_at(build_snapshot(service.store, purpose, as_of=AS_OF), programme, then)
    assert after.m == before.m
    assert after.bad.tolist() == before.bad.tolist()


def test_live_scores_keep_what_the_model_told_and_say_when(
    service: Service, programme: Programme
) -> None:
    purpose = service.library.purpose(PURPOSE)
    engine = LiveEngine(service.store, service.snapshots, [(purpose, [programme])], now=AS_OF)
    before = engine.reading(PURPOSE, account(3), programme=programme.name)
    assert before.live.learned_as_of == AS_OF
    assert before.values.learned_points < 0.0
    service.store.append([trusts(7, 3, 9.0, external_id="more"), listed(7, "marketplace-fraud")])
    engine.catch_up(now=AS_OF)
    after = engine.reading(PURPOSE, account(3), programme=programme.name)
    assert after.values.learned_points == before.values.learned_points
    assert after.values.exposure_points < before.values.exposure_points
    assert after.live.learned_as_of == AS_OF
    found = [one for one in engine.reconcile() if one.programme == programme.name]
    assert found[0].difference <= found[0].allowed
