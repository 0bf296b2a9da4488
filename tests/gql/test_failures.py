from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from graphsvc.errors import StoreError, StoreUnavailableError
from tests.gql.conftest import Asker, RunningServer, World, make_keys, open_world
from tests.gql.world import AS_OF, MARKETPLACE, account, core

TOP_SECRET = "/srv/secret/store.db: password hunter2"


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[World]:
    service, store = open_world(tmp_path)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    secrets = make_keys(tmp_path)
    with RunningServer(service) as url:
        yield World(url, service, store, secrets)
        store.failures.clear()


@pytest.mark.parametrize(
    ("failure", "code", "advice"),
    [
        (RuntimeError(TOP_SECRET), "INTERNAL", "tell the operator"),
        (StoreError(TOP_SECRET), "STORE_FAILED", "tell the operator"),
        (StoreUnavailableError(TOP_SECRET), "STORE_UNAVAILABLE", "try again later"),
    ],
)
def test_a_failure_of_the_service_leaks_nothing_but_a_code_and_an_id(
    fragile: World, failure: Exception, code: str, advice: str
) -> None:
    fragile.store.failures["standing_of"] = failure
    with capture_logs() as logs:
        answer = fragile.asker("shop").post_operation("links", key="ann")
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    correlation_id = error["extensions"]["correlationId"]
    assert error["extensions"]["code"] == code
    assert error["message"] == f"the service failed; {advice} and name {correlation_id}"
    assert "secret" not in answer.text
    (logged,) = [entry for entry in logs if entry.get("correlation_id") == correlation_id]
    assert logged["exc_info"] is failure


def test_a_failure_outside_of_a_query_is_shaped_the_same(
    fragile: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(TOP_SECRET)

    monkeypatch.setattr("gql.authentication.credential_in", broken)
    answer = fragile.asker("shop").post("{ purposes { name } }")
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text


def test_keys_that_cannot_be_trusted_let_nobody_in(fragile: World) -> None:
    path = fragile.service.settings.data_dir / "access" / "keys.json"
    path.write_text("{broken")
    answer = fragile.asker("shop").post("{ purposes { name } }")
    assert answer.status_code == 500
    assert str(path) not in answer.text


def test_a_slow_read_holds_up_nobody_else(fragile: World) -> None:
    shop = fragile.asker("shop")
    shop.ask("score", key="ann", purpose=MARKETPLACE)
    gate = fragile.store.gates["standing_of"] = threading.Event()
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(shop.ask, "links", key="ann")
        while fragile.store.calls["standing_of"] == 0:
            time.sleep(0.01)
        assert shop.ask("score", key="ann", purpose=MARKETPLACE)
        assert httpx.get(f"{fragile.url}/healthz").status_code == 200
        assert not slow.done()
        gate.set()
        assert slow.result()["subject"]["links"]["edges"]


def test_many_readers_at_once_get_what_one_gets_alone(fragile: World) -> None:
    shop = fragile.asker("shop")
    asked = [
        (operation, key)
        for operation in ("score", "explanation", "links")
        for key in ("ann", "bob", "cid", "dot")
    ]

    def ask(question: tuple[str, str]) -> object:
        return shop.ask(question[0], key=question[1], purpose=MARKETPLACE)

    with ThreadPoolExecutor(12) as pool:  # the first readers open run and explainer together
        together = list(pool.map(ask, asked * 5))
    assert together == [ask(question) for question in asked] * 5


def test_readiness_ends_with_the_store(fragile: World) -> None:
    fragile.store.failures["last_sequence"] = StoreUnavailableError(TOP_SECRET)
    answer = httpx.get(f"{fragile.url}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready"}
    assert httpx.get(f"{fragile.url}/healthz").status_code == 200


def test_when_the_server_ends_every_read_is_in_the_audit(tmp_path: Path) -> None:
    service, store = open_world(tmp_path)
    service.store.append(core())
    service.recompute(MARKETPLACE, as_of=AS_OF)
    secrets = make_keys(tmp_path)
    store.failures["append_audit"] = StoreUnavailableError("locked")
    with RunningServer(service) as url:
        shop = Asker(url, secrets["shop"])
        for key in ("ann", "bob", "cid", "dot"):
            shop.ask("score", key=key, purpose=MARKETPLACE)
        store.failures.clear()
    service_again, _ = open_world(tmp_path)
    with service_again:
        entries = service_again.store.audit_entries()
    assert [entry.draft.subject for entry in entries if entry.draft.action == "read_score"] == [
        service.pseudonyms.of_subject(account(key)) for key in ("ann", "bob", "cid", "dot")
    ]
