"""A genuine Neo4j Community server for development and tests, on any machine that has Python.

The server is a separate Java process that is reached over Bolt on the loopback interface only. This
package starts, watches and stops that process; it must not know what the service keeps in it.
Production uses the official image instead (`compose.yaml`). Linux and macOS only.
"""

from graphsvc.neo4j_server.distribution import NEO4J_VERSION
from graphsvc.neo4j_server.home import ServerInfo, ServerState, ServerStatus, default_home
from graphsvc.neo4j_server.runner import start, status, stop

__all__ = [
    "NEO4J_VERSION",
    "ServerInfo",
    "ServerState",
    "ServerStatus",
    "default_home",
    "start",
    "status",
    "stop",
]
