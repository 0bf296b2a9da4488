"""Live scores in a server: they follow, outlast the store, and honour what is taken back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.changes import ScoreChange
from graphsvc.errors import (
    InvalidInputError,
    LiveBuildingError,
    LiveOffError,
    StoreUnavailableError,
    SubjectNotFoundError,
)
from graphsvc.live.change_batch import PublishedChange
from graphsvc.live.changelog import ChangeLog, Place
from graphsvc.live.cursor import Cursor, Moment
from graphsvc.live.following import CHECKPOINT, Following, LiveEvent, ResyncReason, Wanted
from graphsvc.live.host import READERS, LiveHost
from graphsvc.model import EventKind, Record, ReportStatus, SubjectRef
from graphsvc.store.ports import Store
from tests.gql.conftest import WatchedStore
from tests.live.test_live_scores import fresh_service, from_scratch, histories
from tests.service.samples import PURPOSE, account, event, listed, report, trusts

CHAMPION = "marketplace-integrity-linear"
REPORTED = 0.1


def until(holds: Callable[[], bool], timeout_s: float = 30.0) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "it has not come to pass"
        time.sleep(0.01)


@contextmanager
def hosted(service: Service, *, poll_s: float = 30.0) -> Iterator[LiveHost]:
    """A host that has built; by default only its own process's records wake it in time."""
    with LiveHost(service, [PURPOSE], poll_s=poll_s) as host:
        until(lambda: host.is_built)
        yield host


def felt(host: LiveHost, service: Service) -> None:
    until(lambda: host.status()[0].sequence == service.store.last_sequence())
    # The step is over when its changes are told.
    until(lambda: host.of(PURPOSE).life().changes.last == numbered(host))


def numbered(host: LiveHost) -> int:
    return host.of(PURPOSE).life().engine.standing(PURPOSE)[0]


def score(host: LiveHost, key: object) -> float:
    return host.of(PURPOSE).reading(account(key)).reading.live.score


def world() -> list[Record]:
    return [
        trusts("shop", "supplier"),
        trusts("far", "shop"),
        listed("seed", "sybil-known-benign"),
        trusts("seed", "witness"),
        event(EventKind.ORDER_COMPLETED, "shop"),
    ]


@pytest.fixture
def service() -> Iterator[Service]:
    with fresh_service() as service:
        service.store.append(world())
        yield service


class Picture:
    """What a client makes of the events that it gets, by the rules that it is told."""

    def __init__(self) -> None:
        self.scores: dict[SubjectRef, float] = {}
        self.cursor: Cursor | None = None
        self.numbers: list[int] = []
        self.resyncs: list[tuple[ResyncReason, bool]] = []
        self._collected: dict[SubjectRef, float] = {}

    def take(self, event: LiveEvent) -> None:
        self.cursor = event.cursor
        told = {seen.change.subject: seen.change.after for seen in event.changes}
        if event.resync is None:
            for seen in event.changes:
                assert seen.number is not None
                self.numbers.append(seen.number)
                known, before = self.scores.get(seen.change.subject), seen.change.before
                if known is not None and before is not None:
                    apart = 0.0 if not self.resyncs else REPORTED + seen.change.bound
                    assert abs(before - known) <= apart, "a change has been missed"
                if seen.change.after is not None:  # one event may tell of a subject twice
                    self.scores[seen.change.subject] = seen.change.after
        if event.resync is not None and event.resync.is_full:
            self._collected |= {name: after for name, after in told.items() if after is not None}
            if event.resync.is_last:
                self.scores, self._collected = self._collected, {}
        else:
            for name, after in told.items():
                if after is None:
                    self.scores.pop(name, None)
                else:
                    self.scores[name] = after
        if event.resync is not None and event.resync.is_last:
            self.resyncs.append((event.resync.reason, event.resync.is_full))

    def drain(self, following: Following) -> None:
        while (event := following.next()) is not None:
            self.take(event)

    def is_that_of(self, host: LiveHost, subjects: list[str]) -> None:
        for key in subjects:
            assert abs(self.scores[account(key)] - score(host, key)) <= REPORTED, key


def follow(host: LiveHost, picture: Picture, **wanted: object) -> Following:
    asked = Wanted(**wanted)  # type: ignore[arg-type]
    return Following(host.of(PURPOSE), asked, picture.cursor)


def picture_of_all(host: LiveHost, service: Service) -> Picture:
    """A client that has read every score once, with a cursor to go on from."""
    picture = Picture()
    everybody = from_scratch(service, CHAMPION, datetime.now(UTC))
    readings = {key: host.of(PURPOSE).reading(account(key)) for key in everybody}
    picture.scores = {account(key): one.reading.live.score for key, one in readings.items()}
    picture.cursor = next(iter(readings.values())).cursor
    return picture


