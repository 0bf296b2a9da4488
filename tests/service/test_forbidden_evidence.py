"""What a purpose does not permit moves no byte of anything that is read for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from graphsvc.app import Service
from graphsvc.cli.output import plain
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import (
    EventKind,
    Link,
    LinkKind,
    ListKind,
    Purpose,
    Record,
    ReportCategory,
    ReportStatus,
)
from tests.service.samples import AS_OF, account, event, listed, report

PURPOSES = [purpose for _, purpose in sorted(DefinitionLibrary.load().purposes.items())]
ALL_LISTS = frozenset[str]().union(*(purpose.list_names for purpose in PURPOSES)) | {"unheard-of"}
BLACKLISTS = frozenset[str]().union(
    *(programme.exposure.blacklists for programme in DefinitionLibrary.load().programmes.values())
)


def evidence(purpose: Purpose, *, permitted: bool) -> list[Record]:
    """Return one record of every kind that a purpose permits, or of every kind that it doesn't."""
    who = ("ann", "bob") if permitted else ("ann", "mallory")
    prefix = f"{'good' if permitted else 'bad'}"
    found: list[Record] = []
    for kind in LinkKind:
        if (kind in purpose.link_kinds) is permitted:
            ends = [(who[0], who[1]), (who[1], who[0]), ("ann", "bob")]
            found += [
                Link(
                    source="test",
                    external_id=f"{prefix}:{kind}:{number}",
                    kind=kind,
                    src=account(src),
                    dst=account(dst),
                )
                for number, (src, dst) in enumerate(ends)
            ]
    for event_kind in EventKind:
        if (event_kind in purpose.event_kinds) is permitted:
            found += [
                event(event_kind, key, external_id=f"{prefix}:{event_kind}:{key}", value=7.0)
                for key in who
            ]
    for category in ReportCategory:
        if (category in purpose.report_categories) is permitted:
            found += [
                report(
                    "ann",
                    who[1],
                    category=category,
                    status=status,
                    external_id=f"{prefix}:{category}:{status}",
                    severity=0.5,
                )
                for status in ReportStatus
            ]
    for name in sorted(ALL_LISTS):
        if (name in purpose.list_names) is permitted:
            is_black = name in BLACKLISTS
            found += [
                listed(
                    key,
                    name,
                    0.5,
                    list_kind=ListKind.BLACKLIST if is_black else ListKind.ALLOWLIST,
                    external_id=f"{prefix}:{name}:{key}",
                )
                for key in who[:: 1 if is_black else -1]
            ]
    return found


def told(service: Service, purpose: str) -> str:
    """Return all that can be read for a purpose, as the bytes that `--json` prints.

    What tells one run or record from another (ids, sequence numbers, when it was computed) is left
    out: it counts the store's records, permitted or not, and says nothing about any.
    """
    read: list[Any] = []
    for programme in service.library.programmes_of(purpose):
        run = service.recompute(purpose, as_of=AS_OF, programme=programme.name)
        read += [run.checksum, run.subjects, run.links, run.score_bound]
        for row in service.top(purpose, 100, by="score", programme=programme.name):
            named = {"programme": programme.name}
            read += [row, service.advise(purpose, row.subject, programme=programme.name)]
            read.append(service.explain(purpose, row.subject, **named))  # type: ignore[arg-type]
    return json.dumps(_without_identity(plain(read)), sort_keys=True)


def _without_identity(value: Any) -> Any:
    identity = {"run_id", "created_at", "snapshot_sequence", "sequence"}
    if isinstance(value, dict):
        return {key: _without_identity(item) for key, item in value.items() if key not in identity}
    if isinstance(value, list):
        return [_without_identity(item) for item in value]
    return value


@pytest.mark.parametrize("purpose", PURPOSES, ids=lambda purpose: str(purpose.name))
def test_no_byte_of_any_output_changes_when_forbidden_records_are_planted(
    make_service: Callable[..., Service], purpose: Purpose
) -> None:
    permitted = evidence(purpose, permitted=True)
    forbidden = evidence(purpose, permitted=False)
    assert {record.record_type for record in forbidden} >= {
        "link",
        "event",
        "report",
        "listing",
    } or (purpose.report_categories == frozenset(ReportCategory))
    clean, planted = make_service("clean"), make_service("planted")
    clean.store.append(permitted)
    half = len(permitted) // 2
    planted.store.append([*forbidden[::2], *permitted[:half], *forbidden[1::2], *permitted[half:]])
    ours, theirs = told(clean, purpose.name), told(planted, purpose.name)
    assert ours == theirs
    assert "mallory" not in theirs


def test_each_kind_of_forbidden_record_would_be_felt_if_it_were_permitted(
    make_service: Callable[..., Service],
) -> None:
    """The control: the same records, under a purpose that permits them, do change the outputs."""
    purpose = next(purpose for purpose in PURPOSES if purpose.name == "thin-file-credit")
    one, two = make_service("one"), make_service("two")
    permitted = evidence(purpose, permitted=True)
    one.store.append(permitted)
    for record_type in ("link", "event", "report", "listing"):
        rest = [record for record in permitted if record.record_type != record_type]
        two = make_service(f"without-{record_type}")
        two.store.append(rest)
        assert told(one, purpose.name) != told(two, purpose.name)
