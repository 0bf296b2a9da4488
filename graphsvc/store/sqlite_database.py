"""One SQLite file: connections, transactions, and its errors in the service's own words.

Knows nothing of what is stored. A connection is lent to one caller at a time, so threads never
share one and no read stays open while its caller is elsewhere.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import tenacity

from graphsvc.errors import MigrationError, StoreError, StoreUnavailableError
from queries._load import load_migrations
from queries.sqlite import schema

APPLICATION_ID = 0x67737663
MAX_IDLE_CONNECTIONS = 8
_WAIT_IN_SQLITE_S = 5.0
_PASSING_ERRORS = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_LOCK_ERRORS = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL})

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]


class Database:
    """Lends connections to one file and runs work on them in transactions.

    `synchronous=FULL`: in WAL mode both FULL and NORMAL keep a commit when the process is killed,
    but only FULL keeps it when the machine loses power, and a batch pays for one fsync only.
    """

    def __init__(
        self,
        path: Path,
        *,
        lock_timeout_s: float,
        migrations: str = "sqlite",
        application_id: int = APPLICATION_ID,
    ) -> None:
        self.path = path
        self._migrations = migrations
        self._application_id = application_id
        self._lock_timeout_s = lock_timeout_s
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._is_closed = False
        self._schema_is_known = False

    def read(self, work: Work[Result]) -> Result:
        """Return what one reading statement gives.

        Raises:
            MigrationError: the schema is not the one that this program knows.
            StoreError: the file can't be read.
        """
        with self._lent() as connection:

            def attempt() -> Result:
                if not self._schema_is_known:
                    self._check_schema(connection)
                return work(connection)

            return self._retried(attempt)

    def read_one_state(self, work: Work[Result]) -> Result:
        """Return what several reading statements give that must see the same state."""
        return self._in_transaction(schema.begin_read, work, is_checked=True)

    def write(self, work: Work[Result]) -> Result:
        """Run work with the write lock held from its start, and commit it whole or not at all.

        Raises:
            StoreUnavailableError: others held the lock for longer than the lock timeout.
        """
        return self._in_transaction(schema.begin_write, work, is_checked=True)

    def migrate(self, finish: Work[None]) -> list[str]:
        """Bring the schema up to date, then run `finish` in the same transaction.

        Raises:
            MigrationError: the file is another program's or newer, or a migration fails.
        """
        with self._lent() as connection:
            self._refuse_foreign_file(connection)
            self._retried(lambda: schema.use_write_ahead_log(connection))
        names = self._in_transaction(
            schema.begin_write, lambda connection: self._apply(connection, finish), is_checked=False
        )
        self._schema_is_known = True
        return names

    def schema_version(self) -> int:
        """Return the number of the last migration applied, 0 in a new file."""
        with self._lent() as connection:
            return self._retried(lambda: schema.schema_version(connection))

    def close(self) -> None:
        """Close every idle connection; a lent one is closed when it comes back."""
        with self._guard:
            self._is_closed = True
            idle, self._idle = self._idle, []
        with _own_errors(self.path):
            for connection in idle:
                connection.close()

    def _in_transaction(self, begin: Work[None], work: Work[Result], *, is_checked: bool) -> Result:
        with self._lent() as connection:

            def attempt() -> Result:
                begin(connection)
                try:
                    if is_checked:
                        self._check_schema(connection)
                    result = work(connection)
                    schema.commit(connection)
                except BaseException:
                    # A full disk makes SQLite roll back by itself; a second ROLLBACK would fail.
                    if connection.in_transaction:
                        schema.rollback(connection)
                    raise
                return result

            return self._retried(attempt)

    def _retried(self, attempt: Callable[[], Result]) -> Result:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_lock_error),
            stop=tenacity.stop_after_delay(self._lock_timeout_s),
            wait=tenacity.wait_random(0, 0.05),
            reraise=True,
        )(attempt)

    def _apply(self, connection: sqlite3.Connection, finish: Work[None]) -> list[str]:
        # Another process may have migrated since; the version counts only under the lock.
        self._refuse_foreign_file(connection)
        version = schema.schema_version(connection)
        self._refuse_newer(version)
        pending = load_migrations(self._migrations)[version:]
        for migration in pending:
            try:
                schema.apply(connection, migration.statements)
            except sqlite3.Error as error:
                if _is_lock_error(error):
                    raise
                raise MigrationError(
                    f"{self.path}: migration {migration.name} failed, nothing was changed: {error}"
                ) from error
        finish(connection)
        return [migration.name for migration in pending]

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        version = schema.schema_version(connection)
        self._refuse_foreign_file(connection)
        self._refuse_newer(version)
        wanted = len(load_migrations(self._migrations))
        if version < wanted:
            raise MigrationError(
                f"{self.path} has schema version {version}, this program needs {wanted}; "
                "migrate the store first (SqliteStore.migrate)"
            )
        self._schema_is_known = True

    def _refuse_newer(self, version: int) -> None:
        newest = len(load_migrations(self._migrations))
        if version > newest:
            raise MigrationError(
                f"{self.path} has schema version {version}, this program knows up to {newest}; "
                "use the newer program that migrated it"
            )

    def _refuse_foreign_file(self, connection: sqlite3.Connection) -> None:
        owner = schema.application_id(connection)
        if owner == self._application_id:
            return
        if owner != 0 or schema.count_schema_objects(connection) > 0:
            raise MigrationError(
                f"{self.path} is another program's SQLite database; give another path"
            )

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        with _own_errors(self.path):
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._is_closed:
                raise StoreError(f"{self.path}: the store is closed; open it again")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._guard:
            if not self._is_closed and len(self._idle) < MAX_IDLE_CONNECTIONS:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # lent to one thread at a time
            timeout=min(_WAIT_IN_SQLITE_S, self._lock_timeout_s),
        )
        try:
            schema.prepare_connection(connection)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def _own_errors(path: Path) -> Iterator[None]:
    """Translate the driver's errors, here and nowhere else."""
    try:
        yield
    except sqlite3.Error as error:
        if _code(error) in _PASSING_ERRORS:
            raise StoreUnavailableError(
                f"{path}: {error}; it is locked, full or out of reach, try again later"
            ) from error
        raise StoreError(f"{path}: {error}") from error


def _is_lock_error(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and _code(error) in _LOCK_ERRORS


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code; errors of the Python module itself have none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
