"""A learned model's lessons know what was in the store at their time, not what is dated so."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from algorithms.learned import Lesson
from graphsvc.app import Service
from graphsvc.backtest import Knowledge
from graphsvc.errors import InvalidInputError
from graphsvc.learning import Schooling, known_by, lessons_from
from tests.backtest.conftest import START, Clock
from tests.service.samples import PURPOSE, listed, trusts

DAY = timedelta(days=1)
FOUND_OUT, NEVER = [0, 2, 4], [1, 3, 5]


def lessons_of(service: Service, knowledge: Knowledge, *, as_of: datetime) -> list[Lesson]:
    plan = Schooling(as_of=as_of, period=50 * DAY, periods=2, knowledge=knowledge)
    known = known_by(
        service.store, service.snapshots, service.library.purpose(PURPOSE), plan.knowledge
    )
    return lessons_from(known, service.library.champion(PURPOSE), plan)


def asked_and_bad(lesson: Lesson) -> tuple[int, int]:
    return lesson.subjects.size, int(lesson.bad.sum())


def test_a_listing_that_was_dated_back_is_not_known_before_it_was_recorded(
    either_service: Service, set_clock: Clock
) -> None:
    set_clock(START)
    links = [trusts(n, (n + 1) % 6, valid_from=START - DAY) for n in range(6)]
    either_service.store.append(links)
    set_clock(START + 70 * DAY)
    either_service.store.append(
        [listed(n, "marketplace-fraud", effective_from=START + DAY) for n in FOUND_OUT]
    )
    as_of = START + 100 * DAY + timedelta(seconds=1)
    first, second = lessons_of(either_service, Knowledge.RECORDED, as_of=as_of)
    assert [first.evidence.bad.size, second.evidence.bad.size] == [0, 0]
    # Nobody was listed when the first period ended; who was listed later is not called good.
    assert asked_and_bad(first) == (len(NEVER), 0)
    assert asked_and_bad(second) == (len(FOUND_OUT + NEVER), len(FOUND_OUT))
    leaky, after = lessons_of(either_service, Knowledge.DATED, as_of=as_of)
    assert leaky.bad.sum() == len(FOUND_OUT)
    assert after.evidence.bad.size == len(FOUND_OUT)


def test_a_period_without_anybody_known_says_how_imported_history_is_read(
    either_service: Service, set_clock: Clock
) -> None:
    set_clock(START + 90 * DAY)
    either_service.store.append([trusts(1, 2, valid_from=START - DAY)])
    as_of = START + 100 * DAY
    with pytest.raises(InvalidInputError) as caught:
        lessons_of(either_service, Knowledge.RECORDED, as_of=as_of)
    assert str(caught.value) == (
        "on 2024-01-01 nobody was known whom a lesson could ask about; history that was imported "
        "later was not in the store then: --knowledge dated believes its dates"
    )
    assert [asked_and_bad(x) for x in lessons_of(either_service, Knowledge.DATED, as_of=as_of)] == [
        (2, 0),
        (2, 0),
    ]
