"""The server's operating-system process: spawned detached, recognised again, and ended.

A pid alone proves nothing, since the system hands it out again: a process is ours only if it was
also born when our record says. Must not know Bolt.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from graphsvc.errors import Neo4jServerError
from graphsvc.neo4j_server.distribution import Distribution
from graphsvc.neo4j_server.home import Home, Record

_PROC = Path("/proc")
_OPENED_PACKAGES = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
# Compiling less and collecting on one thread halves what a start costs; long work is then slower.
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_INHERITED_VARIABLES = ("HOME", "PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")


def spawn(
    home: Home, distribution: Distribution, heap_mb: int, *, short_lived: bool = False
) -> tuple[int, str]:
    """Start the server in a session of its own; return its pid and what tells it from others."""
    command = [
        str(distribution.java),
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
        *(_SHORT_LIVED if short_lived else ()),
        f"-Xms{min(heap_mb, 256)}m",
        f"-Xmx{heap_mb}m",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={home.logs}/hs_err_%p.log",
        "-Dfile.encoding=UTF-8",
        "-Djava.net.preferIPv4Stack=true",
        "-cp",
        distribution.class_path,
        "org.neo4j.server.CommunityEntryPoint",
        f"--home-dir={home.path}",
        f"--config-dir={home.conf}",
    ]
    home.put_old_logs_aside()
    to_console = (os.POSIX_SPAWN_OPEN, 1, home.console_log, os.O_WRONLY | os.O_CREAT, 0o600)
    # Not subprocess.Popen: that object warns when it is dropped while its process lives on.
    pid = os.posix_spawn(
        distribution.java,
        command,
        java_environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            to_console,
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return pid, _birth(pid) or ""


def java_environment(**more: str) -> dict[str, str]:
    """Return the few variables that Java gets, so that no secret of the caller's goes along."""
    kept = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
    return kept | more


def is_alive(record: Record) -> bool:
    """Tell whether the recorded process still runs, and is that very process."""
    if record.pid is None:
        return False
    _reap(record.pid)
    # Not by its command line as well: that is empty for a moment while the new program is loaded.
    return _birth(record.pid) == record.birth


def end(home: Home, record: Record, timeout_s: float) -> None:
    """Ask the recorded process to stop; kill it if it is still there after `timeout_s`."""
    assert record.pid is not None
    for request in (signal.SIGTERM, signal.SIGKILL):
        if not is_alive(record):
            return
        os.kill(record.pid, request)
        deadline = time.monotonic() + timeout_s
        while is_alive(record) and time.monotonic() < deadline:
            time.sleep(0.05)
    if is_alive(record):
        raise Neo4jServerError(
            f"process {record.pid} of {home.path} can't be killed; is its disk up?"
        )


def _reap(pid: int) -> None:
    """Collect the process if it was our own child and ended; otherwise it stays a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _birth(pid: int) -> str | None:
    """Return when the process began, or `None` if it is gone or a zombie."""
    if not _PROC.joinpath("self").exists():
        return _ask_ps_for_birth(pid)
    try:
        stat = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    state, started_ticks = fields[0], fields[19]
    boot = _PROC.joinpath("sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return None if state in "ZX" else f"{boot}/{started_ticks}"


def _ask_ps_for_birth(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, birth = answer.stdout.strip().partition(" ")
    return None if state.startswith("Z") else birth.strip() or None
