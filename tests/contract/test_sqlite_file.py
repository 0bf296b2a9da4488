"""What holds of the SQLite adapter alone: the file, its locks, and its errors in our words."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from graphsvc.errors import MigrationError, StoreError, StoreUnavailableError
from graphsvc.model import RecordType
from graphsvc.store.sqlite import SqliteStore
from graphsvc.store.sqlite_database import MAX_IDLE_CONNECTIONS, Database
from queries._load import load_migrations
from tests.contract.evidence import ANN, append_all, link


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder #1?" / "graph svc.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    with closing(SqliteStore.open(path, lock_timeout_s=0.3)) as opened:
        opened.migrate()
        yield opened


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_opening_makes_the_folder_and_a_file_of_any_name(store: SqliteStore, path: Path) -> None:
    append_all(store, link("1"))
    assert path.is_file()


def test_an_absent_file_is_not_made_where_that_is_forbidden(path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="there is no store"):
        SqliteStore.open(path, create=False)
    assert not path.parent.exists()


def test_a_path_that_cannot_be_written_is_reported_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailableError, match="can be written"):
        SqliteStore.open(tmp_path / "file" / "store.db")


def test_a_new_file_is_for_its_owners_eyes_only(store: SqliteStore, path: Path) -> None:
    append_all(store, link("1"))
    assert {file.stat().st_mode & 0o077 for file in path.parent.iterdir()} == {0}


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 100)
    with closing(SqliteStore.open(path)) as store:
        with pytest.raises(StoreError, match=r"letter\.db"):
            store.migrate()
        with pytest.raises(StoreError, match=r"letter\.db"):
            store.last_sequence()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE song (title TEXT)")
    before = path.read_bytes()
    with closing(SqliteStore.open(path)) as store:
        with pytest.raises(MigrationError, match="another program"):
            store.migrate()
        with pytest.raises(MigrationError, match="another program"):
            store.last_sequence()
    assert path.read_bytes() == before


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_migrations("sqlite")[0]
    torn = (*first.statements[:5], first.statements[0])  # makes a table twice
    broken = type(first)(first.number, first.name, torn)
    monkeypatch.setattr("graphsvc.store.sqlite_database.load_migrations", lambda _: [broken])
    with (
        closing(SqliteStore.open(path)) as store,
        pytest.raises(MigrationError, match=r"0001_initial\.sql failed"),
    ):
        store.migrate()
    monkeypatch.undo()
    assert version_of(path) == 0
    with closing(SqliteStore.open(path)) as store:
        assert store.migrate()[0] == first.name


def test_two_programs_may_migrate_at_once(path: Path) -> None:
    applied: list[list[str]] = []

    def migrate() -> None:
        with closing(SqliteStore.open(path)) as store:
            applied.append(store.migrate())

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [migration.name for migration in load_migrations("sqlite")]
    assert sorted(applied) == [[], [], [], everything]


def test_a_store_of_the_first_version_is_brought_up_to_date_with_all_it_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *later = load_migrations("sqlite")
    with monkeypatch.context() as patched:
        patched.setattr("graphsvc.store.sqlite_database.load_migrations", lambda _: [first])
        with closing(SqliteStore.open(path)) as store:
            store.migrate()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            INSERT INTO subject VALUES (0, 'person', 'ann');
            INSERT INTO record VALUES (1, 's', 'e', 'event', 'hash', 5, NULL);
            INSERT INTO event VALUES (1, 'chargeback', 0, 7, 2.5);
            """
        )
    with closing(SqliteStore.open(path)) as store:
        assert store.migrate() == [migration.name for migration in later]
        (stored,) = store.records(RecordType.EVENT)
        assert (stored.sequence, str(stored.record.subject)) == (1, "person:ann")  # type: ignore[attr-defined]
        store.erase({1: "erased-1"}, {ANN: "erased-ann"})
        assert list(store.records(RecordType.EVENT)) == []


