"""What a recompute is said to take before it is run is what it takes, within a fifth."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
import pytest

from graphsvc.definitions import DefinitionLibrary
from graphsvc.estimate import recompute_estimate
from graphsvc.model import LinkKind
from graphsvc.scoring.propagate import propagate_snapshot
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.snapshot import (
    SnapshotEvents,
    SnapshotFacts,
    SnapshotLinks,
    SnapshotListings,
    SnapshotReports,
    SnapshotSubjects,
)
from graphsvc.store.ports import LINK_KIND_CODES

PURPOSE = "marketplace-integrity"
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
TableT = TypeVar("TableT")


def empty(table: type[TableT]) -> TableT:
    """A table without rows; its booleans are the only dtype that matters then."""
    columns: dict[str, Any] = {
        field.name: np.zeros(0, np.bool_ if "bool" in str(field.type) else np.int64)
        for field in fields(table)  # type: ignore[arg-type]
    }
    return table(**columns)


def world(n: int, m: int) -> Snapshot:
    """A snapshot of random ratings, straight from arrays."""
    rng = np.random.default_rng(1)
    src = np.sort(rng.integers(0, n, m))
    always = np.full(m, np.iinfo(np.int64).max)
    links = SnapshotLinks(
        indptr=np.concatenate([[0], np.cumsum(np.bincount(src, minlength=n))]),
        dst=rng.integers(0, n, m).astype(np.int32),
        kind=np.full(m, LINK_KIND_CODES[LinkKind.TRUSTS], np.uint8),
        weight=rng.random(m) * 10.0,
        count=np.ones(m, np.int64),
        valid_from_us=-always,
        valid_to_us=always,
        sequence=np.arange(m),
    )
    rank = np.arange(n, dtype=np.int32)
    subjects = SnapshotSubjects(
        np.zeros(n, np.uint8), np.arange(n + 1), np.zeros(n, np.uint8), rank, rank, np.arange(n)
    )
    return Snapshot(
        SnapshotFacts("store", PURPOSE, 1, "", m, 0, 0, ()),
        subjects,
        links,
        listings=empty(SnapshotListings),
        events=empty(SnapshotEvents),
        reports=empty(SnapshotReports),
    )


@pytest.mark.parametrize(("subjects", "links"), [(1 << 14, 1 << 17), (1 << 15, 1 << 16)])
def test_a_recompute_holds_what_was_estimated(subjects: int, links: int) -> None:
    library = DefinitionLibrary.load()
    purpose, programme = library.purpose(PURPOSE), library.champion(PURPOSE)
    snapshot = world(subjects, links)
    propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-6)
    tracemalloc.start()
    try:
        propagate_snapshot(snapshot, programme, purpose, AS_OF, 1e-6)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert held == pytest.approx(recompute_estimate(subjects, links, programme).peak_bytes, rel=0.2)


def test_more_subjects_or_links_never_take_less() -> None:
    programme = DefinitionLibrary.load().champion(PURPOSE)
    small, wide, dense = (
        recompute_estimate(n, m, programme) for n, m in ((10, 50), (20, 50), (10, 90))
    )
    assert small.peak_bytes < min(wide.peak_bytes, dense.peak_bytes)
    assert small.seconds < dense.seconds
    assert recompute_estimate(0, 0, programme).seconds == 0.0
