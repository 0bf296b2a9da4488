"""The folder that one server lives in: where its files are, and what is known of its process.

The layout is Neo4j's own (`conf`, `data`, `logs`), with three files of ours beside it: the password
(mode 0600), the record of the last start, and the lock that serialises `start` and `stop`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from graphsvc.errors import Neo4jServerError

USER = "neo4j"
MINIMUM_PASSWORD_LENGTH = 8


class ServerState(StrEnum):
    """What became of the server that a home last started."""

    STOPPED = "stopped"
    """Never started, or stopped on request."""
    RUNNING = "running"
    """Its process lives and a Bolt login works."""
    UNREACHABLE = "unreachable"
    """Its process lives, but no login works: it is still starting, or it hangs."""
    DEAD = "dead"
    """Its process vanished without a stop; the next start recovers the data."""


@dataclass(frozen=True)
class ServerInfo:
    """How to reach a started server; holds where the password is, never the password."""

    uri: str
    user: str
    password_file: Path
    pid: int
    home: Path
    version: str

    def read_password(self) -> str:
        """Return the password of `user`, read afresh from its file."""
        return self.password_file.read_text(encoding="utf-8")


@dataclass(frozen=True)
class ServerStatus:
    """What `status` found; `info` is there while the process lives."""

    state: ServerState
    home: Path
    info: ServerInfo | None = None


@dataclass(frozen=True)
class Record:
    """The last start: which port, and which process (`None` after a clean stop)."""

    bolt_port: int
    version: str
    pid: int | None = None
    birth: str | None = None
    """Tells the process from a later one that was given the same pid."""

    @property
    def uri(self) -> str:
        """The Bolt address."""
        return f"bolt://127.0.0.1:{self.bolt_port}"


def default_home() -> Path:
    """Return `.graphsvc/neo4j` under the current folder, so that each project has its own data."""
    return Path.cwd() / ".graphsvc" / "neo4j"


class Home:
    """The paths of one server's folder, and its record and password files."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.conf = self.path / "conf"
        self.data = self.path / "data"
        self.logs = self.path / "logs"
        self.console_log = self.logs / "console.log"
        self._server_log = self.logs / "neo4j.log"
        self._debug_log = self.logs / "debug.log"
        self.password_file = self.path / "password"
        self._record_file = self.path / "server.json"
        self._lock_file = self.path / "lock"

    def create(self) -> None:
        """Make the folders; nobody else may look into them."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.conf, self.data, self.logs):
            folder.mkdir(mode=0o700, exist_ok=True)

    def has_been_started(self) -> bool:
        """Tell whether a server has already made its system database here."""
        return (self.data / "databases" / "system").exists()

    def read_record(self) -> Record | None:
        """Return what the last start wrote, or `None` where there was none."""
        try:
            return Record(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise Neo4jServerError(
                f"{self._record_file} can't be read ({error}); make sure that no server runs in "
                f"{self.path}, then delete that file"
            ) from error

    def write_record(self, record: Record) -> None:
        """Replace the record; a reader sees the old one or the new one, never half of one."""
        unfinished = self._record_file.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(record)), encoding="utf-8")
        unfinished.replace(self._record_file)

    def kept_password(self) -> str | None:
        """Return the password that an earlier start fixed, or `None`."""
        if not self.password_file.exists():
            return None
        return self.password_file.read_text(encoding="utf-8")

    def password(self, asked: str | None) -> str:
        """Return this home's password; the first call fixes it, to `asked` or a random one."""
        kept = self.kept_password()
        if kept is not None:
            self._refuse_another_password(kept, asked)
            return kept
        if self.has_been_started():
            raise Neo4jServerError(
                f"{self.password_file} is missing but {self.data} holds a database; put the "
                "password back into that file (mode 0600), or delete the home to begin anew"
            )
        password = secrets.token_hex(24) if asked is None else _checked_password(asked)
        write_private(self.password_file, password)
        return password

    def _refuse_another_password(self, kept: str, asked: str | None) -> None:
        if asked not in (None, kept):
            raise Neo4jServerError(
                f"the server in {self.path} has another password, see {self.password_file}; start "
                "it without one, or delete the home to begin anew"
            )

    @contextmanager
    def locked(self, timeout_s: float) -> Iterator[None]:
        """Hold this home's lock; the kernel frees it even if the holder is killed."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive_lock(self._lock_file, timeout_s):
            yield

    def put_old_logs_aside(self) -> None:
        """Begin new logs, so that no line of an earlier start is taken for one of this start."""
        for log in (self.console_log, self._server_log, self._debug_log):
            if log.exists():
                log.replace(log.with_suffix(".previous.log"))

    def last_log_lines(self, count: int = 12) -> str:
        """Return what the logs say about a failed start, for an error message."""
        # Java's own warnings are the same at every start; the cause is in none of them.
        console = [line for line in _lines(self.console_log) if not line.startswith("WARNING: ")]
        causes = [
            line for line in _lines(self._debug_log) if " ERROR " in line or "Caused by:" in line
        ]
        ends = console[-count:] + _lines(self._server_log)[-count:] + causes[-count:]
        return "\n".join(line for line in ends if line.strip()) or "(the logs are empty)"


@contextmanager
def exclusive_lock(lock_file: Path, timeout_s: float) -> Iterator[None]:
    """Hold an exclusive lock on `lock_file`, or raise after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    with lock_file.open("w") as handle:
        while not _try_lock(handle.fileno()):
            if time.monotonic() > deadline:
                raise Neo4jServerError(
                    f"another process still holds {lock_file} after {timeout_s:g} s; wait for its "
                    "start, stop or download to end"
                )
            time.sleep(0.1)
        yield


def write_private(path: Path, text: str) -> None:
    """Write `text` to a file that only its owner can read, from its first moment on."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(text)
    unfinished.replace(path)


def _checked_password(password: str) -> str:
    # A leading - or @ would be taken for an option or a file by Neo4j's password tool.
    if (
        len(password) < MINIMUM_PASSWORD_LENGTH
        or password[0] in "-@"
        or not (password.isascii() and password.isprintable())
    ):
        raise Neo4jServerError(
            f"the password won't do: give at least {MINIMUM_PASSWORD_LENGTH} printable ASCII "
            "characters, the first of them not - or @"
        )
    return password


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lines(log: Path) -> list[str]:
    if not log.exists():
        return []
    return log.read_text(encoding="utf-8", errors="replace").splitlines()
