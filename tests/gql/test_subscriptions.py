"""scoreChanges over graphql-transport-ws: a real client, a real server, and what goes wrong."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from gql.sockets import SocketLimits
from graphsvc.access import ACCESS_FOLDER, revoke_key
from graphsvc.model import EventKind, Record
from tests.gql.live_world import (
    OTHER_PURPOSE,
    LiveWorld,
    either_live_world,  # noqa: F401
    live_world_on,
    sqlite_settings,
    trade,
    until,
)
from tests.gql.socket_client import Socket, acknowledged, opened
from tests.service.samples import PURPOSE, account, event, listed

LIMITS = SocketLimits(
    message_bytes=20_000,
    init_seconds=1.0,
    send_seconds=1.0,
    recheck_seconds=0.2,
    subscriptions=3,
    sockets_per_credential=4,
)
WAIT_S = 20.0
REPORTED = 0.1


@pytest.fixture(scope="module")
def live_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveWorld]:
    """A served world with small limits, shared by a module's tests."""
    settings = sqlite_settings(tmp_path_factory.mktemp("live"))
    with live_world_on(settings, trade(), LIMITS) as world:
        yield world


@dataclass
class Picture:
    """What a client makes of events, by the rules in the schema's descriptions."""

    scores: dict[str, float] = field(default_factory=dict)
    cursor: str | None = None
    numbers: list[int] = field(default_factory=list)
    resyncs: list[tuple[str, bool]] = field(default_factory=list)
    collected: dict[str, float] = field(default_factory=dict)

    def take(self, found: dict[str, Any]) -> None:
        self.cursor = found["cursor"]
        resync = found["resync"]
        told = {one["subject"]["key"]: one["after"] for one in found["changes"]}
        if resync is None:
            for one in found["changes"]:
                self.numbers.append(one["number"])
                key, before = one["subject"]["key"], one["before"]
                known = self.scores.get(key)
                if known is not None and before is not None:
                    apart = REPORTED + one["bound"] if self.resyncs else 0.0
                    assert abs(known - before) <= apart, "a change has been missed"
                self.scores[key] = one["after"]  # one event may tell of a subject twice
        if resync is not None and resync["isFull"]:
            self.collected |= told
            if resync["isLast"]:
                self.scores, self.collected = self.collected, {}
        else:
            self.scores |= told
        if resync is not None and resync["isLast"]:
            self.resyncs.append((resync["reason"], resync["isFull"]))

    def is_that_of(self, world: LiveWorld) -> bool:
        hosted = world.service.live_host.of(PURPOSE)
        return all(
            abs(score - hosted.reading(account(key)).reading.live.score) <= REPORTED
            for key, score in self.scores.items()
        )

    def follow(self, found: Socket, world: LiveWorld) -> None:
        """Take events until the picture is that of the live scores."""
        until_s = time.monotonic() + WAIT_S
        while not self.is_that_of(world):
            assert time.monotonic() < until_s
            self.take(found.next_event())


def picture_of(world: LiveWorld) -> Picture:
    """A client that has read every score, with the cursor that came with the first of them."""
    picture = Picture()
    for key in ("shop", "supplier", "far", "other"):
        data = world.asker("shop").ask("live_score", key=key, purpose=PURPOSE)
        found = data["subject"]["liveScore"]
        picture.scores[key] = found["value"]
        picture.cursor = picture.cursor or found["cursor"]
    return picture


_number = iter(range(1_000_000))


def some_listing(severity: float = 0.5) -> Record:
    return listed("supplier", "marketplace-fraud", severity, external_id=f"more{next(_number)}")


def some_chargeback(key: str = "far") -> Record:
    return event(EventKind.CHARGEBACK, key, external_id=f"more{next(_number)}")


def test_every_change_is_told_with_its_number_bands_bound_and_record(
    either_live_world: LiveWorld,  # noqa: F811
) -> None:
    world = either_live_world
    picture = picture_of(world)
    with acknowledged(world) as found:
        found.subscribe(after=picture.cursor)
        first = found.next_event()
        assert (first["changes"], first["resync"]) == ([], None)
        last = world.record(some_listing(0.9))
        told = found.next_event()
        picture.take(told)
        assert {one["subject"]["key"] for one in told["changes"]} >= {"supplier", "shop", "far"}
        for one in told["changes"]:
            assert one["sequence"] == last
            assert one["bound"] > 0
            key = one["subject"]["key"]
            hosted = world.service.live_host.of(PURPOSE)
            reading = hosted.reading(account(key)).reading
            assert one["after"] == reading.live.score
            assert one["bandAfter"] == reading.values.band
            assert one["bandBefore"] is not None
        assert picture.is_that_of(world)
        found.send({"id": "1", "type": "complete"})
        found.send({"type": "ping"})
        assert found.receive() == {"type": "pong"}


