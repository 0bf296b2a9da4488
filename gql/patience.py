"""How long a request may wait, and whether for the store at all: two views of one service.

`FromMemory` answers on the event loop, which must never wait: what isn't in memory is refused, and
the request is begun again in a thread. `OnTime` is for threads: once a request's time is over,
nothing more is done for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphsvc.access import AuditTrail
from graphsvc.app import Service
from graphsvc.model import AuditDraft
from graphsvc.runs import PublishedScores
from graphsvc.time_limit import require_time

_IN_MEMORY = frozenset({"audit_draft", "pseudonyms", "settings"})


class StoreNeededError(Exception):
    """What was asked for can't be had from memory.

    `is_passing` says whether the same question could be answered from memory a moment later.
    """

    def __init__(self, *, is_passing: bool) -> None:
        super().__init__()
        self.is_passing = is_passing


class FromMemory:
    """A service as far as it answers without waiting for anything."""

    def __init__(self, service: Service) -> None:
        self._service = service
        # What every answer needs; looked up by `__getattr__` they take three times as long.
        self.library, self.audit_drafts = service.library, service.audit_drafts

    def __getattr__(self, name: str) -> Any:
        if name in _IN_MEMORY:
            return getattr(self._service, name)
        raise StoreNeededError(is_passing=False)

    def scores(self, purpose: str, **choice: object) -> PublishedScores:
        """Return the scores that a purpose's readers get, if they were asked for a moment ago.

        Raises:
            StoreNeededError: they weren't, or others than the current ones are asked for.
        """
        if any(value is not None for value in choice.values()):
            raise StoreNeededError(is_passing=False)
        found = self._service.scores_in_memory(purpose)
        if found is None:
            raise StoreNeededError(is_passing=True)
        return found


class HeldTrail:
    """Audit entries of an answer that is not given yet; they reach the trail all or none."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._held: list[AuditDraft] = []

    def record(self, drafts: Sequence[AuditDraft]) -> None:
        """Hold entries."""
        self._held.extend(drafts)

    def release(self) -> None:
        """Hand all of them over.

        Raises:
            StoreNeededError: the trail has no room now.
        """
        if not self._trail.has_room(len(self._held)):
            raise StoreNeededError(is_passing=True)
        self._trail.record(self._held)


class OnTime:
    """A service that does nothing more once the time limit has passed."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        require_time()
        return getattr(self._service, name)
