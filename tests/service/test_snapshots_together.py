"""Snapshots of several purposes from one reading of the links are those that each builds alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graphsvc.app import Service
from graphsvc.jobs.model import JobKind, JobParameters, JobState
from graphsvc.jobs.runner import Runner
from graphsvc.model import Link, LinkKind, Record
from graphsvc.snapshot import Snapshot, build_snapshot
from graphsvc.snapshot.columns import csr_links
from graphsvc.snapshot.together import links_read_once
from graphsvc.store.ports import LINK_KIND_CODES
from tests.service.samples import AS_OF, account, listed, trusts
from tests.service.test_snapshot import arrays_of


def world() -> list[Record]:
    kinds = (LinkKind.PAID, LinkKind.REFUNDED, LinkKind.VOUCHES_FOR, LinkKind.HOUSEHOLD)
    links: list[Record] = [
        Link(
            source="test",
            external_id=str(n),
            kind=kinds[n % 4],
            src=account(n * 7 % 11),
            dst=account(11 + n % 3),
            weight=1.0 + n % 2,
        )
        for n in range(60)
    ]
    corrected = trusts(1, 12, 5.0, external_id="60", supersedes="0", kind=LinkKind.PAID)
    return [*links, corrected, listed(3, "payment-fraud"), listed(4, "hire-fraud")]


def test_links_read_once_give_every_purpose_what_it_would_read_alone(
    either_service: Service,
) -> None:
    service = either_service
    service.store.append(world())
    purposes = list(service.library.purposes.values())
    sequence = service.store.last_sequence()
    # What comes later is in neither.
    shared = links_read_once(service.store, frozenset(LinkKind), sequence)
    service.store.append([trusts("late", 1)])
    for purpose in purposes:
        alone = build_snapshot(service.store, purpose, as_of=AS_OF, known_at=sequence)
        together = build_snapshot(shared, purpose, as_of=AS_OF, known_at=sequence)
        assert arrays_of(together) == arrays_of(alone)
        assert together.facts == alone.facts
        codes = {LINK_KIND_CODES[kind] for kind in purpose.link_kinds}
        assert set(together.links.kind.tolist()) <= codes


def test_an_erasure_after_the_links_were_read_makes_all_their_snapshots_out_of_date(
    service: Service,
) -> None:
    service.store.append(world())
    sequence = service.store.last_sequence()
    shared = links_read_once(service.store, frozenset(LinkKind), sequence)
    service.redress.erase(account(12), actor="ann")
    purpose = service.library.purpose("payment-fraud")
    made = build_snapshot(shared, purpose, as_of=AS_OF, known_at=sequence)
    assert made.facts.erasures < service.store.erasures()


@pytest.mark.parametrize("kind", [JobKind.SNAPSHOT, JobKind.RECOMPUTE])
def test_a_job_for_every_purpose_leaves_the_snapshot_of_each(
    service: Service, kind: JobKind
) -> None:
    service.store.append(world())
    sequence = service.store.last_sequence()
    asked = service.ask_for_job(kind, JobParameters(as_of=AS_OF), actor="ann")
    with Runner(service) as runner:
        done = runner.run_next(asked.job_id)
    assert done is not None
    assert done.state is JobState.SUCCEEDED
    for purpose in service.library.purposes.values():
        kept = Snapshot.open(service.snapshots.path(purpose, sequence))
        alone = build_snapshot(service.store, purpose, as_of=AS_OF, known_at=sequence)
        assert arrays_of(kept) == arrays_of(alone)


def test_links_stand_by_ends_then_content_then_sequence_however_many_are_parallel() -> None:
    rng = np.random.default_rng(1)
    for rows, subjects in ((0, 1), (1, 2), (40, 2), (3_000, 12), (3_000, 900)):
        links: dict[str, NDArray[Any]] = {
            "sequence": rng.permutation(rows),
            "kind": rng.integers(0, 3, rows).astype(np.uint8),
            "weight": rng.integers(1, 3, rows).astype(np.float64),
            "count": rng.integers(1, 3, rows),
            "valid_from_us": rng.integers(0, 2, rows),
            "valid_to_us": rng.integers(0, 2, rows),
        }
        src, dst = (rng.integers(0, subjects, rows).astype(np.int32) for _ in range(2))
        ordered = csr_links(links, src, dst, subjects)
        names = ("kind", "weight", "valid_from_us", "valid_to_us", "count", "sequence")
        expected = sorted(
            zip(src.tolist(), dst.tolist(), *(links[name].tolist() for name in names), strict=True)
        )
        sources = np.repeat(np.arange(subjects), np.diff(ordered.indptr)).tolist()
        columns = [getattr(ordered, name).tolist() for name in names]
        found = list(zip(sources, ordered.dst.tolist(), *columns, strict=True))
        assert found == expected
