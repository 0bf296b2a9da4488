"""What one server erases, the others' copies and memory may not keep; all use one key."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from graphsvc import app
from graphsvc.app import Service
from graphsvc.errors import SettingsError, SubjectNotFoundError
from graphsvc.settings import Settings
from graphsvc.snapshot import Snapshot
from tests.service.samples import AS_OF, PURPOSE, account, trusts

NAME = "mallory-7f3a"
MALLORY = account(NAME)
SHOP = account("shop")
KEY = "k" * 32

OpenServer = Callable[..., Service]


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[OpenServer]:
    """Opens servers of one store, each with a data folder of its own."""
    with ExitStack() as opened:

        def open_one(name: str, key: str | None = KEY) -> Service:
            settings = Settings(
                store=f"sqlite:///{tmp_path / 'store.db'}",
                data_dir=tmp_path / name,
                pseudonym_key=None if key is None else SecretStr(key),
            )
            return opened.enter_context(Service.open(settings))

        yield open_one


@pytest.fixture
def one(open_server: OpenServer) -> Service:
    service = open_server("one")
    service.store.append([trusts("shop", "far"), trusts(NAME, "shop")])
    service.recompute(PURPOSE, as_of=AS_OF)
    return service


@pytest.fixture
def other(open_server: OpenServer, one: Service) -> Service:
    service = open_server("other")
    service.explain(PURPOSE, MALLORY)
    return service


def files_that_name_her(service: Service) -> list[Path]:
    return [
        path
        for path in service.settings.data_dir.rglob("*")
        if path.is_file() and NAME.encode() in path.read_bytes()
    ]


def test_another_server_drops_its_copies_the_next_time_that_it_reads(
    one: Service, other: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files_that_name_her(other)
    one.redress.erase(MALLORY, actor="officer")
    monkeypatch.setattr(app, "CURRENT_RUN_SECONDS", 0.0)
    with pytest.raises(SubjectNotFoundError):
        other.scores(PURPOSE).score(MALLORY)
    assert files_that_name_her(other) == []
    assert other.explain(PURPOSE, SHOP).score.subject == SHOP


def test_snapshots_of_other_purposes_are_dropped_too(one: Service, other: Service) -> None:
    other.snapshot("payment-fraud")
    one.redress.erase(MALLORY, actor="officer")
    other.snapshot("thin-file-credit")
    assert not [path for path in files_that_name_her(other) if path.suffix == ".snapshot"]


def test_a_server_that_was_down_meanwhile_finds_it_out(
    one: Service, other: Service, open_server: OpenServer
) -> None:
    assert files_that_name_her(other)
    one.redress.erase(MALLORY, actor="officer")
    restarted = open_server("other")
    restarted.scores(PURPOSE)
    restarted.snapshot(PURPOSE)
    assert files_that_name_her(restarted) == []


def test_copies_are_kept_while_nothing_is_erased(one: Service, open_server: OpenServer) -> None:
    one.redress.erase(MALLORY, actor="officer")
    one.explain(PURPOSE, SHOP)
    before = sorted(one.settings.data_dir.rglob("*"))
    again = open_server("one")
    again.explain(PURPOSE, SHOP)
    assert sorted(one.settings.data_dir.rglob("*")) == before


def test_what_is_being_written_is_left_to_its_writer(one: Service) -> None:
    one.scores(PURPOSE)
    folders = {path.parent for path in one.settings.data_dir.rglob("*.arrow")}
    folders |= {path.parent for path in one.settings.data_dir.rglob("*.snapshot")}
    assert len(folders) == 2
    written = [folder / ".run.tmp" for folder in folders]
    left = [folder / ".left.by.a.killed.process" for folder in folders]
    for path in written + left:
        path.touch()
    long_ago = time.time() - 7200
    for path in left:
        os.utime(path, (long_ago, long_ago))
    one.forget_local_copies()
    assert all(path.exists() for path in written)
    assert not any(path.exists() for path in left)
    assert not list(one.settings.data_dir.rglob("*.arrow"))


def test_a_reader_in_the_midst_of_an_erasure_gets_the_run_without_her(
    one: Service, open_server: OpenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = open_server("other")
    original = reader.store.run_payload

    def erased_then(run_id: str) -> Iterator[bytes]:
        monkeypatch.undo()
        one.redress.erase(MALLORY, actor="officer")
        yield from original(run_id)

    run_id = one.scores(PURPOSE).run.run_id
    monkeypatch.setattr(reader.store, "run_payload", erased_then)
    assert len(reader.scores(PURPOSE, run_id=run_id)) == 2
    assert files_that_name_her(reader) == []


def test_a_snapshot_whose_folder_is_emptied_meanwhile_is_used_from_memory(
    one: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Snapshot.save

    def emptied_after(snapshot: Snapshot, path: Path) -> None:
        original(snapshot, path)
        one.forget_local_copies()

    one.forget_local_copies()
    monkeypatch.setattr(Snapshot, "save", emptied_after)
    assert one.recompute(PURPOSE, as_of=AS_OF).subjects == 3


@pytest.mark.parametrize("key", ["x" * 32, None])
def test_a_server_with_another_key_is_refused(
    one: Service, open_server: OpenServer, key: str | None
) -> None:
    with pytest.raises(SettingsError, match="GRAPHSVC_PSEUDONYM_KEY: is not the key"):
        open_server("third", key)
    assert open_server("fourth").pseudonyms.of_subject(SHOP) == one.pseudonyms.of_subject(SHOP)