def test_a_reconnect_and_a_restart_of_the_server_lose_nothing_and_double_nothing(
    either_live_world: LiveWorld,  # noqa: F811
) -> None:
    world = either_live_world
    picture = picture_of(world)
    for _ in range(2):
        with acknowledged(world) as found:
            found.subscribe(after=picture.cursor)
            world.record(some_listing(0.1), some_chargeback())
            picture.follow(found, world)
        world.record(some_chargeback("shop"), some_listing(0.2))
    with acknowledged(world) as found:
        found.subscribe(after=picture.cursor)
        picture.follow(found, world)
    assert picture.resyncs == []
    assert picture.numbers == list(range(1, len(picture.numbers) + 1))
    world.restart(lambda: world.service.store.append([some_chargeback("other"), some_listing(0.3)]))
    with acknowledged(world) as found:
        found.subscribe(after=picture.cursor)
        picture.take(found.next_event())
        assert picture.resyncs == [("OTHER_SERVER", False)]
        picture.follow(found, world)
        world.record(some_chargeback("supplier"))
        picture.follow(found, world)
    assert picture.is_that_of(world)


def test_two_worker_processes_of_one_store_take_over_from_each_other(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path)
    with (
        live_world_on(settings, trade(), LIMITS) as one,
        live_world_on(settings, [], LIMITS, secrets=one.secrets) as two,
    ):
        picture = picture_of(one)
        for turn in range(4):
            world = (one, two)[turn % 2]
            one.service.store.append([some_chargeback(), some_listing(0.1)])
            one.felt()
            two.felt()
            with acknowledged(world) as found:
                found.subscribe(after=picture.cursor)
                picture.follow(found, world)
                assert picture.is_that_of(world)
        assert picture.resyncs == [("OTHER_SERVER", False)] * 3


def test_subjects_and_bands_choose_what_is_told(live_world: LiveWorld) -> None:
    with acknowledged(live_world) as found:
        found.subscribe("one", subjects=[{"kind": "ACCOUNT", "key": "far"}])
        assert found.next_event("one")["changes"] == []
        live_world.record(some_chargeback("far"), some_chargeback("other"))
        told = found.next_event("one")["changes"]
        assert [one["subject"]["key"] for one in told] == ["far"]
        found.send({"id": "one", "type": "complete"})
        found.subscribe("two", bands=["excellent", "good"])
        assert found.next_event("two")["changes"] == []
        number = next(_number)
        good = [
            event(EventKind.IDENTITY_VERIFIED, f"new{number}", external_id=f"i{number}"),
            *(
                event(EventKind.ORDER_COMPLETED, f"new{number}", external_id=f"o{number}.{n}")
                for n in range(40)
            ),
        ]
        live_world.record(*good, some_chargeback("other"))
        (told_one,) = found.next_event("two")["changes"]
        assert told_one["subject"]["key"] == f"new{number}"
        assert (told_one["before"], told_one["bandBefore"]) == (None, None)
        assert told_one["bandAfter"] in {"excellent", "good"}


def test_live_changes_are_audited_one_by_one_and_so_is_the_subscription(
    live_world: LiveWorld,
) -> None:
    store = live_world.service.store
    with acknowledged(live_world) as found:
        found.subscribe(subjects=[{"kind": "ACCOUNT", "key": "other"}])
        found.next_event()
        start = len(store.audit_entries(0, 1_000_000))
        live_world.record(some_chargeback("other"))
        found.next_event()
    name = live_world.service.pseudonyms.of_subject(account("other"))
    until(
        lambda: (
            ("read_score", name)
            in [(one.draft.action, one.draft.subject) for one in store.audit_entries(start, 10_000)]
        )
    )
    entries = [entry.draft for entry in store.audit_entries(0, 1_000_000)]
    (subscribed, *_) = [entry for entry in reversed(entries) if entry.action == "subscribed"]
    assert (subscribed.purpose, subscribed.detail) == (PURPOSE, "score changes of 1 subjects")


def test_purpose_and_role_are_asked_for_and_cursors_belong_to_one_purpose(
    live_world: LiveWorld,
) -> None:
    refusal = f"purpose {OTHER_PURPOSE!r}: this credential may not read for it"
    cursor = picture_of(live_world).cursor
    for by, variables, code, message in (
        ("shop", {"purpose": OTHER_PURPOSE}, "FORBIDDEN", refusal),
        ("lender", {"purpose": OTHER_PURPOSE}, "FORBIDDEN", refusal),
        (
            "analyst",
            {"purpose": OTHER_PURPOSE, "after": cursor},
            "INVALID_INPUT",
            f"after: {str(cursor)[:64]!r} is no cursor of live scores for {OTHER_PURPOSE}; send "
            "one that liveScore or scoreChanges gave",
        ),
        (
            "shop",
            {"bands": ["best"]},
            "INVALID_INPUT",
            "bands: 'best' is none of critical, low, fair, good, excellent",
        ),
        (
            "shop",
            {"subjects": []},
            "INVALID_INPUT",
            "subjects: are 0; from 1 to 1000 are needed",
        ),
    ):
        with acknowledged(live_world, by) as found:
            found.subscribe(**variables)
            assert found.refused() == (code, message)


