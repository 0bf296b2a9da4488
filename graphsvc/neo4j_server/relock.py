"""Rewrites `jars.lock` for a Neo4j release: `python -m graphsvc.neo4j_server.relock 5.26.16`.

For whoever maintains the project; set `NEO4J_VERSION` to the same release afterwards.
"""

from __future__ import annotations

import sys

from graphsvc.neo4j_server.distribution import LOCK_FILE, LockedJar, sha256_of

_HEADER = """\
# The jars of Neo4j Community {version} with its Bolt connector: SHA-256, then Maven coordinates.
# Written by graphsvc/neo4j_server/relock.py; don't edit by hand.
"""


def relock(version: str) -> None:
    """Resolve the release's jars and everything they need, and write them down with checksums."""
    import jgo

    endpoint = f"org.neo4j:neo4j:{version}+org.neo4j:neo4j-bolt:{version}"
    jars = [
        LockedJar(
            artifact.groupId,
            artifact.artifactId,
            artifact.version,
            artifact.classifier,
            sha256_of(artifact.resolve()),
        )
        for artifact in jgo.resolve(endpoint)
    ]
    jars.sort(key=lambda jar: jar.coordinates)
    lines = [f"{jar.sha256}  {jar.coordinates}\n" for jar in jars]
    LOCK_FILE.write_text(_HEADER.format(version=version) + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    relock(sys.argv[1])
