"""Starts, stops and reports on the server of one home. The `graphsvc neo4j` command calls these."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from graphsvc.errors import Neo4jServerError
from graphsvc.neo4j_server import distribution, process
from graphsvc.neo4j_server.distribution import NEO4J_VERSION, Distribution
from graphsvc.neo4j_server.home import (
    USER,
    Home,
    Record,
    ServerInfo,
    ServerState,
    ServerStatus,
    write_private,
)

# Bolt is the only door and it opens to this machine only. The two internal waits are the time that
# a stop spends on idle threads after the data is already safe; Neo4j's default is 5 s for each.
_CONFIGURATION = """\
# Written by graphsvc at each start; changes are lost.
server.default_listen_address=127.0.0.1
server.bolt.enabled=true
server.bolt.listen_address=127.0.0.1:{bolt_port}
server.bolt.advertised_address=127.0.0.1:{bolt_port}
server.http.enabled=false
server.https.enabled=false
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
server.memory.pagecache.size=256m
db.tx_log.preallocate=false
db.logs.query.enabled=OFF
internal.server.bolt.thread_pool_shutdown_wait_time=1s
internal.server.bolt.connection_shutdown_wait_time=1s
"""


def start(
    home: Path,
    *,
    bolt_port: int | None = None,
    password: str | None = None,
    timeout_s: float = 120.0,
    heap_mb: int = 512,
    short_lived: bool = False,
) -> ServerInfo:
    """Start the server of `home` if it isn't running, and return how to reach it.

    Returns once a Bolt login works. The first start downloads Neo4j (130 MB, not counted in
    `timeout_s`) and fixes the password: `password`, or else a random one. Without `bolt_port`, the
    port of the last start is taken if it is free, or else any free one. A `short_lived` server, as
    for tests, starts in about half the processor time and does long work more slowly.

    Raises `Neo4jServerError`, with the last lines of the log where there are any.
    """
    place = Home(home)
    programs = distribution.find_or_fetch()
    with place.locked(timeout_s):
        place.create()
        record = place.read_record()
        if record is not None and process.is_alive(record):
            _refuse_another_port(place, record, bolt_port)
            _wait_for_login(place, record, place.password(password), timeout_s)
            return _info(place, record)
        port = _choose_port(bolt_port, record)
        login = place.password(password)
        record = _launch(place, programs, port, login, heap_mb, short_lived)
        try:
            _wait_for_login(place, record, login, timeout_s)
        except BaseException:
            # Interrupted or hopeless: a server that nobody knows to be up must not stay behind.
            process.end(place, record, timeout_s=10.0)
            place.write_record(replace(record, pid=None, birth=None))
            raise
        return _info(place, record)


def stop(home: Path, *, timeout_s: float = 30.0) -> bool:
    """Stop the server of `home`; return whether one was running. Kills it after `timeout_s`."""
    place = Home(home)
    if place.read_record() is None:
        return False
    with place.locked(timeout_s):
        record = place.read_record()
        if record is None:
            return False
        was_running = process.is_alive(record)
        if was_running:
            process.end(place, record, timeout_s)
        place.write_record(replace(record, pid=None, birth=None))
        return was_running


def status(home: Path) -> ServerStatus:
    """Return what became of the server of `home`; changes nothing."""
    place = Home(home)
    record = place.read_record()
    if record is None or record.pid is None:
        return ServerStatus(ServerState.STOPPED, place.path)
    if not process.is_alive(record):
        return ServerStatus(ServerState.DEAD, place.path)
    password = place.kept_password()
    works = password is not None and _login_problem(record, password) is None
    state = ServerState.RUNNING if works else ServerState.UNREACHABLE
    return ServerStatus(state, place.path, _info(place, record))


def _launch(
    place: Home,
    programs: Distribution,
    port: int,
    password: str,
    heap_mb: int,
    short_lived: bool,
) -> Record:
    configuration = _CONFIGURATION.format(bolt_port=port)
    (place.conf / "neo4j.conf").write_text(configuration, encoding="utf-8")
    if not place.has_been_started():
        _set_first_password(place, programs, password)
    pid, birth = process.spawn(place, programs, heap_mb, short_lived=short_lived)
    record = Record(bolt_port=port, version=NEO4J_VERSION, pid=pid, birth=birth)
    place.write_record(record)
    return record


def _set_first_password(place: Home, programs: Distribution, password: str) -> None:
    """Fix the password before the first start, so that the well-known default never works."""
    # Java reads its arguments from a file: a command line is there for all users to see.
    arguments = place.conf / "set-password.args"
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    class_path = programs.class_path.replace("\\", "\\\\").replace('"', '\\"')
    words = ["-cp", f'"{class_path}"', "org.neo4j.cli.AdminTool", "dbms", "set-initial-password"]
    write_private(arguments, "\n".join([*words, f'"{quoted}"', ""]))
    try:
        answer = subprocess.run(
            [str(programs.java), "-Xmx128m", "-XX:TieredStopAtLevel=1", f"@{arguments}"],
            env=process.java_environment(NEO4J_HOME=str(place.path), NEO4J_CONF=str(place.conf)),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    finally:
        arguments.unlink()
    if answer.returncode != 0:
        place.password_file.unlink()
        raise Neo4jServerError(f"Neo4j refused the first password: {answer.stderr.strip()}")


def _wait_for_login(place: Home, record: Record, password: str, timeout_s: float) -> None:
    deadline = time.monotonic() + timeout_s
    while (problem := _login_problem(record, password)) is not None:
        _give_up_if_hopeless(place, record, problem, deadline)
        time.sleep(0.1)


def _give_up_if_hopeless(place: Home, record: Record, problem: Exception, deadline: float) -> None:
    if not process.is_alive(record):
        reason = "ended while it was starting"
    elif isinstance(problem, AuthError):
        reason = f"refused the password in {place.password_file}"
    elif time.monotonic() > deadline:
        reason = f"accepted no login in time ({problem})"
    else:
        return
    raise Neo4jServerError(
        f"Neo4j in {place.path} {reason}; the end of its logs in {place.logs}:\n"
        f"{place.last_log_lines()}"
    ) from problem


def _login_problem(record: Record, password: str) -> Exception | None:
    """Return why a login and a query fail, or `None` if they work."""
    try:
        # A plain connect first: the driver logs a warning for each refused one.
        socket.create_connection(("127.0.0.1", record.bolt_port), timeout=1.0).close()
        with (
            GraphDatabase.driver(
                record.uri, auth=(USER, password), connection_timeout=5.0
            ) as driver,
            driver.session(database="neo4j") as session,
        ):
            session.run("RETURN 1").consume()
    except (OSError, DriverError, Neo4jError) as problem:
        return problem
    return None


def _refuse_another_port(place: Home, record: Record, asked: int | None) -> None:
    if asked not in (None, record.bolt_port):
        raise Neo4jServerError(
            f"the server in {place.path} already runs on port {record.bolt_port}; stop it before "
            f"you start it on port {asked}"
        )


def _choose_port(asked: int | None, record: Record | None) -> int:
    if asked is not None:
        if not _is_free(asked):
            raise Neo4jServerError(
                f"port {asked} on 127.0.0.1 is taken or not allowed; ask for another, or for none "
                "to get a free one"
            )
        return asked
    if record is not None and _is_free(record.bolt_port):
        return record.bolt_port
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError):
        return False
    return True


def _info(place: Home, record: Record) -> ServerInfo:
    assert record.pid is not None
    return ServerInfo(
        uri=record.uri,
        user=USER,
        password_file=place.password_file,
        pid=record.pid,
        home=place.path,
        version=record.version,
    )