def test_a_revoked_key_ends_its_subscriptions(live_world: LiveWorld) -> None:
    key_id, secret = live_world.new_key("guest")
    with acknowledged(live_world, secret) as found:
        found.subscribe()
        found.next_event()
        revoke_key(live_world.settings.data_dir / ACCESS_FOLDER, key_id)
        assert found.closed_with() == (4403, "Forbidden: no valid credential")


def test_a_key_that_expires_ends_its_subscriptions(live_world: LiveWorld) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=1.5)
    _, secret = live_world.new_key("guest", expires=expires)
    with acknowledged(live_world, secret) as found:
        found.subscribe()
        found.next_event()
        assert found.closed_with() == (4403, "Forbidden: no valid credential")
    assert datetime.now(UTC) >= expires


def test_a_client_that_does_not_read_is_closed_and_goes_on_from_its_cursor(
    live_world: LiveWorld,
) -> None:
    picture = picture_of(live_world)
    # Long keys, as some 4 MB lie in the kernel's buffers before a server notices.
    crowd = [f"{number:04d}{'😀' * 250}" for number in range(3000)]
    host, port = live_world.url.removeprefix("http://").split(":")
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect((host, int(port)))
        options = {"sock": raw, "max_queue": 1, "ping_interval": None, "compression": None}
        with opened(live_world, **options) as found:
            secret = live_world.secrets["shop"]
            found.send({"type": "connection_init", "payload": {"X-API-Key": secret}})
            assert found.receive() == {"type": "connection_ack"}
            found.subscribe(after=picture.cursor)
            picture.take(found.next_event())
            for _ in range(2):
                live_world.record(*(some_chargeback(key) for key in crowd))
            time.sleep(2 * LIMITS.send_seconds)
            with suppress(ConnectionClosed):
                while True:
                    picture.take(found.next_event())
            assert found.closed_with() == (4480, "too slow; go on from your last cursor")
    hosted = live_world.service.live_host.of(PURPOSE)
    last = hosted.life().changes.last
    assert picture.numbers[-1] < last
    with acknowledged(live_world, max_size=None) as found:
        found.subscribe(after=picture.cursor)
        while picture.numbers[-1] < last:
            picture.take(found.next_event())
    assert picture.resyncs == []
    assert picture.numbers == list(range(picture.numbers[0], last + 1))


def test_a_server_that_ends_closes_its_connections_and_they_go_on_at_the_next(
    tmp_path: Path,
) -> None:
    with live_world_on(sqlite_settings(tmp_path), trade(), LIMITS) as world:
        picture = picture_of(world)
        with acknowledged(world) as found:
            found.subscribe(after=picture.cursor)
            found.next_event()
            world.restart(lambda: None)
            assert found.closed_with() == (1012, "")
        with acknowledged(world) as found:
            found.subscribe(after=picture.cursor)
            picture.take(found.next_event())
            assert picture.resyncs == [("OTHER_SERVER", False)]


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        (["no json"], 4400, "Invalid message received"),
        ([b"\x00"], 4400, "Invalid message received"),
        ([[]], 4400, "Invalid message received"),
        ([{"type": "start"}], 4400, "Invalid message received"),
        ([{"type": "connection_init", "payload": 3}], 4400, "Invalid message received"),
        (
            [{"type": "subscribe", "id": "1", "payload": {"query": "{ x }"}}],
            4401,
            "Unauthorized",
        ),
        ([{"type": "connection_init"}], 4403, "Forbidden: no valid credential"),
        (
            [{"type": "connection_init", "payload": {"Authorization": "Bearer gsk_x"}}],
            4403,
            "Forbidden: no valid credential",
        ),
        ([], 4408, "Connection initialisation timeout"),
        ([{"type": "ping"}], 4408, "Connection initialisation timeout"),
        (["x" * 30_000], 1009, "a message has at most 20000 bytes"),
    ],
)
def test_before_it_is_acknowledged_a_connection_is_closed_as_the_protocol_says(
    live_world: LiveWorld, messages: list[Any], code: int, reason: str
) -> None:
    with opened(live_world) as found:
        for message in messages:
            found.send(message)
        assert found.closed_with() == (code, reason)


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        ([{"type": "connection_init"}], 4429, "Too many initialisation requests"),
        (["{"], 4400, "Invalid message received"),
        ([{"type": "subscribe", "payload": {"query": "x"}}], 4400, "Invalid message received"),
        ([{"type": "subscribe", "id": "1"}], 4400, "Invalid message received"),
        (
            [{"type": "subscribe", "id": "1", "payload": {"query": 7}}],
            4400,
            "Invalid message received",
        ),
        (
            [{"type": "subscribe", "id": "", "payload": {"query": "x"}}],
            4400,
            "Invalid message received",
        ),
    ],
)
def test_after_it_is_acknowledged_too(
    live_world: LiveWorld, messages: list[Any], code: int, reason: str
) -> None:
    with acknowledged(live_world) as found:
        for message in messages:
            found.send(message)
        assert found.closed_with() == (code, reason)