def test_what_this_process_records_is_felt_without_waiting_for_the_next_look(
    service: Service,
) -> None:
    with hosted(service) as host:
        before = score(host, "far")
        service.store.append([listed("supplier", "marketplace-fraud")])
        felt(host, service)
        assert score(host, "far") < before
        wanted = from_scratch(service, CHAMPION, datetime.now(UTC))
        for key, value in wanted.items():
            found = host.of(PURPOSE).reading(account(key))
            assert abs(found.reading.live.score - value) <= found.reading.live.bound.score + 1e-6
            parts = found.reading.values
            added = 650 + parts.own_points + parts.association_points
            assert parts.score == pytest.approx(min(max(added, 350), 950), abs=1e-9)
            assert parts.band is not None


def test_what_other_processes_record_is_found_by_looking(service: Service) -> None:
    with hosted(service, poll_s=0.05) as host, Service.open(service.settings) as other:
        before = score(host, "far")
        other.store.append([listed("supplier", "marketplace-fraud")])
        felt(host, service)
        assert score(host, "far") < before


def test_while_the_store_is_away_scores_stay_and_say_since_when(service: Service) -> None:
    watched = WatchedStore(service.store)
    behind = Service(service.settings, cast(Store, watched), service.library)
    with hosted(behind, poll_s=0.02) as host:
        before = host.of(PURPOSE).reading(account("far"))
        watched.failures["last_sequence"] = StoreUnavailableError("away")
        service.store.append([listed("supplier", "marketplace-fraud")])
        until(lambda: host.of(PURPOSE).reading(account("far")).behind_s > 0.5)
        during = host.of(PURPOSE).reading(account("far"))
        assert during.reading.live.score == before.reading.live.score
        assert during.as_of < datetime.now(UTC) - timedelta(seconds=0.4)
        assert during.reading.live.bound.score >= before.reading.live.bound.score
        del watched.failures["last_sequence"]
        felt(host, service)
        assert score(host, "far") < before.reading.live.score
        assert host.of(PURPOSE).reading(account("far")).behind_s < 0.5


def test_scores_are_built_once_the_store_can_be_read(service: Service) -> None:
    watched = WatchedStore(service.store)
    behind = Service(service.settings, cast(Store, watched), service.library)
    watched.failures["last_sequence"] = StoreUnavailableError("away")
    with LiveHost(behind, [PURPOSE], poll_s=0.02) as host:
        until(lambda: watched.calls["last_sequence"] > 0)
        with pytest.raises(LiveBuildingError, match="are being built; try again soon"):
            score(host, "far")
        assert not host.is_built
        watched.failures.clear()
        until(lambda: host.is_built)
        assert score(host, "far") > 0


def test_while_a_base_is_built_anew_only_a_few_reads_wait(service: Service) -> None:
    with hosted(service) as host, ThreadPoolExecutor(READERS) as waiting:
        with host.of(PURPOSE).life().engine._lock:
            reads = [waiting.submit(score, host, "far") for _ in range(READERS)]
            until(lambda: host.of(PURPOSE)._admission._value == 0)
            with ThreadPoolExecutor(1) as other:
                refused = other.submit(score, host, "far").exception(30)
        assert isinstance(refused, LiveBuildingError)
        assert len({read.result(30) for read in reads}) == 1


def test_a_purpose_that_is_not_kept_live_is_refused_by_name(service: Service) -> None:
    with LiveHost(service, []) as host:
        assert host.is_built
        with pytest.raises(LiveOffError, match="GRAPHSVC_LIVE names those that it does"):
            host.of(PURPOSE)


def test_a_suspended_record_counts_for_nobody_at_once(service: Service) -> None:
    service.store.append([listed("supplier", "marketplace-fraud")])
    with hosted(service) as host:
        listed_score = score(host, "far")
        service.redress.open(
            account("supplier"),
            ("test", "marketplace-fraud:supplier"),
            grounds="no",
            actor="a",
            suspend=True,
        )
        felt(host, service)
        assert score(host, "far") > listed_score


def test_a_record_that_goes_past_its_retention_counts_no_more(service: Service) -> None:
    kept = service.library.purpose(PURPOSE).retention_days
    ends = datetime.now(UTC) + timedelta(seconds=1)
    bad = event(EventKind.CHARGEBACK, "shop", occurred_at=ends - timedelta(days=kept))
    service.store.append([bad])
    with hosted(service, poll_s=0.05) as host:
        before = score(host, "shop")
        until(lambda: score(host, "shop") > before)


def test_from_the_moment_an_erasure_returns_nobody_reads_who_was_erased(service: Service) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
        service.store.append([event(EventKind.CHARGEBACK, "far")])
        felt(host, service)
        service.redress.erase(account("far"), actor="a")
        with pytest.raises(SubjectNotFoundError):
            host.of(PURPOSE).reading(account("far"))
        events = []
        following = follow(host, picture)
        while (found := following.next()) is not None:
            events.append(found)
        assert events
        named = {str(seen.change.subject) for found in events for seen in found.changes}
        assert "account:far" not in named


