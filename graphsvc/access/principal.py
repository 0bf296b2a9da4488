"""Principals: who a request speaks for, and what it may read. Knows no transport and no store."""

from __future__ import annotations

from dataclasses import dataclass

from graphsvc.errors import NotPermittedError
from graphsvc.model import Purpose

SHOWN_CHARACTERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The holder of a valid credential."""

    key_id: str
    name: str
    roles: frozenset[str]
    purposes: frozenset[str]

    @property
    def actor(self) -> str:
        """Name and key id, as the audit keeps them: names may come again, ids don't."""
        return f"{self.name} (key {self.key_id})"

    def may_read(self, purpose: Purpose) -> bool:
        """Say whether the credential holds the purpose and the purpose admits one of its roles."""
        return purpose.name in self.purposes and not self.roles.isdisjoint(purpose.reader_roles)

    def refusal(self, purpose_name: str) -> NotPermittedError:
        """Return the one answer to a purpose that can't be read.

        It is the same whether the purpose doesn't exist, isn't held, or admits none of the roles.
        """
        return NotPermittedError(
            f"purpose {purpose_name[:SHOWN_CHARACTERS]!r}: this credential may not read for it"
        )
