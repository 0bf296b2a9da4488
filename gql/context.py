"""What every resolver of one request shares: who asks, and the one purpose that is read for."""

from __future__ import annotations

from typing import cast

from graphql import GraphQLResolveInfo

from gql.audit_view import AuditView
from gql.view import PurposeView
from graphsvc.access import AuditTrail, Principal
from graphsvc.app import Service
from graphsvc.case_desk import CaseDesk
from graphsvc.dispute_desk import DisputeDesk
from graphsvc.errors import DefinitionNotFoundError, InvalidInputError, NotPermittedError
from graphsvc.jobs.operating import Operating
from graphsvc.model import Purpose, Role
from graphsvc.permissions import may_write_for, refusal_to_write
from graphsvc.run_desk import RunDesk
from graphsvc.writing import Writing


class RequestContext:
    """One request; used by one thread only.

    A request reads and writes for one purpose: the first that it names. That way no answer, and so
    no client by accident, holds scores of two purposes side by side.
    """

    def __init__(self, service: Service, trail: AuditTrail, principal: Principal) -> None:
        self._service = service
        self._trail = trail
        self._principal = principal
        self._view: PurposeView | None = None
        self._fixed: str | None = None

    @classmethod
    def of(cls, info: GraphQLResolveInfo) -> RequestContext:
        """Return the context that a resolver runs in."""
        return cast(RequestContext, info.context)

    def view(self, purpose: str | None) -> PurposeView:
        """Return what the caller may see for a purpose.

        Args:
            purpose: its name; may be None where the credential holds exactly one.

        Raises:
            NotPermittedError: the credential may not read for it, or the request reads for another.
            InvalidInputError: it is None, and the credential holds several.
        """
        name = self._only_purpose() if purpose is None else purpose
        declared = self._readable(name)
        if declared is None:
            raise self._principal.refusal(name)
        self._fix(name)
        if self._view is None:
            self._view = PurposeView(self._service, self._trail, self._principal, declared)
        return self._view

    def audit(self, purpose: str) -> AuditView:
        """Return what the caller may see of a purpose's audit.

        Raises:
            NotPermittedError: see `view`; or the credential is no auditor's.
        """
        name = self.view(purpose).purpose.name
        if not self._principal.holds_one_of(Role.AUDITOR):
            raise NotPermittedError(
                f"to read the audit, a credential needs the role {Role.AUDITOR}"
            )
        return AuditView(self._service, self._principal, name)

    def writing(self, purpose: str | None) -> Writing:
        """Return what the caller may write for a purpose; arguments as of `view`.

        Raises:
            NotPermittedError: the credential may not write for it, or the request is for another.
            InvalidInputError: it is None, and the credential holds several.
        """
        name = self._only_purpose() if purpose is None else purpose
        declared = self._declared(name)
        if declared is None or not may_write_for(self._principal, declared):
            raise refusal_to_write(name)
        self._fix(name)
        return Writing(self._service, self._principal, declared)

    def disputes(self, purpose: str | None) -> DisputeDesk:
        """Return what the caller may do about disputes for a purpose; as of `view`."""
        declared = self.view(purpose).purpose
        return DisputeDesk(self._service, self._principal, declared, self._trail.record)

    def cases(self, purpose: str | None) -> CaseDesk:
        """Return what the caller may do about a purpose's cases; as of `view`."""
        declared = self.view(purpose).purpose
        return CaseDesk(self._service, self._principal, declared, self._trail.record)

    def operating(self, purpose: str | None) -> Operating:
        """Return the jobs that the caller may see and ask for; arguments as of `view`.

        Raises:
            NotPermittedError: the credential doesn't hold the purpose or the role.
            InvalidInputError: it is None, and the credential holds several.
        """
        return Operating(self._service, self._principal, self._held(purpose))

    def deciding_runs(self, purpose: str | None) -> RunDesk:
        """Return what the caller may do about runs that wait; as of `operating`."""
        return RunDesk(self._service, self._principal, self._held(purpose))

    def readable_purposes(self) -> list[Purpose]:
        """Return the purposes that the caller may read for, by name."""
        found = (self._readable(name) for name in sorted(self._principal.purposes))
        return [purpose for purpose in found if purpose is not None]

    def _held(self, purpose: str | None) -> Purpose:
        """Return a purpose that the credential holds, though it may not read its scores."""
        name = self._only_purpose() if purpose is None else purpose
        declared = self._declared(name)
        if declared is None or not may_write_for(self._principal, declared):
            raise self._principal.refusal(name)
        self._fix(name)
        return declared

    def _only_purpose(self) -> str:
        held = self._principal.purposes
        if len(held) != 1:
            raise InvalidInputError(
                f"purpose: is missing, and this credential holds {len(held)}; name one of them"
            )
        return next(iter(held))

    def _fix(self, name: str) -> None:
        if self._fixed is None:
            self._fixed = name
        elif self._fixed != name:
            raise NotPermittedError(
                f"purpose {name!r}: this request reads for {self._fixed!r} already; "
                "send one request for each purpose"
            )

    def _readable(self, name: str) -> Purpose | None:
        declared = self._declared(name)
        return declared if declared is not None and self._principal.may_read(declared) else None

    def _declared(self, name: str) -> Purpose | None:
        try:
            return self._service.library.purpose(name)
        except DefinitionNotFoundError:
            return None
