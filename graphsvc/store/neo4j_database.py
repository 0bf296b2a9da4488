"""One Neo4j database: transactions, retries, and the driver's errors in the service's own words.

Knows nothing of what is stored. Work is given a transaction and may be run several times.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import neo4j
import tenacity
from neo4j.exceptions import (
    AuthError,
    ClientError,
    ConnectionAcquisitionTimeoutError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
)

from graphsvc.errors import MigrationError, SettingsError, StoreError, StoreUnavailableError
from queries._load import Migration
from queries.neo4j import schema

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
DEFAULT_RETRY_S = 15.0
_CONNECTION_TIMEOUT_S = 10.0
_INDEX_TIMEOUT_S = 600
_COMMIT_ATTEMPTS = 3
_READ_ATTEMPTS = 10
_VANISHED = "Neo.ClientError.Statement.EntityNotFound"
_OUT_OF_MEMORY = frozenset(
    {
        "Neo.TransientError.General.MemoryPoolOutOfMemoryError",
        "Neo.TransientError.General.OutOfMemoryError",
        "Neo.TransientError.General.TransactionOutOfMemoryError",
        "Neo.TransientError.General.StackOverFlowError",
    }
)

Result = TypeVar("Result")
Work = Callable[[neo4j.ManagedTransaction], Result]


class Database:
    """Runs work in managed transactions, each of which sees all that came before it here.

    Neo4j shows a commit to readers while it is still applying it. A transaction that begins with
    the bookmark of an earlier one waits until all that the earlier one may have seen in part is
    applied in full. All transactions here share one bookmark manager; so what lies at or below a
    sequence that was once read is complete from then on.
    """

    def __init__(self, driver: neo4j.Driver, address: str, database: str | None) -> None:
        self.address = address
        self._driver = driver
        self._database = database
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        self._schema_is_known = False

    @classmethod
    def open(
        cls, uri: str, *, user: str, password: str, database: str | None, retry_s: float
    ) -> Database:
        """Connect; a database may also be named by the URI's path.

        Raises:
            SettingsError: the URI can't be used.
            StoreUnavailableError: nobody answers there.
            StoreError: the login is refused.
        """
        base, name = _split_uri(uri)
        database = database or name
        address = f"Neo4j {base}" + (f", database {database}" if database else "")
        with _own_errors(address):
            driver = neo4j.GraphDatabase.driver(
                base,
                auth=(user, password),
                max_transaction_retry_time=retry_s,
                connection_timeout=_CONNECTION_TIMEOUT_S,
                notifications_min_severity=neo4j.NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
                user_agent="graphsvc",
            )
            try:
                driver.verify_connectivity()
            except BaseException:
                driver.close()
                raise
        return cls(driver, address, database)

    def read(self, work: Work[Result]) -> Result:
        """Return what reading statements give.

        Raises:
            MigrationError: the schema is not the one that this program knows.
            StoreUnavailableError: the server can't be reached.
        """
        with _own_errors(self.address):
            self._check_schema()
            return self._read(work)

    def write(self, work: Work[Result]) -> Result:
        """Run work and commit it whole or not at all.

        Work must notice by itself that it has been committed already: when the connection breaks
        during a commit, it is run again.

        Raises:
            MigrationError: the schema is not the one that this program knows.
            StoreUnavailableError: the server can't be reached.
        """
        with _own_errors(self.address):
            self._check_schema()
            return self._write(work)

    def migrate(self) -> list[str]:
        """Bring the schema up to date; return the names of the migrations applied.

        Raises:
            MigrationError: the schema is newer than this program, or a migration fails.
        """
        with _own_errors(self.address):
            pending = self._pending_migrations()
            return [
                migration.name
                for migration in pending
                if self._apply(migration) and self._note(migration)
            ]

    def schema_version(self) -> int:
        """Return the number of the last migration applied, 0 in an empty database."""
        with _own_errors(self.address):
            return max(self._read(schema.migrations_done), default=0)

    def close(self) -> None:
        """Close all connections."""
        with _own_errors(self.address):
            self._driver.close()

    def _read(self, work: Work[Result]) -> Result:
        # Another transaction may delete a relationship that this one has just found.
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_of_vanished),
            stop=tenacity.stop_after_attempt(_READ_ATTEMPTS),
            wait=tenacity.wait_random(0, 0.05),
            reraise=True,
        )
        with self._session() as session:
            return attempts(lambda: session.execute_read(work))

    def _write(self, work: Work[Result]) -> Result:
        # The driver retries what surely failed; a commit of unknown outcome is left to us.
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(IncompleteCommit),
            stop=tenacity.stop_after_attempt(_COMMIT_ATTEMPTS),
            reraise=True,
        )
        with self._session() as session:
            return attempts(lambda: session.execute_write(work))

    def _session(self) -> neo4j.Session:
        return self._driver.session(database=self._database, bookmark_manager=self._bookmarks)

    def _check_schema(self) -> None:
        if self._schema_is_known:
            return
        pending = self._pending_migrations()
        if pending:
            raise MigrationError(
                f"{self.address} lacks migration {pending[0].name}; run `graphsvc migrate`, "
                "then try again"
            )
        self._schema_is_known = True

    def _pending_migrations(self) -> list[Migration]:
        done = self._read(schema.migrations_done)
        known = schema.migrations()
        newest = max(done, default=0)
        if newest > len(known):
            raise MigrationError(
                f"{self.address} has schema version {newest}; this program knows versions up to "
                f"{len(known)}: use a newer graphsvc"
            )
        return [migration for migration in known if migration.number not in done]

    def _apply(self, migration: Migration) -> bool:
        for statement in migration.statements:
            try:
                self._write(partial(schema.change_schema, statement=statement))
            except ClientError as error:
                raise MigrationError(
                    f"{self.address}: {statement.name} in migration {migration.name} failed, "
                    f"earlier statements stay: {error.message}"
                ) from error
        self._read(lambda transaction: schema.await_indexes(transaction, _INDEX_TIMEOUT_S))
        return True

    def _note(self, migration: Migration) -> bool:
        now_us = time.time_ns() // 1_000
        return self._write(
            lambda transaction: schema.insert_migration(
                transaction, migration.number, migration.name, now_us
            )
        )


def _split_uri(uri: str) -> tuple[str, str | None]:
    """Return the URI as the driver takes it, and the database that its path names."""
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES:
        raise SettingsError(
            f"the store's scheme is {parts.scheme!r}; one of {', '.join(SCHEMES)} is needed"
        )
    if "@" in parts.netloc:
        raise SettingsError(
            "the store's address holds a user name or password; set them apart from it"
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(f"{uri!r} is not of the form {parts.scheme}://HOST:PORT[/DATABASE]")
    return f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or None


def _is_of_vanished(error: BaseException) -> bool:
    return isinstance(error, Neo4jError) and error.code == _VANISHED


@contextmanager
def _own_errors(address: str) -> Iterator[None]:
    try:
        yield
    except (DriverError, Neo4jError) as error:
        raise _own_error(address, error) from error


def _own_error(address: str, error: DriverError | Neo4jError) -> StoreError:
    if isinstance(error, AuthError):
        return StoreError(f"{address} refused the user name or password; check both")
    if isinstance(error, IncompleteCommit):
        return StoreUnavailableError(
            f"{address} was lost during a commit, so it is unknown whether that was stored; send "
            "the same again: what is there already stays unchanged"
        )
    if isinstance(error, Neo4jError) and error.code in _OUT_OF_MEMORY:
        return StoreError(
            f"{address} has too little memory for a transaction of this size; send smaller "
            f"batches, or give the server more heap: {error.message}"
        )
    if isinstance(error, ConnectionAcquisitionTimeoutError) or error.is_retryable():
        return StoreUnavailableError(
            f"{address} can't be reached or is busy; try again later: {_in_words(error)}"
        )
    return StoreError(f"{address} failed: {_in_words(error)}")


def _in_words(error: DriverError | Neo4jError) -> str:
    if isinstance(error, Neo4jError):
        return f"{error.message} ({error.code})"
    return str(error)
