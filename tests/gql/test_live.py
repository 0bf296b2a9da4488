"""liveScore, whatIf and whatWouldChange over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from graphsvc.errors import SettingsError, StoreUnavailableError
from graphsvc.live.what_if import Hypothesis
from graphsvc.model import Retraction
from tests.gql.conftest import RunningServer, World, open_world
from tests.gql.live_world import (
    OTHER_PURPOSE,
    LiveWorld,
    either_live_world,  # noqa: F401
    live_world,  # noqa: F401
    open_service,
    sqlite_settings,
    until,
)
from tests.live.test_live_scores import from_scratch
from tests.service.samples import PURPOSE, account, listed, report

CHAMPION = "marketplace-integrity-linear"


def live_score(world: LiveWorld, key: str, by: str = "shop") -> dict[str, Any]:
    data = world.asker(by).ask("live_score", key=key, purpose=PURPOSE)
    found: dict[str, Any] = data["subject"]["liveScore"]
    return found


def test_a_live_score_is_that_of_a_full_solution_within_its_bound(
    either_live_world: LiveWorld,  # noqa: F811
) -> None:
    world = either_live_world
    before = live_score(world, "far")
    last = world.record(listed("supplier", "marketplace-fraud", external_id="more"))
    wanted = from_scratch(world.service, CHAMPION, datetime.now(UTC))
    for key, value in wanted.items():
        found = live_score(world, key)
        assert abs(found["value"] - value) <= found["bound"] + 1e-6
        assert found["sequence"] == last
        parts = found["parts"]
        names = ("listings", "events", "reports", "rejectedReports", "association")
        assert found["value"] == pytest.approx(
            min(max(650 + sum(parts[name] for name in names), 350), 950)
        )
    after = live_score(world, "far")
    assert after["value"] < before["value"]
    assert after["behindSeconds"] < 5
    age = datetime.now(UTC) - datetime.fromisoformat(after["asOf"])
    assert age < timedelta(seconds=5)


def test_purpose_and_role_are_asked_for_as_for_a_published_score(
    live_world: LiveWorld,  # noqa: F811
) -> None:
    refused = "this credential may not read for it"
    for by, purpose in (("shop", OTHER_PURPOSE), ("lender", OTHER_PURPOSE), ("shop", "none-such")):
        assert live_world.asker(by).errors("live_score", key="far", purpose=purpose) == [
            ("FORBIDDEN", f"purpose {purpose!r}: {refused}")
        ]
    assert live_world.asker("shop").errors("live_score", key="nobody", purpose=PURPOSE) == [
        ("SUBJECT_NOT_FOUND", f"account:nobody: not known for purpose {PURPOSE}")
    ]
    # Known to the marketplace, and by the same words unknown to the other purpose.
    analyst = live_world.asker("analyst")
    assert analyst.errors("live_score", key="supplier", purpose=OTHER_PURPOSE) == [
        ("SUBJECT_NOT_FOUND", f"account:supplier: not known for purpose {OTHER_PURPOSE}")
    ]


def audited(world: LiveWorld, after: int, at_least: int) -> list[tuple[str, str | None]]:
    def entries() -> list[tuple[str, str | None]]:
        found = world.service.store.audit_entries(after, 10_000)
        return [(entry.draft.action, entry.draft.subject) for entry in found]

    until(lambda: len(entries()) >= at_least)
    return entries()


def audit_length(world: LiveWorld) -> int:
    """Return the position of the last audit entry, once the writer is at rest."""
    length = -1
    while (now := len(world.service.store.audit_entries(0, 1_000_000))) != length:
        length = now
        time.sleep(0.2)
    return length


def name_of(world: LiveWorld, key: str) -> str:
    return world.service.pseudonyms.of_subject(account(key))


def test_live_reads_are_audited_like_scores(live_world: LiveWorld) -> None:  # noqa: F811
    start = audit_length(live_world)
    live_score(live_world, "far")
    live_world.asker("shop").errors("live_score", key="nobody", purpose=PURPOSE)
    live_score(live_world, "shop")
    assert audited(live_world, start, 2) == [
        ("read_score", name_of(live_world, "far")),
        ("read_score", name_of(live_world, "shop")),
    ]


@contextmanager
def trial_world(folder: Path) -> Iterator[LiveWorld]:
    from tests.gql.live_world import live_world_on, trade

    with live_world_on(sqlite_settings(folder), trade()) as world:
        yield world


def test_the_erased_and_the_suspended_are_gone_from_live_scores_when_the_call_returns(
    tmp_path: Path,
) -> None:
    with trial_world(tmp_path) as world:
        before = live_score(world, "shop")["value"]
        world.service.redress.open(
            account("supplier"),
            ("test", "marketplace-fraud:supplier"),
            grounds="no",
            actor="a",
            suspend=True,
        )
        world.felt()
        assert live_score(world, "shop")["value"] > before
        world.service.redress.erase(account("far"), actor="a")
        assert world.asker("shop").errors("live_score", key="far", purpose=PURPOSE) == [
            ("SUBJECT_NOT_FOUND", f"account:far: not known for purpose {PURPOSE}")
        ]


def test_while_the_store_is_away_live_scores_stay_and_say_so(tmp_path: Path) -> None:
    with trial_world(tmp_path) as world:
        before = live_score(world, "far")
        for name in ("last_sequence", "erasures"):
            world.store.failures[name] = StoreUnavailableError("away")
        until(lambda: live_score(world, "far")["behindSeconds"] > 1)
        during = live_score(world, "far")
        assert during["value"] == before["value"]
        assert httpx.get(f"{world.url}/readyz").status_code == 503
        world.store.failures.clear()
        world.record(listed("supplier", "marketplace-fraud", external_id="more"))
        assert live_score(world, "far")["value"] < before["value"]


def test_a_server_is_ready_once_live_scores_are_built(tmp_path: Path) -> None:
    settings = sqlite_settings(tmp_path)
    service, store = open_world(tmp_path)
    import threading

    gate = store.gates["count_subjects"] = threading.Event()
    service = open_service(settings, store)
    with RunningServer(service) as url:
        assert httpx.get(f"{url}/readyz").status_code == 503
        world = LiveWorld(settings, {"shop": ""}, service, store, url)
        _, world.secrets["shop"] = world.new_key("shop")
        assert world.asker("shop").errors("live_score", key="far", purpose=PURPOSE) == [
            ("LIVE_BUILDING", f"purpose {PURPOSE}: live scores are being built; try again soon")
        ]
        gate.set()
        until(lambda: httpx.get(f"{url}/readyz").status_code == 200)


def test_without_the_setting_no_live_scores_are_kept(world: World) -> None:
    message = (
        f"purpose {PURPOSE}: this server keeps no live scores for it; GRAPHSVC_LIVE names those "
        "that it does"
    )
    shop, analyst = world.asker("shop"), world.asker("analyst")
    assert shop.errors("live_score", key="ann", purpose=PURPOSE) == [("LIVE_OFF", message)]
    asked = {"purpose": PURPOSE, "changes": [{"recordGone": 1}]}
    assert analyst.errors("what_if", **asked) == [("LIVE_OFF", message)]


def test_a_purpose_that_is_not_declared_cannot_be_kept_live(tmp_path: Path) -> None:
    service, store = open_world(tmp_path)
    settings = service.settings.model_copy(update={"live": f"{PURPOSE}, none-such"})
    from graphsvc.live.host import host_live_scores

    with (
        pytest.raises(SettingsError, match="GRAPHSVC_LIVE: 'none-such' is no purpose; all, none"),
        host_live_scores(open_service(settings, store)),
    ):
        pass
    service.store.close()


def test_what_if_says_what_then_comes_true_and_nothing_moves(
    either_live_world: LiveWorld,  # noqa: F811
) -> None:
    world = either_live_world
    before = {key: live_score(world, key)["value"] for key in ("shop", "far", "supplier", "other")}
    changes = [{"recordGone": 4}, {"recordGone": 5}]
    said = world.asker("analyst").ask("what_if", purpose=PURPOSE, changes=changes)["whatIf"]
    assert {key: live_score(world, key)["value"] for key in before} == before
    sizes = [abs(change["points"]) for change in said["changes"]]
    assert sizes == sorted(sizes, reverse=True)
    assert said["total"] == len(said["changes"])
    moved = {change["subject"]["key"]: change for change in said["changes"]}
    assert set(moved) >= {"shop", "far", "supplier"}
    world.record(
        *(
            Retraction(source="test", external_id=f"w{name}", supersedes=name, reason="x")
            for name in (
                "marketplace-fraud:supplier",
                world.service.store.record_at(5).record.external_id,  # type: ignore[union-attr]
            )
        )
    )
    for key, change in moved.items():
        assert change["before"] == before[key]
        found = live_score(world, key)
        assert abs(change["after"] - found["value"]) <= said["bound"] + found["bound"]
        assert change["bandAfter"] == found["band"]


@pytest.mark.parametrize(
    ("change", "better", "worse"),
    [
        ({"reportUpheld": 6}, set(), {"shop"}),
        ({"reportRejected": 6}, {"shop"}, {"far"}),
        (
            {"reportAdded": {
                "subject": {"kind": "ACCOUNT", "key": "other"}, "category": "FRAUD",
                "status": "UPHELD"}},
            set(), {"other"},
        ),
        (
            {"listingAdded": {
                "subject": {"kind": "ACCOUNT", "key": "other"}, "listName": "marketplace-fraud"}},
            set(), {"other", "shop"},
        ),
        (
            {"listingAdded": {
                "subject": {"kind": "ACCOUNT", "key": "other"}, "listName": "otc-known-good",
                "severity": 0.5}},
            {"other"}, set(),
        ),
        (
            {"linkAdded": {
                "kind": "TRUSTS", "src": {"kind": "ACCOUNT", "key": "far"},
                "dst": {"kind": "ACCOUNT", "key": "supplier"}, "weight": 9}},
            set(), {"far"},
        ),
        (
            {"eventAdded": {
                "kind": "IDENTITY_VERIFIED", "subject": {"kind": "ACCOUNT", "key": "far"}}},
            {"far"}, set(),
        ),
    ],
)  # fmt: skip
def test_each_kind_of_change_can_be_thought(
    live_world: LiveWorld,  # noqa: F811
    change: dict[str, Any],
    better: set[str],
    worse: set[str],
) -> None:
    asker = live_world.asker("reviewer")
    said = asker.ask("what_if", purpose=PURPOSE, changes=[change])["whatIf"]
    points = {found["subject"]["key"]: found["points"] for found in said["changes"]}
    assert {key for key, moved in points.items() if moved > 0} >= better
    assert {key for key, moved in points.items() if moved < 0} >= worse


def test_a_what_if_shows_and_audits_no_more_than_was_asked_for(
    live_world: LiveWorld,  # noqa: F811
) -> None:
    start = audit_length(live_world)
    asked = {"purpose": PURPOSE, "changes": [{"recordGone": 4}]}
    said = live_world.asker("analyst").ask("what_if", first=1, **asked)["whatIf"]
    (shown,) = said["changes"]
    assert said["total"] > 1
    assert audited(live_world, start, 1) == [
        ("read_score", name_of(live_world, shown["subject"]["key"]))
    ]


@pytest.mark.parametrize("operation", ["what_if", "what_would_change"])
def test_only_analysts_and_reviewers_may_ask_what_would_be(
    live_world: LiveWorld,  # noqa: F811
    operation: str,
) -> None:
    asked: dict[str, Any] = {"purpose": PURPOSE}
    asked |= {"changes": [{"recordGone": 4}]} if operation == "what_if" else {"key": "shop"}
    assert live_world.asker("shop").errors(operation, **asked) == [
        ("FORBIDDEN", "to ask what would be, a credential needs the role analyst or reviewer")
    ]
    refused = live_world.asker("reviewer").errors(operation, **(asked | {"purpose": OTHER_PURPOSE}))
    assert refused[0][0] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ([], "INVALID_INPUT", "changes: are 0; from 1 to 50 are needed"),
        ([{}], "INVALID_INPUT", "changes[0]: has 0 fields; exactly one is needed"),
        (
            [{"recordGone": 1, "reportUpheld": 6}],
            "INVALID_INPUT",
            "changes[0]: has 2 fields; exactly one is needed",
        ),
        ([{"recordGone": 99}], "NOT_FOUND", f"record 99 is not in force for purpose {PURPOSE}"),
        (
            [{"reportUpheld": 4}],
            "NOT_FOUND",
            f"record 4 is no report in force for purpose {PURPOSE}",
        ),
        (
            [{"reportUpheld": 99}],
            "NOT_FOUND",
            f"record 99 is no report in force for purpose {PURPOSE}",
        ),
    ],
)
def test_a_change_that_cannot_be_thought_is_refused_in_plain_words(
    live_world: LiveWorld,  # noqa: F811
    changes: list[dict[str, Any]],
    code: str,
    message: str,
) -> None:
    asker = live_world.asker("analyst")
    assert asker.errors("what_if", purpose=PURPOSE, changes=changes) == [(code, message)]


def test_what_a_purpose_may_not_see_cannot_be_told_from_what_is_not_there(
    tmp_path: Path,
) -> None:
    with trial_world(tmp_path) as world:
        hidden = world.record(report("far", "shop", external_id="hidden"))
        asker = world.asker("analyst")
        for field in ("recordGone", "reportUpheld"):
            told = [
                asker.errors("what_if", purpose=OTHER_PURPOSE, changes=[{field: number}])
                for number in (4, 77)
            ]
            assert str(told[1]).replace("77", "4") == str(told[0])
        # A report of fraud is open to both purposes.
        data = asker.ask("what_if", purpose=OTHER_PURPOSE, changes=[{"reportUpheld": hidden}])
        assert data["whatIf"]["total"] > 0


def test_what_would_change_names_records_that_are_enough_and_no_more(
    live_world: LiveWorld,  # noqa: F811
) -> None:
    asker = live_world.asker("analyst")
    now = live_score(live_world, "shop")["value"]
    found = asker.ask("what_would_change", purpose=PURPOSE, key="shop", score=now + 20)
    asked = found["whatWouldChange"]
    assert asked["isPossible"]
    assert asked["isSmallest"]
    assert asked["wouldBe"] >= asked["goal"] == now + 20
    engine = live_world.service.live_host.of(PURPOSE).life().engine
    chosen = frozenset(record["sequence"] for record in asked["records"])
    answer = engine.what_if(PURPOSE, Hypothesis(chosen))
    after = next(change.after for change in answer.changes if change.subject == account("shop"))
    assert after == pytest.approx(asked["wouldBe"])
    for record in asked["records"]:
        stored = live_world.service.store.record_at(record["sequence"])
        assert stored is not None
        assert (record["source"], record["externalId"]) == (
            stored.record.source,
            stored.record.external_id,
        )
        assert record["recordType"] == stored.record.record_type
    beyond = asker.ask("what_would_change", purpose=PURPOSE, key="shop", score=949.0)
    assert beyond["whatWouldChange"]["isPossible"] is False
    assert beyond["whatWouldChange"]["records"] == []
    there = asker.ask("what_would_change", purpose=PURPOSE, key="shop", band="critical")
    assert there["whatWouldChange"]["isPossible"] is True
    assert there["whatWouldChange"]["records"] == []
    assert asker.errors("what_would_change", purpose=PURPOSE, key="shop", band="best") == [
        ("INVALID_INPUT", "band: 'best' is none of critical, low, fair, good, excellent")
    ]
    assert asker.errors("what_would_change", purpose=PURPOSE, key="shop") == [
        ("INVALID_INPUT", "band, score: exactly one of them is needed")
    ]
    assert asker.errors("what_would_change", purpose=PURPOSE, key="nobody", score=1.0) == [
        ("SUBJECT_NOT_FOUND", f"account:nobody: not known for purpose {PURPOSE}")
    ]
