"""Resolvers that read an attribute and do nothing else, known as such."""

from __future__ import annotations

from operator import attrgetter


class Attribute:
    """Resolves a field to an attribute of its object, `values.score` being the score of its values.

    A query of many such fields is answered without a call for each; see `gql.compiled.attributes`.
    """

    __slots__ = ("_read", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._read = attrgetter(path)

    def __call__(self, source: object, info: object) -> object:
        """Return the attribute."""
        return self._read(source)
