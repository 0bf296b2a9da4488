"""Records that tests of the service are made of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from graphsvc.app import Service
from graphsvc.model import (
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    Report,
    ReportCategory,
    SubjectKind,
    SubjectRef,
)
from graphsvc.runs import SubjectScore

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
PURPOSE = "marketplace-integrity"


def account(key: object) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, str(key))


def trusts(src: object, dst: object, weight: float = 10.0, **more: object) -> Link:
    values: dict[str, object] = {
        "source": "test",
        "external_id": f"trusts:{src}:{dst}",
        "kind": LinkKind.TRUSTS,
        "src": account(src),
        "dst": account(dst),
        "weight": weight,
    }
    return Link(**(values | more))  # type: ignore[arg-type]


def listed(key: object, list_name: str, severity: float = 1.0, **more: object) -> Listing:
    is_black = "fraud" in list_name
    values: dict[str, object] = {
        "source": "test",
        "external_id": f"{list_name}:{key}",
        "subject": account(key),
        "list_name": list_name,
        "list_kind": ListKind.BLACKLIST if is_black else ListKind.ALLOWLIST,
        "severity": severity,
        "reason_code": "TEST",
        "authority": "test",
        "effective_from": datetime(2020, 1, 1, tzinfo=UTC),
        "until": datetime(2030, 1, 1, tzinfo=UTC),
    }
    return Listing(**(values | more))  # type: ignore[arg-type]


def event(kind: EventKind, key: object, **more: object) -> Event:
    values: dict[str, object] = {
        "source": "test",
        "external_id": f"{kind}:{key}:{more.get('occurred_at')}:{more.get('value')}",
        "kind": kind,
        "subject": account(key),
        "occurred_at": AS_OF,
    }
    return Event(**(values | more))  # type: ignore[arg-type]


def report(key: object, by: object | None, **more: object) -> Report:
    values: dict[str, object] = {
        "source": "test",
        "external_id": f"report:{key}:{by}:{more.get('status', '')}",
        "category": ReportCategory.FRAUD,
        "subject": account(key),
        "reporter": None if by is None else account(by),
        "severity": 1.0,
        "reported_at": AS_OF,
    }
    return Report(**(values | more))  # type: ignore[arg-type]


def scored(
    service: Service, records: Sequence[Record], purpose: str = PURPOSE
) -> dict[str, SubjectScore]:
    """Append, recompute as of AS_OF, and return every score by the subject's key."""
    outcomes = service.store.append(records)
    assert {outcome.status for outcome in outcomes} <= {"accepted"}
    service.recompute(purpose, as_of=AS_OF)
    return {row.subject.key: row for row in service.top(purpose, 10_000, by="score")}
