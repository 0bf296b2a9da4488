"""What an auditor sees of the audit for one purpose; looking at it is an entry itself."""

from __future__ import annotations

from datetime import datetime

from gql.seen import Page, SeenEntry
from graphsvc.access import Principal
from graphsvc.app import Service
from graphsvc.model import AuditAction, SubjectRef


class AuditView:
    """One purpose's entries of the audit; whoever makes one has made sure that it may be read."""

    def __init__(self, service: Service, principal: Principal, purpose: str) -> None:
        self._service = service
        self._principal = principal
        self._purpose = purpose

    def page(
        self,
        after: int,
        limit: int,
        *,
        action: str | None = None,
        since: datetime | None = None,
        subject: SubjectRef | None = None,
    ) -> Page[SeenEntry]:
        """Return entries after a position, in the order of the chain."""
        pseudonym = None if subject is None else self._service.pseudonyms.of_subject(subject)
        found = self._service.audited(
            self._purpose,
            after=after,
            limit=limit + 1,
            action=action,
            since=since,
            pseudonym=pseudonym,
        )
        self._note(subject)
        items = [SeenEntry(self._purpose, entry) for entry in found[:limit]]
        return Page(items, after > 0, len(found) > limit)

    def entries(self, positions: list[int]) -> list[SeenEntry | None]:
        """Return entries by position, None for what isn't this purpose's."""
        found = self._service.store.audit_entries_at(positions)
        self._note(None)
        return [
            SeenEntry(self._purpose, entry)
            if entry is not None and entry.draft.purpose == self._purpose
            else None
            for entry in found
        ]

    def _note(self, subject: SubjectRef | None) -> None:
        self._service.note(
            self._principal.actor, AuditAction.READ_AUDIT, purpose=self._purpose, subject=subject
        )
