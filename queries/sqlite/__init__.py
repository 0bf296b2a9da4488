"""The SQLite store's statements, and typed functions that run them on a connection.

A function runs in whatever transaction its caller began; none begins or ends one itself, but for
those of `schema` that are named so.
"""