def test_each_change_begins_where_the_one_before_ended(service: Service) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
        following = follow(host, picture)
        for number in range(12):
            # Each of these alone moves far's score by less than what is published.
            small = report(
                "far", None, severity=3e-4, status=ReportStatus.UPHELD, external_id=f"o{number}"
            )
            service.store.append([small])
            felt(host, service)
            picture.drain(following)
            picture.is_that_of(host, ["far", "shop", "supplier"])
        assert picture.numbers == sorted(set(picture.numbers))
        assert 0 < len(picture.numbers) < 12
        assert picture.resyncs == []


def test_a_reader_that_comes_back_to_the_same_server_goes_on_without_loss_or_doubles(
    service: Service,
) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
        for number in range(6):
            service.store.append(
                [event(EventKind.CHARGEBACK, "far", external_id=f"c{number}"),
                 listed("supplier", "marketplace-fraud", 0.2 + number / 10,
                        external_id=f"l{number}")]
            )  # fmt: skip
            felt(host, service)
            picture.drain(follow(host, picture))
        picture.is_that_of(host, ["far", "shop", "supplier", "seed", "witness"])
        assert picture.numbers == list(range(1, numbered(host) + 1))
        assert picture.resyncs == []


def test_after_a_restart_a_reader_is_told_what_moved_meanwhile(service: Service) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
        service.store.append([event(EventKind.CHARGEBACK, "far")])
        felt(host, service)
        picture.drain(follow(host, picture))
    service.store.append([listed("supplier", "marketplace-fraud"), trusts("newcomer", "shop")])
    with hosted(service) as host:
        following = follow(host, picture)
        first = following.next()
        assert first is not None
        assert first.resync is not None
        moved = {seen.change.subject.key for seen in first.changes}
        assert moved == {"supplier", "shop", "far", "newcomer"}
        assert all(seen.number is None for seen in first.changes)
        picture.take(first)
        picture.drain(following)
        assert picture.resyncs == [(ResyncReason.OTHER_SERVER, False)]
        picture.is_that_of(host, ["far", "shop", "supplier", "seed", "witness", "newcomer"])
        service.store.append([event(EventKind.CHARGEBACK, "witness")])
        felt(host, service)
        picture.drain(following)
        picture.is_that_of(host, ["witness"])


def test_a_reader_may_go_to_and_fro_between_servers(service: Service) -> None:
    with Service.open(service.settings) as other, ExitStack() as opened:
        hosts = [opened.enter_context(hosted(one, poll_s=0.05)) for one in (service, other)]
        picture = picture_of_all(hosts[0], service)
        for turn in range(6):
            host = hosts[turn % 2]
            service.store.append([event(EventKind.CHARGEBACK, "far", external_id=f"c{turn}")])
            felt(host, service)
            picture.drain(follow(host, picture))
            picture.is_that_of(host, ["far", "shop", "supplier"])
        assert len(picture.resyncs) == 5


def test_a_server_that_lags_behind_a_cursor_catches_up_before_it_answers(
    service: Service,
) -> None:
    with Service.open(service.settings) as other, hosted(other) as slow:
        with hosted(service) as quick:
            picture = picture_of_all(quick, service)
            service.store.append([listed("supplier", "marketplace-fraud")])
            felt(quick, service)
            picture.drain(follow(quick, picture))
        assert slow.status()[0].sequence < service.store.last_sequence()
        following = follow(slow, picture)
        assert following.next() is None
        felt(slow, other)
        picture.drain(following)
        picture.is_that_of(slow, ["far", "shop", "supplier"])


def test_after_an_erasure_and_a_restart_a_reader_is_told_all_that_there_is(
    service: Service,
) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
    service.redress.erase(account("far"), actor="a")
    with hosted(service) as host:
        picture.drain(follow(host, picture))
        assert picture.resyncs == [(ResyncReason.OTHER_SERVER, True)]
        assert account("far") not in picture.scores
        picture.is_that_of(host, ["shop", "supplier", "seed", "witness"])


