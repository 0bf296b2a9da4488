"""Records that tests of the service are made of."""

from __future__ import annotations

from datetime import UTC, datetime

from graphsvc.model import Link, LinkKind, Listing, ListKind, SubjectKind, SubjectRef

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
