from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphsvc.app import Service
from graphsvc.errors import SnapshotDamagedError, SnapshotForeignError, SubjectNotFoundError
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
    Retraction,
    Subject,
)
from graphsvc.snapshot import Snapshot, SnapshotShelf, advance_snapshot, build_snapshot
from graphsvc.snapshot.snapshot import GROUPS
from graphsvc.store.ports import LINK_KIND_CODES
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts


def arrays_of(snapshot: Snapshot, *, without: tuple[str, ...] = ()) -> dict[str, list[object]]:
    return {
        f"{group}.{field.name}": getattr(getattr(snapshot, group), field.name).tolist()
        for group in GROUPS
        for field in fields(getattr(snapshot, group))
        if field.name not in without
    }


def links_by_key(snapshot: Snapshot) -> set[tuple[str, str, int, float]]:
    rows = np.repeat(np.arange(snapshot.n), np.diff(snapshot.links.indptr))
    return {
        (
            snapshot.ref_of(int(src)).key,
            snapshot.ref_of(int(dst)).key,
            int(kind),
            float(weight),
        )
        for src, dst, kind, weight in zip(
            rows, snapshot.links.dst, snapshot.links.kind, snapshot.links.weight, strict=True
        )
    }


def test_a_snapshot_holds_exactly_the_permitted_links_and_finds_every_subject(
    service: Service,
) -> None:
    forbidden = trusts(1, 9, external_id="x", kind=LinkKind.HOUSEHOLD)
    service.store.append([trusts(1, 2, 3.0), trusts(2, 3, 4.0), forbidden])
    snapshot = service.snapshot(PURPOSE)
    code = LINK_KIND_CODES[LinkKind.TRUSTS]
    assert links_by_key(snapshot) == {("1", "2", code, 3.0), ("2", "3", code, 4.0)}
    for key in ("1", "2", "3"):
        assert snapshot.ref_of(snapshot.index_of(account(key))) == account(key)
    with pytest.raises(SubjectNotFoundError, match="account:9"):
        snapshot.index_of(account(9))


def test_a_registered_subject_without_any_link_is_in_the_snapshot(service: Service) -> None:
    service.store.append([Subject(source="t", external_id="s", subject=account("lonely"))])
    assert service.snapshot(PURPOSE).n == 1


def test_most_linked_subjects_come_first(service: Service) -> None:
    service.store.append([trusts(1, 5), trusts(2, 5), trusts(3, 5), trusts(3, 4)])
    snapshot = service.snapshot(PURPOSE)
    assert snapshot.ref_of(0) == account(5)
    assert snapshot.ref_of(1) == account(3)


def forbidden_records() -> list[Record]:
    """One record of every kind that marketplace-integrity does not permit."""
    now = datetime(2023, 1, 1, tzinfo=UTC)
    permitted_links = {"household", "works_at", "follows"}
    records: list[Record] = [
        Link(
            source="bad",
            external_id=f"link:{kind}",
            kind=kind,
            src=account(1),
            dst=account(f"only-by-{kind}"),
        )
        for kind in LinkKind
        if kind.value in permitted_links
    ]
    records += [
        Event(
            source="bad",
            external_id=f"event:{kind}",
            kind=kind,
            subject=account(2),
            occurred_at=now,
        )
        for kind in (EventKind.SAVINGS_BALANCE, EventKind.BILL_PAID, EventKind.DEFAULT)
    ]
    records.append(
        Listing(
            source="bad",
            external_id="listing",
            subject=account(3),
            list_name="credit-fraud",
            list_kind=ListKind.BLACKLIST,
            reason_code="R",
            authority="a",
            effective_from=now,
            until=now + timedelta(days=9999),
        )
    )
    return records


def test_no_byte_of_a_score_changes_when_forbidden_evidence_is_planted(
    make_service: Callable[..., Service],
) -> None:
    permitted: list[Record] = [
        trusts(1, 2),
        trusts(2, 3, 5.0),
        trusts(3, 1, 1.0),
        listed(3, "marketplace-fraud", 0.7),
        listed(1, "marketplace-verified"),
    ]
    clean, planted = make_service("clean"), make_service("planted")
    clean.store.append(permitted)
    bad = forbidden_records()
    planted.store.append([*bad[:3], *permitted[:2], *bad[3:], *permitted[2:]])
    runs = [service.recompute(PURPOSE, as_of=AS_OF) for service in (clean, planted)]
    assert runs[0].checksum == runs[1].checksum
    assert (runs[0].subjects, runs[0].links) == (runs[1].subjects, runs[1].links)
    theirs = planted.explain(PURPOSE, account(1))
    ours = clean.explain(PURPOSE, account(1))
    assert ours.exposure.paths == theirs.exposure.paths
    assert [c.share for c in ours.exposure.contributions] == [
        c.share for c in theirs.exposure.contributions
    ]
    assert ours.reasons == theirs.reasons


