"""A small graph built by hand, and its exposure and trust solved densely as an oracle.

    ann —trusts→ bob —knows→ cid —paid→ dot        cid is blacklisted, dot is allowlisted
    ann —uses_device→ device:phone-1 ←uses_device— cid
    ann —household→ hal                            no link of hal's is open to the marketplace

`hub` has many links: to every spoke, some corrected, some withdrawn, some of a forbidden kind.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import log1p

import numpy as np

from graphsvc.model import (
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    Retraction,
    SubjectKind,
    SubjectRef,
)

AS_OF = datetime(2024, 1, 1, tzinfo=UTC)
MARKETPLACE = "marketplace-integrity"
DEPOSIT = "deposit-waiver"
THIN_FILE = "thin-file-credit"
SPOKES = 57

PEOPLE = ["ann", "bob", "cid", "dot", "phone-1"]
AMOUNT = 100.0
SEVERITY = 0.8


def account(key: str) -> SubjectRef:
    return SubjectRef(SubjectKind.ACCOUNT, key)


PHONE = SubjectRef(SubjectKind.DEVICE, "phone-1")


def link(kind: LinkKind, src: SubjectRef, dst: SubjectRef, **more: object) -> Link:
    values: dict[str, object] = {
        "source": "hand",
        "external_id": f"{kind}:{src}:{dst}",
        "kind": kind,
        "src": src,
        "dst": dst,
    }
    return Link(**(values | more))  # type: ignore[arg-type]


def listed(key: str, list_name: str, kind: ListKind, severity: float) -> Listing:
    return Listing(
        source="hand",
        external_id=f"{list_name}:{key}",
        subject=account(key),
        list_name=list_name,
        list_kind=kind,
        severity=severity,
        reason_code="TEST",
        authority="test",
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )


def core() -> list[Record]:
    ann, bob, cid, dot = (account(key) for key in PEOPLE[:4])
    return [
        link(LinkKind.TRUSTS, ann, bob, weight=10.0),
        link(LinkKind.KNOWS, bob, cid),
        link(
            LinkKind.PAID,
            cid,
            dot,
            weight=AMOUNT,
            count=3,
            currency="EUR",
            valid_from=AS_OF,
            valid_to=datetime(2031, 6, 1, tzinfo=UTC),
        ),
        link(LinkKind.USES_DEVICE, ann, PHONE),
        link(LinkKind.USES_DEVICE, cid, PHONE),
        link(LinkKind.HOUSEHOLD, ann, account("hal")),
        listed("cid", "marketplace-fraud", ListKind.BLACKLIST, SEVERITY),
        listed("ann", "marketplace-verified", ListKind.ALLOWLIST, 1.0),
    ]


def hub() -> list[Record]:
    records: list[Record] = []
    centre = account("hub")
    for number in range(SPOKES):
        spoke = account(f"spoke-{number:02d}")
        ends = (centre, spoke) if number % 2 else (spoke, centre)
        records.append(link(LinkKind.KNOWS, *ends))
        if number % 5 == 0:
            records.append(link(LinkKind.HOUSEHOLD, *ends))
        if number % 7 == 0:  # corrected: the second statement stands
            records.append(
                link(
                    LinkKind.KNOWS,
                    *ends,
                    weight=2.0,
                    external_id=f"corrected:{number}",
                    supersedes=f"knows:{ends[0]}:{ends[1]}",
                )
            )
        elif number % 11 == 3:
            records.append(
                Retraction(
                    source="hand",
                    external_id=f"withdrawn:{number}",
                    supersedes=f"knows:{ends[0]}:{ends[1]}",
                    reason="false",
                )
            )
    return records


def standing_spokes() -> list[str]:
    """Return whom the hub has a link with that stands and that the marketplace may see."""
    gone = {number for number in range(SPOKES) if number % 11 == 3 and number % 7}
    return [f"spoke-{number:02d}" for number in range(SPOKES) if number not in gone]


def dense_exposure(beta: float = 0.85) -> dict[str, float]:
    """Solve x = (1 − β) s + β W x over the five of the core, W the row-normalised conductances."""
    conductance = np.zeros((5, 5))
    for a, b, value in (
        ("ann", "bob", 1.0),
        ("bob", "cid", 0.5),
        ("cid", "dot", 0.25 * log1p(AMOUNT)),
        ("ann", "phone-1", 1.0),
        ("cid", "phone-1", 1.0),
    ):
        i, j = PEOPLE.index(a), PEOPLE.index(b)
        conductance[i, j] = conductance[j, i] = value
    weights = conductance / conductance.sum(axis=1, keepdims=True)
    own = np.zeros(5)
    own[PEOPLE.index("cid")] = SEVERITY
    solved = np.linalg.solve(np.eye(5) - beta * weights, (1.0 - beta) * own)
    return dict(zip(PEOPLE, solved.tolist(), strict=True))


def dense_trust(alpha: float = 0.85) -> dict[str, float]:
    """Follow the one trusting chain: ann is the seed, ann → bob → cid and no further."""
    return {"ann": 1.0, "bob": alpha, "cid": alpha**2, "dot": 0.0, "phone-1": 0.0}