def test_who_asks_for_some_subjects_gets_them_all_in_a_resync_and_no_others(
    service: Service,
) -> None:
    asked = frozenset({account("far"), account("nobody")})
    with hosted(service) as host:
        picture = picture_of_all(host, service)
    with hosted(service) as host:
        picture.scores.clear()
        picture.drain(follow(host, picture, subjects=asked))
        assert picture.scores == {account("far"): score(host, "far")}
        assert picture.resyncs == [(ResyncReason.OTHER_SERVER, True)]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    history=histories(),
    moves=st.lists(st.sampled_from(["stay", "come back", "restart"]), min_size=5, max_size=5),
)
def test_whatever_happens_and_wherever_a_reader_comes_back_its_picture_is_that_of_the_scores(
    history: list[list[Record]], moves: list[str]
) -> None:
    with fresh_service() as service, ExitStack() as opened:
        service.store.append([*world(), *history[0]])
        host = opened.enter_context(hosted(service))
        picture = picture_of_all(host, service)
        following = follow(host, picture)
        for batch, move in zip(history[1:], moves, strict=False):
            service.store.append(batch)
            felt(host, service)
            if move == "restart":
                opened.close()
                host = opened.enter_context(hosted(service))
            if move != "stay":
                following = follow(host, picture)
            picture.drain(following)
        everybody = from_scratch(service, CHAMPION, datetime.now(UTC))
        assert {account(key) for key in everybody} <= picture.scores.keys()
        # Whom nothing mentions any more an engine may know until its base is built anew.
        for key in everybody:
            known = picture.scores[account(key)]
            assert abs(known - score(host, key)) <= REPORTED + 0.01 * len(picture.resyncs)
        assert picture.numbers == sorted(set(picture.numbers)) or picture.resyncs


def test_bands_let_through_what_enters_leaves_or_moves_within_them(service: Service) -> None:
    with hosted(service) as host:
        picture = picture_of_all(host, service)
        band = host.of(PURPOSE).reading(account("supplier")).reading.values.band
        following = follow(host, picture, bands=frozenset({"critical"}))
        service.store.append([listed("supplier", "marketplace-fraud")])
        felt(host, service)
        first = following.next()
        assert first is not None
        assert [seen.change.subject for seen in first.changes] == [account("supplier")]
        assert (first.changes[0].band_before, first.changes[0].band_after) == (band, "critical")


def test_a_reader_whose_changes_are_gone_is_told_so() -> None:
    log = ChangeLog(kept=3)
    start = Moment(0, datetime(2024, 1, 1, tzinfo=UTC), 0)
    for number in range(1, 8):
        log.append([published(number, f"s{number}")], 0)
    assert log.read(Place(3, start), 10) is None
    page = log.read(Place(4, start), 10)
    assert page is not None
    assert [found.number for found in page.changes] == [5, 6, 7]
    assert page.place == Place(7, Moment(7, AT + timedelta(seconds=7), 0))


def test_a_place_within_a_step_settles_on_the_step_before() -> None:
    log = ChangeLog()
    start = Moment(0, datetime(2024, 1, 1, tzinfo=UTC), 0)
    log.append([published(number, "a", step=1) for number in (1, 2, 3)], 0)
    log.append([published(number, "b", step=2) for number in (4, 5)], 1)
    page = log.read(Place(0, start), 2)
    assert page is not None
    assert page.place == Place(2, start)
    page = log.read(page.place, 2)
    assert page is not None
    assert page.place == Place(4, Moment(1, AT + timedelta(seconds=1), 0))
    page = log.read(page.place, 2)
    assert page is not None
    assert page.place == Place(5, Moment(2, AT + timedelta(seconds=2), 1))


AT = datetime(2024, 1, 1, tzinfo=UTC)


def published(number: int, key: str, step: int | None = None) -> PublishedChange:
    at = AT + timedelta(seconds=step or number)
    change = ScoreChange(PURPOSE, CHAMPION, account(key), 1.0, 2.0, 0.1)
    return PublishedChange(number, at, step or number, change)


def test_a_reader_that_asks_for_little_still_gets_a_cursor_now_and_then(
    service: Service,
) -> None:
    with hosted(service) as host:
        following = follow(host, Picture(), subjects=frozenset({account("nobody")}))
        first = following.next()
        assert first is not None
        assert first.changes == ()
        assert following.next() is None
        log, life = host.of(PURPOSE).life().changes, first.cursor
        count = CHECKPOINT + 1
        log.append([published(life.number + 1 + n, "x", step=9) for n in range(count)], 0)
        checkpoint = following.next()
        assert checkpoint is not None
        assert checkpoint.changes == ()
        assert checkpoint.cursor.number >= life.number + CHECKPOINT


def test_a_cursor_comes_back_as_it_went_out_and_no_other_text_does() -> None:
    cursor = Cursor(PURPOSE, "0" * 16, 7, Moment(3, AT, 1))
    assert Cursor.parse(cursor.text(), PURPOSE) == cursor
    for text in ("", "é", "bGl2ZTE=", cursor.text()[:-4], cursor.text() + "AAAA"):
        with pytest.raises(InvalidInputError, match="is no cursor of live scores"):
            Cursor.parse(text, PURPOSE)
    with pytest.raises(InvalidInputError):
        Cursor.parse(cursor.text(), "payment-fraud")
