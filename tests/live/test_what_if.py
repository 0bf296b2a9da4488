"""What would be, without touching what is; and the least that would have to change."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.errors import InvalidInputError, NotFoundError, SubjectNotFoundError
from graphsvc.live.engine import LiveEngine
from graphsvc.live.what_if import Hypothesis, decided
from graphsvc.model import EventKind, LinkKind, Record, ReportStatus, Retraction
from tests.live.test_live_scores import (
    engine_of,
    fresh_service,
    from_scratch,
    histories,
)
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

CHAMPION = "marketplace-integrity-linear"


@pytest.fixture
def service() -> Iterator[Service]:
    with fresh_service() as service:
        service.store.append(
            [
                trusts("shop", "supplier"),  # 1
                trusts("far", "shop"),  # 2
                trusts("shop", "other"),  # 3
                listed("supplier", "marketplace-fraud"),  # 4
                event(EventKind.CHARGEBACK, "shop"),  # 5
                report("shop", "far"),  # 6
                listed("far", "sybil-known-benign"),  # 7
                listed("other", "otc-known-fraud", 0.2),  # 8
            ]
        )
        yield service


def withdrawn(sequences: Sequence[int], service: Service) -> list[Record]:
    """Return the retractions that would make a hypothesis true."""
    found = [service.store.record_at(sequence) for sequence in sequences]
    return [
        Retraction(
            source=stored.record.source,
            external_id=f"w{stored.sequence}",
            supersedes=stored.record.external_id,
            reason="x",
        )
        for stored in found
        if stored is not None
    ]


def all_scores(engine: LiveEngine) -> np.ndarray:
    return engine.programme(PURPOSE).scores.copy()


@pytest.mark.parametrize("sequences", [[4], [1], [5], [6], [7], [4, 8], [1, 3, 5], [2, 4, 7]])
def test_what_if_says_what_then_comes_true_and_moves_nothing(
    service: Service, sequences: list[int]
) -> None:
    engine = engine_of(service)
    before = all_scores(engine)
    answer = engine.what_if(PURPOSE, Hypothesis(frozenset(sequences)))
    assert all_scores(engine).tolist() == before.tolist()
    said = {change.subject.key: change for change in answer.changes}
    service.store.append(withdrawn(sequences, service))
    wanted = from_scratch(service, CHAMPION, AS_OF)
    index_of = {key: engine.score(PURPOSE, account(key)).score for key in wanted}
    for key, score in wanted.items():
        told = said[key].after if key in said else index_of[key]
        assert told is not None
        assert abs(told - score) <= answer.bound + 1e-6


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), data=st.data())
def test_of_any_history_any_records_may_be_thought_away(
    history: list[list[Record]], data: st.DataObject
) -> None:
    with fresh_service() as service:
        engine = engine_of(service)
        for batch in history:
            service.store.append(batch)
        engine.catch_up(AS_OF)
        evidence = engine.evidence(PURPOSE)
        in_force = [
            number
            for number in range(1, service.store.last_sequence() + 1)
            if evidence.touched_by(number).subjects or evidence.touched_by(number).pairs
        ]
        if not in_force:
            return
        chosen = data.draw(st.lists(st.sampled_from(in_force), min_size=1, unique=True))
        before = all_scores(engine)
        answer = engine.what_if(PURPOSE, Hypothesis(frozenset(chosen)))
        assert all_scores(engine).tolist() == before.tolist()
        said = {change.subject.key: change.after for change in answer.changes}
        live = {
            key: engine.score(PURPOSE, account(key)).score
            for key in from_scratch(service, CHAMPION, AS_OF)
        }
        service.store.append(withdrawn(chosen, service))
        for key, score in from_scratch(service, CHAMPION, AS_OF).items():
            assert abs((said.get(key) or live[key]) - score) <= answer.bound + 1e-6


def test_what_if_a_report_were_upheld(service: Service) -> None:
    engine = engine_of(service)
    answer = engine.what_if(PURPOSE, decided(service.store, 6, ReportStatus.UPHELD))
    (first, *_) = answer.changes
    assert first.subject == account("shop")
    assert first.points < 0
    rejected = engine.what_if(PURPOSE, decided(service.store, 6, ReportStatus.REJECTED))
    said = {change.subject.key: change.points for change in rejected.changes}
    assert said["shop"] > 0 > said["far"]


def test_what_if_a_record_were_put_in(service: Service) -> None:
    engine = engine_of(service)
    answer = engine.what_if(PURPOSE, Hypothesis(also=(listed("other", "marketplace-fraud"),)))
    assert {change.subject.key for change in answer.changes} >= {"other", "shop"}
    link = Hypothesis(also=(trusts("far", "supplier", external_id="n"),))
    assert {c.subject.key for c in engine.what_if(PURPOSE, link).changes} >= {"far"}


def test_ten_at_once_do_not_disturb_each_other(service: Service) -> None:
    engine = engine_of(service)
    hypotheses = [Hypothesis(frozenset({number})) for number in (1, 2, 3, 4, 5, 6, 7, 8, 4, 1)]
    alone = [engine.what_if(PURPOSE, hypothesis) for hypothesis in hypotheses]
    answers: dict[int, object] = {}

    def ask(place: int) -> None:
        answers[place] = engine.what_if(PURPOSE, hypotheses[place])

    threads = [threading.Thread(target=ask, args=[place]) for place in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answers[place] for place in range(10)] == alone


def test_what_is_not_in_force_cannot_be_thought_away(service: Service) -> None:
    engine = engine_of(service)
    with pytest.raises(NotFoundError, match="record 99 is not in force"):
        engine.what_if(PURPOSE, Hypothesis(frozenset({99})))
    with pytest.raises(NotFoundError, match="no report 4"):
        decided(service.store, 4, ReportStatus.UPHELD)
    with pytest.raises(SubjectNotFoundError):
        engine.what_if(PURPOSE, Hypothesis(also=(listed("stranger", "marketplace-fraud"),)))
    forbidden = listed("shop", "credit-fraud")
    with pytest.raises(InvalidInputError, match="not permitted"):
        engine.what_if(PURPOSE, Hypothesis(also=(forbidden,)))
    household = trusts("shop", "far", kind=LinkKind.HOUSEHOLD, external_id="h")
    with pytest.raises(InvalidInputError):
        engine.what_if(PURPOSE, Hypothesis(also=(household,)))
    assert engine.programme(PURPOSE).n == 4


def reaches(engine: LiveEngine, chosen: Sequence[int], goal: float) -> bool:
    answer = engine.what_if(PURPOSE, Hypothesis(frozenset(chosen)))
    said = {change.subject: change.after for change in answer.changes}
    found = said.get(account("shop"), engine.score(PURPOSE, account("shop")).score)
    return found is not None and found >= goal


def test_the_fewest_records_that_would_bring_it_above_a_goal(service: Service) -> None:
    engine = engine_of(service)
    now = engine.score(PURPOSE, account("shop")).score
    candidates = [4, 5, 6, 8]
    best = engine.what_if(PURPOSE, Hypothesis(frozenset(candidates)))
    top = next(change.after for change in best.changes if change.subject == account("shop"))
    assert top is not None
    for share in (0.2, 0.5, 0.8, 0.999):
        goal = now + share * (top - now)
        found = engine.what_would_change_it(PURPOSE, account("shop"), goal)
        assert found is not None
        assert found.is_smallest
        assert found.score >= goal
        assert set(found.sequences) <= set(candidates)
        for size in range(len(found.sequences)):
            for smaller in itertools.combinations(candidates, size):
                assert not reaches(engine, smaller, goal)
    assert engine.what_would_change_it(PURPOSE, account("shop"), top + 50) is None
    already = engine.what_would_change_it(PURPOSE, account("shop"), now - 1)
    assert already is not None
    assert already.sequences == ()


def test_of_many_records_none_of_the_answer_is_superfluous(service: Service) -> None:
    bad = [event(EventKind.CHARGEBACK, "shop", external_id=f"c{n}") for n in range(14)]
    service.store.append([replace(one, value=None) for one in bad])
    engine = engine_of(service)
    base = engine.score(PURPOSE, account("shop")).score
    found = engine.what_would_change_it(PURPOSE, account("shop"), base + 100)
    assert found is not None
    assert reaches(engine, found.sequences, base + 100)
    for one in found.sequences:
        rest = [other for other in found.sequences if other != one]
        assert not reaches(engine, rest, base + 100)
