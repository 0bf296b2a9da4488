"""Principals: who a request speaks for, and what it may read. Knows no transport and no store."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from graphsvc.errors import NotPermittedError
from graphsvc.model import Purpose, Role

SHOWN_CHARACTERS = 64


class CredentialKind(StrEnum):
    """How a principal proved who it is; the word that the audit has before its id."""

    API_KEY = "key"
    TOKEN = "token"  # a bearer token of an OpenID Connect issuer
    DEV = "without a key"  # let in by dev mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The holder of a valid credential.

    `key_id` is the same for each request of one holder, whatever secret or token came with it, and
    holds no personal data. `expires` is when the credential ends by itself: a connection that
    outlives a request must end then, and should ask again now and then whether it was revoked.
    `actor` is name and key id, as the audit keeps them: names may come again, ids don't.
    """

    key_id: str
    name: str
    roles: frozenset[Role]
    purposes: frozenset[str]
    kind: CredentialKind = CredentialKind.API_KEY
    expires: datetime | None = None
    actor: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Put together once, for every read of a holder is on the trail.
        object.__setattr__(self, "actor", f"{self.name} ({self.kind} {self.key_id})")

    @property
    def source(self) -> str:
        """What it states things as: a key's name, which a new secret keeps, or a token's holder."""
        return self.actor if self.kind is CredentialKind.TOKEN else self.name

    def holds_one_of(self, *roles: Role) -> bool:
        """Say whether the credential holds one of these roles."""
        return not self.roles.isdisjoint(roles)

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