def test_a_lock_held_too_long_is_reported_as_unavailable(store: SqliteStore, path: Path) -> None:
    append_all(store, link("1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="locked"):
            store.append([link("2")])
        assert time.monotonic() - began < 5
        assert store.last_sequence() == 1  # readers don't wait for writers
    append_all(store, link("2"))


def test_a_lock_that_is_let_go_in_time_is_waited_for(path: Path) -> None:
    with (
        closing(SqliteStore.open(path, lock_timeout_s=20)) as store,
        closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other,
    ):
        store.migrate()
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.3, other.execute, ["ROLLBACK"])
        timer.start()
        assert append_all(store, link("1")) == [1]
        timer.join()


def test_a_schema_that_turns_newer_under_an_open_store_stops_its_writes(
    store: SqliteStore, path: Path
) -> None:
    append_all(store, link("1"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(MigrationError, match="newer"):
        store.append([link("2")])


def test_work_that_fails_half_way_is_rolled_back(store: SqliteStore, path: Path) -> None:
    with closing(Database(path, lock_timeout_s=1)) as database:

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO subject VALUES (0, 'person', 'ann', 0)")
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.write(work)
    assert store.count_subjects() == 0
    append_all(store, link("1"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET source = 'x'",
        "DELETE FROM record",
        "UPDATE audit_entry SET actor = 'x'",
        "DELETE FROM audit_entry",
    ],
)
def test_the_file_itself_forbids_changes_to_what_is_recorded(
    store: SqliteStore, path: Path, statement: str
) -> None:
    from tests.contract.test_audit import draft

    append_all(store, link("1"))
    store.append_audit([draft()])
    with (
        closing(sqlite3.connect(path)) as other,
        pytest.raises(sqlite3.IntegrityError, match="never"),
    ):
        other.execute(statement)


@pytest.mark.parametrize(
    "change",
    [
        "supersedes = 'x'",
        "supersedes = NULL",
        "supersedes = '~', recorded_at_us = 0",
        "source = 't'",
    ],
)
def test_of_what_superseded_an_erased_record_only_the_name_may_change(
    store: SqliteStore, path: Path, change: str
) -> None:
    append_all(store, link("1"), link("2", supersedes="1"), link("3", supersedes="2"))
    store.erase({1: "~"}, {})
    with closing(sqlite3.connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="never updated"):
            connection.execute(f"UPDATE record SET {change} WHERE sequence = 2")
        with pytest.raises(sqlite3.IntegrityError, match="never updated"):
            connection.execute("UPDATE record SET supersedes = '~' WHERE sequence = 3")


def test_an_erasure_succeeds_and_says_so_when_a_reader_keeps_the_log(
    store: SqliteStore, path: Path
) -> None:
    append_all(store, link("a secret id"))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM record").fetchone()
        with capture_logs() as logs:
            store.erase({1: "~"}, {})
        assert [entry["log_level"] for entry in logs] == ["warning"]
        assert "still holds older content" in logs[0]["event"]
        assert store.record("s", "a secret id") is None
        reader.execute("ROLLBACK")
    with capture_logs() as logs:
        store.discard_staged_runs()
    assert logs == []
    assert not any(b"a secret id" in file.read_bytes() for file in path.parent.iterdir())


def test_connections_write_ahead_sync_fully_and_hold_foreign_keys(
    store: SqliteStore, path: Path
) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys")
    with closing(Database(path, lock_timeout_s=1)) as database:
        found = database.read(
            lambda connection: [
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names
            ]
        )
    assert found == ["wal", 2, 1]


def test_many_threads_leave_no_more_connections_than_stated(store: SqliteStore) -> None:
    barrier = threading.Barrier(2 * MAX_IDLE_CONNECTIONS)

    def read() -> None:
        barrier.wait()
        for _ in range(20):
            store.last_sequence()

    threads = [threading.Thread(target=read) for _ in range(2 * MAX_IDLE_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= len(store._database._idle) <= MAX_IDLE_CONNECTIONS


def test_the_file_can_be_checked_by_sqlite_itself(store: SqliteStore, path: Path) -> None:
    append_all(store, *(link(f"{n}") for n in range(50)), link("x", supersedes="3"))
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert other.execute("PRAGMA foreign_key_check").fetchall() == []
