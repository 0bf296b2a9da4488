"""A backtest reads nothing of the future: planted leaks change nothing, and a leaky reader shows.

The store's clock is turned, so that records come to be recorded over a year, not within a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from graphsvc.app import Service
from graphsvc.backtest import Backtest, Knowledge, Plan, parse_outcome
from graphsvc.backtest.past import require_no_later_record
from graphsvc.errors import InvalidInputError, SnapshotError
from graphsvc.model import AuditAction, EventKind, Record, ReportStatus
from tests.backtest.conftest import START, Clock
from tests.service.samples import PURPOSE, account, event, listed, report, trusts

NOW = START + timedelta(days=365)
MEMBERS = 60


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def plan_of(service: Service, *outcomes: str, **more: object) -> Plan:
    values: dict[str, object] = {
        "first": day(60),
        "last": day(120),
        "every": timedelta(days=60),
        "horizon": timedelta(days=60),
        "outcomes": tuple(
            parse_outcome(text, service.library.purpose(PURPOSE)) for text in outcomes
        ),
    }
    return Plan(**(values | more))  # type: ignore[arg-type]


def history(service: Service, set_clock: Clock, *, leaks: bool) -> None:
    """Live through a year: who has chargebacks early is somewhat likelier to be listed later."""
    rng = np.random.default_rng(11)
    careless = rng.random(MEMBERS) < 0.5
    listed_later = rng.random(MEMBERS) < np.where(careless, 0.5, 0.2)

    def live(until: float, *records: Record) -> None:
        set_clock(day(until))
        outcomes = service.store.append(records)
        assert {outcome.status for outcome in outcomes} == {"accepted"}

    live(1, *(trusts(n, (n + 1) % MEMBERS, valid_from=day(0.5)) for n in range(MEMBERS)))
    live(
        30,
        *(
            event(EventKind.CHARGEBACK, n, occurred_at=day(20))
            for n in range(MEMBERS)
            if careless[n]
        ),
    )
    victims = [n for n in range(MEMBERS) if listed_later[n]]
    for n in victims[::2]:
        live(80, listed(n, "marketplace-fraud", effective_from=day(79), until=day(700)))
    for n in victims[1::2]:
        live(150, listed(n, "marketplace-fraud", effective_from=day(149), until=day(700)))
    if leaks:
        # Recorded when the outcome was known, dated before the time that is tested.
        backdated = [
            event(
                EventKind.CHARGEBACK, n, occurred_at=day(10 + step), external_id=f"leak:{n}:{step}"
            )
            for n in victims[::2]
            for step in range(4)
        ]
        reports = [
            report(n, None, reported_at=day(15), status=ReportStatus.UPHELD, external_id=f"up:{n}")
            for n in victims[::2]
        ]
        live(200, *backdated, *reports)


def told(result: Backtest) -> list[object]:
    return [(cut.at, cut.left_out, cut.all, cut.thin_file, cut.full_file) for cut in result.cuts]


def test_planted_leaks_change_nothing_and_a_leaky_reader_would_show(
    either_service: Service, set_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = either_service
    history(service, set_clock, leaks=True)
    plan = plan_of(service, "listing:marketplace-fraud")
    blind = service.backtest(PURPOSE, plan, now=NOW, actor="ann")
    # What was recorded until the last window ended, and not a record more.
    assert [cut.known_at for cut in blind.cuts] == [
        service.store.sequence_at(cut.at) for cut in blind.cuts
    ]
    assert blind.overall.bad > 10
    assert blind.overall.auc is not None
    assert blind.overall.auc.value < 0.85

    # A reader who takes all that is recorded today for what was known then.
    last = service.store.last_sequence()
    monkeypatch.setattr(service.store, "sequence_at", lambda at: last)
    leaky = service.backtest(PURPOSE, plan, now=NOW)
    assert leaky.cuts[0].all.auc is not None
    assert blind.cuts[0].all.auc is not None
    assert leaky.cuts[0].all.auc.value > blind.cuts[0].all.auc.value + 0.1
    assert leaky.cuts[0].all.auc.value > 0.95


def test_with_and_without_the_leaks_every_figure_is_the_same(
    set_clock: Clock, make_backtest_service: Callable[[str], Service]
) -> None:
    found = []
    for name in ("clean", "leaky"):
        service = make_backtest_service(name)
        history(service, set_clock, leaks=name == "leaky")
        plan = plan_of(service, "listing:marketplace-fraud")
        found.append(told(service.backtest(PURPOSE, plan, now=NOW)))
    assert found[0] == found[1]


def test_an_outcome_within_its_window_is_no_evidence_at_its_time(
    make_backtest_service: Callable[[str], Service], set_clock: Clock
) -> None:
    service = make_backtest_service("one")
    set_clock(day(1))
    service.store.append(
        [event(EventKind.ORDER_COMPLETED, n, occurred_at=day(0.5)) for n in range(40)]
    )
    for n in range(0, 40, 4):
        set_clock(day(61 + n))
        service.store.append([event(EventKind.CHARGEBACK, n, occurred_at=day(60.5 + n))])
    plan = plan_of(service, "event:chargeback", last=day(60))
    (cut,) = service.backtest(PURPOSE, plan, now=NOW).cuts
    assert (cut.all.subjects, cut.all.bad) == (40, 10)
    assert cut.all.auc is not None
    # All looked alike at the time, so that nothing could be told.
    assert cut.all.auc.value == 0.5


def test_what_came_to_light_in_the_window_is_an_outcome_of_it(
    make_backtest_service: Callable[[str], Service], set_clock: Clock
) -> None:
    service = make_backtest_service("one")
    set_clock(day(1))
    service.store.append([trusts(1, 2, valid_from=day(0.5)), trusts(3, 2, valid_from=day(0.5))])
    set_clock(day(70))
    service.store.append([listed(1, "marketplace-fraud", effective_from=day(5), until=day(700))])
    set_clock(day(130))
    service.store.append([listed(3, "marketplace-fraud", effective_from=day(100), until=day(700))])
    first, second = service.backtest(
        PURPOSE, plan_of(service, "listing:marketplace-fraud"), now=NOW
    ).cuts
    # By dates alone the first would have been listed before, and the other within the first window.
    assert (first.all.subjects, first.all.bad, first.left_out) == (3, 1, 0)
    assert (second.all.subjects, second.all.bad, second.left_out) == (2, 1, 1)


def test_imported_history_is_tested_by_its_dates_without_its_decisions(
    make_backtest_service: Callable[[str], Service],
) -> None:
    service = make_backtest_service("one")
    service.store.append(
        [
            *(trusts(n, n + 1, valid_from=day(1)) for n in range(20)),
            trusts(100, 101, valid_from=day(90)),
            report(3, None, reported_at=day(10), status=ReportStatus.UPHELD),
            report(4, None, reported_at=day(10)),
            listed(5, "marketplace-fraud", effective_from=day(80), until=day(700)),
            listed(6, "marketplace-fraud", effective_from=day(10), until=day(700)),
        ]
    )
    plan = plan_of(service, "listing:marketplace-fraud", last=day(60))
    strict = service.backtest(PURPOSE, plan, now=NOW)
    assert strict.overall.subjects == 0
    assert any("nobody was known" in note for note in strict.notes)
    (cut,) = service.backtest(PURPOSE, replace(plan, knowledge=Knowledge.DATED), now=NOW).cuts
    # Of 0 … 20 the sixth is listed already; 100 and 101 came later.
    assert (cut.all.subjects, cut.all.bad, cut.left_out) == (20, 1, 1)


def test_a_snapshot_that_knows_too_much_is_refused(
    make_backtest_service: Callable[[str], Service],
) -> None:
    service = make_backtest_service("one")
    service.store.append([trusts(1, 2), trusts(2, 3)])
    snapshot = service.snapshot(PURPOSE)
    require_no_later_record(snapshot, 2)
    with pytest.raises(SnapshotError, match="record 2 is in what was known at 1"):
        require_no_later_record(snapshot, 1)


def test_a_window_that_has_not_ended_is_refused(
    make_backtest_service: Callable[[str], Service],
) -> None:
    service = make_backtest_service("one")
    plan = plan_of(service, "listing:marketplace-fraud")
    with pytest.raises(InvalidInputError, match="ends only on 2024-06-29"):
        service.backtest(PURPOSE, plan, now=day(170))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("event:order_completed", "speaks for a subject"),
        ("event:nonsense", "names no kind of event"),
        ("event:bill_paid", "not permitted"),
        ("listing:elsewhere", "not permitted"),
        ("report:open", "write event:KIND"),
        ("listing:", "write event:KIND"),
    ],
)
def test_an_outcome_is_refused_where_it_is_none_or_not_permitted(
    make_backtest_service: Callable[[str], Service], text: str, said: str
) -> None:
    purpose = make_backtest_service("one").library.purpose(PURPOSE)
    with pytest.raises(InvalidInputError, match=said):
        parse_outcome(text, purpose)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"every": timedelta(0)}, "longer than nothing"),
        ({"last": day(1)}, "before --from"),
        ({"every": timedelta(minutes=1)}, "more than 500"),
        ({"outcomes": ()}, "at least one"),
    ],
)
def test_a_plan_that_tests_nothing_or_too_much_is_refused(
    make_backtest_service: Callable[[str], Service], more: dict[str, object], said: str
) -> None:
    service = make_backtest_service("one")
    with pytest.raises(InvalidInputError, match=said):
        plan_of(service, "report:upheld", **more)


def test_a_backtest_is_noted_and_publishes_nothing(
    make_backtest_service: Callable[[str], Service], set_clock: Clock
) -> None:
    service = make_backtest_service("one")
    history(service, set_clock, leaks=False)
    service.backtest(PURPOSE, plan_of(service, "report:upheld"), now=NOW, actor="ann")
    assert service.runs() == []
    (entry,) = service.store.audit_entries()
    assert (entry.draft.actor, entry.draft.action) == ("ann", AuditAction.BACKTEST)
    assert entry.draft.purpose == PURPOSE
    assert account(1).key not in entry.draft.detail.split()
