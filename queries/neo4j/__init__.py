"""The Neo4j store's statements, and typed functions that run them in a transaction.

A function runs in whatever transaction its caller began; none begins or ends one itself. Names of
relationship types and labels are spliced into a text only by `_run.named`, which takes nothing but
names; the caller passes none but those of closed enumerations. All else is a parameter.
"""

from queries.neo4j._run import Transaction

__all__ = ["Transaction"]
