"""What is stored, and what is answered, when the connection breaks at the worst moment.

A proxy between store and server passes a COMMIT on, and then cuts the line before the answer.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from neo4j.exceptions import Neo4jError

from graphsvc.errors import ConflictError, StoreError, StoreUnavailableError
from graphsvc.model import AuditDraft
from graphsvc.neo4j_server import ServerInfo
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.ports import AppendStatus
from queries.neo4j import Transaction, ledger
from tests.contract.evidence import DAY, link
from tests.contract.test_runs import RUN

pytestmark = pytest.mark.neo4j
COMMIT = b"\x00\x02\xb0\x12\x00\x00"


class Proxy:
    """Passes bytes on; cuts the line after so many COMMITs as `cut` says."""

    def __init__(self, port: int) -> None:
        self.cut = 0
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                is_cut = threading.Event()
                for source, target in ((client, server), (server, client)):
                    arguments = (source, target, source is client, is_cut)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(
        self, source: socket.socket, target: socket.socket, is_client: bool, is_cut: threading.Event
    ) -> None:
        with source, target, suppress(OSError):
            while data := source.recv(1 << 16):
                if is_client and self.cut and COMMIT in data:
                    self.cut -= 1
                    is_cut.set()
                if not is_client and is_cut.is_set():
                    # The server answers a COMMIT only when it is done.
                    target.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(neo4j_server: ServerInfo) -> Iterator[Proxy]:
    port = urlsplit(neo4j_server.uri).port
    assert port is not None
    with closing(Proxy(port)) as started:
        yield started


@pytest.fixture
def shaky(store: Neo4jStore, neo4j_server: ServerInfo, proxy: Proxy) -> Iterator[Neo4jStore]:
    """The same store through the proxy; `store` still reaches it directly."""
    assert store.last_sequence() == 0
    uri = f"bolt://127.0.0.1:{proxy.port}"
    password = neo4j_server.read_password()
    with closing(Neo4jStore.open(uri, user=neo4j_server.user, password=password)) as opened:
        assert opened.last_sequence() == 0
        yield opened


def server_error(code: str, message: str) -> Neo4jError:
    """Return the error that the driver makes of a server's answer."""
    return Neo4jError._hydrate_neo4j(code=code, message=message)


def test_an_append_is_stored_once_and_answered_as_accepted(
    store: Neo4jStore, shaky: Neo4jStore, proxy: Proxy
) -> None:
    store.append([link("0")])
    proxy.cut = 1
    outcomes = shaky.append([link("0"), link("1"), link("2", supersedes="1"), link("1")])
    assert proxy.cut == 0
    assert [outcome.status for outcome in outcomes] == [
        AppendStatus.UNCHANGED,
        AppendStatus.ACCEPTED,
        AppendStatus.ACCEPTED,
        AppendStatus.UNCHANGED,
    ]
    assert [outcome.sequence for outcome in outcomes] == [1, 2, 3, 2]
    assert store.last_sequence() == 3
    assert shaky.superseded_between(0, 3).tolist() == [2]


def test_an_append_without_an_answer_says_that_it_can_be_sent_again(
    store: Neo4jStore, shaky: Neo4jStore, proxy: Proxy
) -> None:
    proxy.cut = 1_000
    with pytest.raises(StoreUnavailableError, match="unknown whether that was stored; send"):
        shaky.append([link("1")])
    proxy.cut = 0
    (again,) = shaky.append([link("1")])
    assert (again.status, again.sequence) == (AppendStatus.UNCHANGED, 1)
    assert store.last_sequence() == 1


def test_audit_entries_are_added_once(store: Neo4jStore, shaky: Neo4jStore, proxy: Proxy) -> None:
    drafts = [AuditDraft(at=DAY, actor="ann", action=action) for action in ("read", "write")]
    proxy.cut = 1
    entries = shaky.append_audit(drafts)
    assert [entry.position for entry in entries] == [1, 2]
    assert store.audit_entries() == entries
    assert store.append_audit(drafts[:1])[0].position == 3


def test_a_record_and_what_is_noted_of_it_are_added_once(
    store: Neo4jStore, shaky: Neo4jStore, proxy: Proxy
) -> None:
    proxy.cut = 1
    (outcome,) = shaky.append(
        [link("1")],
        audit_of=lambda outcomes: [
            AuditDraft(at=DAY, actor="ann", action="write", detail=str(outcome.sequence))
            for outcome in outcomes
        ],
    )
    assert (outcome.status, outcome.sequence) == (AppendStatus.ACCEPTED, 1)
    assert store.last_sequence() == 1
    assert [entry.draft.detail for entry in store.audit_entries()] == ["1"]


def test_a_run_is_published_once_and_without_a_conflict(
    store: Neo4jStore, shaky: Neo4jStore, proxy: Proxy
) -> None:
    run = replace(RUN, run_id="r1", payload_bytes=3)
    store.stage_run_chunk("r1", 0, b"abc")
    proxy.cut = 1
    shaky.publish_run(run)
    assert store.runs() == [run]
    with pytest.raises(ConflictError, match="published already"):
        shaky.publish_run(replace(run, links=1))


def test_what_failed_in_passing_is_tried_again(store: Neo4jStore) -> None:
    tries: list[int] = []

    def fail_once(transaction: Transaction) -> int:
        tries.append(ledger.state(transaction).sequence)
        if len(tries) == 1:
            raise server_error("Neo.TransientError.Transaction.DeadlockDetected", "a deadlock")
        return len(tries)

    assert store._database.write(fail_once) == 2


def test_a_batch_too_big_for_the_server_is_refused_in_words(
    neo4j_server: ServerInfo, store: Neo4jStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out_of_memory(_transaction: Transaction, _token: str) -> None:
        raise server_error("Neo.TransientError.General.MemoryPoolOutOfMemoryError", "358 MiB")

    monkeypatch.setattr(ledger, "take", run_out_of_memory)
    password = neo4j_server.read_password()
    with (
        closing(
            Neo4jStore.open(
                neo4j_server.uri, user=neo4j_server.user, password=password, retry_s=0.1
            )
        ) as impatient,
        pytest.raises(StoreError, match="send smaller batches"),
    ):
        impatient.append([link("1")])
    assert store.last_sequence() == 0
