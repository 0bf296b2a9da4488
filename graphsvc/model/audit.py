"""Audit entries: who read or changed what, for which purpose, in a hash chain."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

FIRST_PREVIOUS_HASH = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDraft:
    """An entry before the store has given it its place in the chain."""

    at: datetime
    actor: str
    action: str
    purpose: str | None = None
    subject: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An entry with its place in the chain; `entry_hash` covers all else, incl. `previous_hash`."""

    position: int
    draft: AuditDraft
    previous_hash: str
    entry_hash: str

    @classmethod
    def chain(cls, position: int, draft: AuditDraft, previous_hash: str) -> AuditEntry:
        """Return the entry that follows the one whose hash is `previous_hash`."""
        text = json.dumps(
            [
                position,
                draft.at.isoformat(),
                draft.actor,
                draft.action,
                draft.purpose,
                draft.subject,
                draft.detail,
                previous_hash,
            ],
            ensure_ascii=False,
        )
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(position=position, draft=draft, previous_hash=previous_hash, entry_hash=digest)

    def is_intact(self) -> bool:
        """Say whether the hash still matches the content."""
        return self == AuditEntry.chain(self.position, self.draft, self.previous_hash)