def test_an_id_that_is_in_use_is_refused_and_free_again_after_complete(
    live_world: LiveWorld,
) -> None:
    with acknowledged(live_world) as found:
        found.subscribe()
        found.next_event()
        found.send({"id": "1", "type": "complete"})
        found.subscribe()
        found.next_event()
        found.subscribe()
        assert found.closed_with() == (4409, "Subscriber for 1 already exists")


def test_without_the_subprotocol_a_connection_is_closed(live_world: LiveWorld) -> None:
    with opened(live_world, subprotocols=None) as found:
        assert found.closed_with() == (4406, "the subprotocol graphql-transport-ws is needed")


def test_the_key_may_come_with_the_handshake(live_world: LiveWorld) -> None:
    for headers in (
        {"Authorization": f"Bearer {live_world.secrets['shop']}"},
        {"X-API-Key": live_world.secrets["shop"]},
    ):
        with opened(live_world, additional_headers=headers) as found:
            found.send({"type": "connection_init"})
            assert found.receive() == {"type": "connection_ack"}


def test_what_is_no_subscription_or_no_valid_one_is_answered_with_its_errors(
    live_world: LiveWorld,
) -> None:
    with acknowledged(live_world) as found:
        found.subscribe(text="{ purposes { name } }")
        assert found.refused() == (
            "NOT_A_SUBSCRIPTION",
            "only subscriptions are answered here; send others over HTTP",
        )
        found.subscribe(text="subscription {")
        assert found.refused()[0] == "GRAPHQL_PARSE_FAILED"
        found.subscribe(text="subscription { nothing }")
        assert found.refused()[0] == "GRAPHQL_VALIDATION_FAILED"
        costly = (
            "subscription($purpose: String!) { scoreChanges(purpose: $purpose) { changes { subject "
            "{ explanation(purpose: $purpose) { basePoints } } } } }"
        )
        found.subscribe(text=costly)
        code, message = found.refused()
        assert code == "QUERY_TOO_COSTLY"
        assert message.endswith("at most 2000 are allowed")


def test_subscriptions_and_connections_are_limited(live_world: LiveWorld) -> None:
    _, secret = live_world.new_key("busy")
    with acknowledged(live_world, secret) as found:
        for name in ("a", "b", "c"):
            found.subscribe(name)
            found.next_event(name)
        found.subscribe("d")
        assert found.refused("d") == (
            "TOO_MANY_SUBSCRIPTIONS",
            "a connection has at most 3 subscriptions",
        )
        with (
            acknowledged(live_world, secret),
            acknowledged(live_world, secret),
            acknowledged(live_world, secret),
            opened(live_world) as fifth,
        ):
            fifth.send({"type": "connection_init", "payload": {"X-API-Key": secret}})
            assert fifth.closed_with() == (1013, "a credential has at most 4 connections")
    # What has ended does not count.
    until(lambda: _can_connect(live_world, secret))


def _can_connect(world: LiveWorld, secret: str) -> bool:
    with opened(world) as found:
        found.send({"type": "connection_init", "payload": {"X-API-Key": secret}})
        try:
            return found.receive() == {"type": "connection_ack"}
        except ConnectionClosed:
            return False


def test_what_a_subscription_tells_is_what_its_credential_holds_at_that_moment(
    live_world: LiveWorld,
) -> None:
    with acknowledged(live_world) as found:
        found.subscribe(
            text="subscription($purpose: String!) { scoreChanges(purpose: $purpose) { changes { "
            'subject { key liveScore(purpose: "thin-file-credit") { value } } after } cursor } }'
        )
        found.receive()
        live_world.record(some_chargeback("far"))
        message = found.receive()
        codes = {error["extensions"]["code"] for error in message["payload"]["errors"]}
        assert codes == {"FORBIDDEN"}
        changes = message["payload"]["data"]["scoreChanges"]["changes"]
        assert all(one["subject"]["liveScore"] is None for one in changes)