@st.composite
def histories(draw: st.DrawFn) -> list[list[Record]]:
    """Batches of links, corrections, retractions, listings, reports."""
    batches: list[list[Record]] = []
    standing: list[str] = []
    count = 0
    for _ in range(draw(st.integers(1, 4))):
        batch: list[Record] = []
        for _ in range(draw(st.integers(1, 6))):
            count += 1
            src = draw(st.integers(0, 5))
            dst = draw(st.integers(0, 5).filter(lambda value, src=src: value != src))
            weight = draw(st.floats(0, 10))
            name = f"r{count}"
            kind = draw(
                st.sampled_from(["link", "fix", "retract", "listing", "report", "forbidden"])
            )
            if kind in ("fix", "retract") and not standing:
                kind = "link"
            if kind == "link":
                batch.append(trusts(src, dst, weight, external_id=name))
                standing.append(name)
            elif kind == "forbidden":
                batch.append(trusts(src, dst, external_id=name, kind=LinkKind.FOLLOWS))
            elif kind == "fix":
                old = standing.pop(draw(st.integers(0, len(standing) - 1)))
                batch.append(trusts(src, dst, weight, external_id=name, supersedes=old))
                standing.append(name)
            elif kind == "retract":
                old = standing.pop(draw(st.integers(0, len(standing) - 1)))
                batch.append(
                    Retraction(source="test", external_id=name, supersedes=old, reason="false")
                )
            elif kind == "listing":
                batch.append(listed(src, "marketplace-fraud", 0.5, external_id=name))
            else:
                batch.append(
                    Report(
                        source="test",
                        external_id=name,
                        category=ReportCategory.FRAUD,
                        subject=account(src),
                        reporter=account(dst),
                        severity=0.5,
                        reported_at=AS_OF,
                    )
                )
        batches.append(batch)
    return batches


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories())
def test_a_snapshot_brought_forward_equals_one_built_anew_at_every_sequence(
    make_service: Callable[..., Service], tmp_path: Path, history: list[list[Record]]
) -> None:
    name = f"h{len(list(tmp_path.iterdir()))}"
    service = make_service(name)
    purpose = service.library.purpose(PURPOSE)
    carried = build_snapshot(service.store, purpose, as_of=AS_OF)
    seen: list[tuple[int, dict[str, list[object]]]] = []
    for batch in history:
        service.store.append(batch)
        carried = advance_snapshot(service.store, purpose, carried, as_of=AS_OF)
        fresh = build_snapshot(service.store, purpose, as_of=AS_OF)
        assert carried.facts == fresh.facts
        assert arrays_of(carried) == arrays_of(fresh)
        seen.append((fresh.facts.sequence, arrays_of(fresh)))
    for sequence, arrays in seen:
        past = build_snapshot(service.store, purpose, as_of=AS_OF, known_at=sequence)
        assert arrays_of(past) == arrays


def test_a_saved_snapshot_opens_with_the_same_arrays(service: Service, tmp_path: Path) -> None:
    service.store.append([trusts(1, 2), trusts(2, 3), listed(3, "marketplace-fraud")])
    made = build_snapshot(service.store, service.library.purpose(PURPOSE), as_of=AS_OF)
    path = tmp_path / "a.snapshot"
    made.save(path)
    opened = Snapshot.open(path)
    assert opened.facts == made.facts
    assert arrays_of(opened) == arrays_of(made)
    with pytest.raises(ValueError, match="read-only"):
        opened.links.weight[:1] = 0.0


def test_an_empty_store_gives_an_empty_snapshot_that_saves_and_opens(
    service: Service, tmp_path: Path
) -> None:
    made = service.snapshot(PURPOSE, as_of=AS_OF)
    made.save(tmp_path / "e")
    assert Snapshot.open(tmp_path / "e").n == 0


def test_a_file_torn_anywhere_or_with_any_byte_changed_is_refused(
    service: Service, tmp_path: Path
) -> None:
    service.store.append([trusts(1, 2), trusts(2, 3, 4.5), listed(3, "marketplace-fraud")])
    path = tmp_path / "a.snapshot"
    build_snapshot(service.store, service.library.purpose(PURPOSE), as_of=AS_OF).save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 37):
        path.write_bytes(whole[:length])
        with pytest.raises((SnapshotDamagedError, SnapshotForeignError)):
            Snapshot.open(path)
    original = None
    for place in range(0, len(whole), 29):
        changed = bytearray(whole)
        changed[place] ^= 0x40
        path.write_bytes(changed)
        try:
            opened = Snapshot.open(path)
        except (SnapshotDamagedError, SnapshotForeignError):
            continue
        # Only the padding between arrays may go unnoticed.
        path.write_bytes(whole)
        original = original or arrays_of(Snapshot.open(path))
        assert arrays_of(opened) == original


def test_a_damaged_or_foreign_file_is_set_aside_and_built_again(
    make_service: Callable[..., Service],
) -> None:
    one, two = make_service("one"), make_service("two")
    for service in (one, two):
        service.store.append([trusts(1, 2), trusts(2, 3)])
    purpose = one.library.purpose(PURPOSE)
    good = arrays_of(one.snapshot(PURPOSE, as_of=AS_OF))
    path = one.snapshots.path(purpose, 2)
    path.write_bytes(path.read_bytes()[:-10])
    assert arrays_of(one.snapshot(PURPOSE, as_of=AS_OF)) == good
    two.snapshot(PURPOSE, as_of=AS_OF)
    path.write_bytes(two.snapshots.path(purpose, 2).read_bytes())
    shelf = SnapshotShelf(one.settings.data_dir / "snapshots", one.store)
    rebuilt = shelf.latest(purpose, as_of=AS_OF)
    assert rebuilt.facts.store_id == one.store.store_id()
    assert path.with_suffix(".unusable").exists()


def test_a_purpose_that_is_declared_otherwise_never_gets_the_old_file(service: Service) -> None:
    service.store.append([trusts(1, 2), trusts(1, 3, kind=LinkKind.KNOWS, external_id="k")])
    purpose = service.library.purpose(PURPOSE)
    assert service.snapshots.latest(purpose).m == 2
    narrower = purpose.model_copy(update={"link_kinds": frozenset({LinkKind.TRUSTS})})
    assert service.snapshots.latest(narrower).m == 1
