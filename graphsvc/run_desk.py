"""Runs that wait for a person, as one credential may decide on them for one purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphsvc.access import Principal
from graphsvc.errors import RunNotFoundError
from graphsvc.model import HeldRun, Purpose, Role, ScoreRun
from graphsvc.permissions import Act, require_role

if TYPE_CHECKING:
    from graphsvc.app import Service


@dataclass(frozen=True, slots=True)
class Decided:
    """A run that was decided on now, or had been before (`was_done`)."""

    run: ScoreRun
    was_done: bool


class RunDesk:
    """What one credential may do about a purpose's runs that wait."""

    def __init__(self, service: Service, principal: Principal, purpose: Purpose) -> None:
        """Let the credential decide.

        Raises:
            NotPermittedError: it holds none of the roles that this needs.
        """
        require_role(principal, Act.DECIDE_RUNS)
        self._service = service
        self._actor = principal.actor
        self._role = Role.REVIEWER if principal.holds_one_of(Role.REVIEWER) else Role.OPERATOR
        self._purpose = purpose.name

    def waiting(self, limit: int) -> list[HeldRun]:
        """Return the purpose's runs that wait, the latest first."""
        return self._service.reporting.waiting(self._purpose)[:limit]

    def release(self, run_id: str, reason: str) -> Decided:
        """Publish a run that waits; one that is published already stays as it is.

        Raises:
            RunNotFoundError: the purpose has no such run.
            InvalidInputError: the reason is empty.
            ConflictError: a later run was published meanwhile, or something was erased.
        """
        published = self._service.store.run(run_id)
        if published is not None and published.purpose == self._purpose:
            return Decided(published, was_done=True)
        self._require_waiting(run_id)
        run = self._service.reporting.release(
            run_id, reason=reason, actor=self._actor, role=self._role
        )
        return Decided(run, was_done=False)

    def discard(self, run_id: str, reason: str) -> ScoreRun:
        """Remove a run that waits; readers keep what they have.

        Raises:
            RunNotFoundError: no such run of the purpose waits.
            InvalidInputError: the reason is empty.
        """
        self._require_waiting(run_id)
        return self._service.reporting.discard(
            run_id, reason=reason, actor=self._actor, role=self._role
        )

    def _require_waiting(self, run_id: str) -> None:
        held = self._service.store.held_run(run_id)
        if held is None or held.run.purpose != self._purpose:
            raise RunNotFoundError(f"no run {run_id[:64]!r} of purpose {self._purpose} waits")
