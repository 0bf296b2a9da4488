"""The snapshot as the rest of the service sees it: subjects and their evidence as arrays.

A subject has an *index*, 0 … n-1, in the order of the arrays: most linked first, so that the values
that are read most lie together. It has a *rank* too, its place in the order of (kind, key), by
which it is found.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphsvc.errors import SubjectNotFoundError
from graphsvc.model import EventKind, ReportCategory, ReportStatus, SubjectKind, SubjectRef
from graphsvc.model.checks import from_microseconds
from graphsvc.snapshot.container import read_container, write_container

SUBJECT_KINDS: tuple[SubjectKind, ...] = tuple(sorted(SubjectKind))
"""Subject kinds in the order of their names; a kind's place is its code."""

EVENT_KINDS: tuple[EventKind, ...] = tuple(EventKind)
REPORT_CATEGORIES: tuple[ReportCategory, ...] = tuple(ReportCategory)
REPORT_STATUSES: tuple[ReportStatus, ...] = tuple(ReportStatus)
"""In declared order; a member's place is its code in a snapshot's columns."""

GROUPS = ("subjects", "links", "listings", "events", "reports")
"""The groups of arrays that a snapshot file holds."""

NO_REPORTER = -1
"""`reporter` of a report that an analyst made."""


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """Where a snapshot comes from; `sequence` is the last record of the store that it knows.

    `erasures` is how many there had been in the store: after another one it is out of date.
    """

    store_id: str
    purpose: str
    purpose_version: int
    purpose_digest: str
    sequence: int
    erasures: int
    as_of_us: int
    list_names: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotSubjects:
    """Subjects: by rank their kind code and UTF-8 key, and the two ways between rank and index."""

    kind: NDArray[np.uint8]
    key_offset: NDArray[np.int64]
    key_bytes: NDArray[np.uint8]
    index_of_rank: NDArray[np.int32]
    rank_of_index: NDArray[np.int32]
    number: NDArray[np.int64]  # the store's own number, by rank; for bringing the file forward

    @property
    def number_of_index(self) -> NDArray[np.int64]:
        """The store's number of every subject, by index: the same one in every snapshot."""
        return self.number[self.rank_of_index]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotLinks:
    """Links in CSR order: row `src` is `indptr[src]:indptr[src + 1]`, by dst, then content.

    Times are microseconds since 1970-01-01 UTC; all links known at the sequence are here, whatever
    their period of validity, so that any as-of time can be served.
    """

    indptr: NDArray[np.int64]
    dst: NDArray[np.int32]
    kind: NDArray[np.uint8]
    weight: NDArray[np.float64]
    count: NDArray[np.int64]
    valid_from_us: NDArray[np.int64]
    valid_to_us: NDArray[np.int64]
    sequence: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotListings:
    """Listings in order of content; `list_code` is a place in the facts' `list_names`."""

    subject: NDArray[np.int32]
    list_code: NDArray[np.uint16]
    is_blacklisting: NDArray[np.bool_]
    severity: NDArray[np.float64]
    effective_from_us: NDArray[np.int64]
    until_us: NDArray[np.int64]
    sequence: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotEvents:
    """Events in order of content: subject, kind, time, value; `value` is 0 where it has none."""

    subject: NDArray[np.int32]
    kind: NDArray[np.uint8]
    value: NDArray[np.float64]
    has_value: NDArray[np.bool_]
    occurred_at_us: NDArray[np.int64]
    sequence: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SnapshotReports:
    """Reports in order of content: subject, reporter, category, status, time, severity."""

    subject: NDArray[np.int32]
    reporter: NDArray[np.int32]
    category: NDArray[np.uint8]
    status: NDArray[np.uint8]
    severity: NDArray[np.float64]
    reported_at_us: NDArray[np.int64]
    sequence: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One purpose's permitted evidence at one sequence number.

    Records stand in an order of content; the sequence number decides between equal ones only, so
    that sums over them don't depend on the order in which they arrived.
    """

    facts: SnapshotFacts
    subjects: SnapshotSubjects
    links: SnapshotLinks
    listings: SnapshotListings
    events: SnapshotEvents
    reports: SnapshotReports

    @property
    def n(self) -> int:
        """Number of subjects."""
        return int(self.subjects.kind.size)

    @property
    def m(self) -> int:
        """Number of links, of any period of validity."""
        return int(self.links.dst.size)

    @property
    def as_of(self) -> datetime:
        """The time that the snapshot was asked for."""
        return from_microseconds(self.facts.as_of_us)

    def ref_at_rank(self, rank: int) -> SubjectRef:
        """Return the subject at a place in the order of (kind, key)."""
        subjects = self.subjects
        begin, end = subjects.key_offset[rank], subjects.key_offset[rank + 1]
        key = subjects.key_bytes[begin:end].tobytes().decode()
        return SubjectRef(SUBJECT_KINDS[subjects.kind[rank]], key)

    def ref_of(self, index: int) -> SubjectRef:
        """Return the subject at an index of the arrays."""
        return self.ref_at_rank(int(self.subjects.rank_of_index[index]))

    def rank_of(self, ref: SubjectRef) -> int:
        """Return a subject's place in the order of (kind, key), by bisection.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        subjects = self.subjects

        def key_at(rank: int) -> bytes:
            begin, end = subjects.key_offset[rank], subjects.key_offset[rank + 1]
            return subjects.key_bytes[begin:end].tobytes()

        rank = find_rank(subjects.kind, key_at, ref)
        if rank is None:
            raise SubjectNotFoundError(f"{ref}: not known for purpose {self.facts.purpose}")
        return rank

    def index_of(self, ref: SubjectRef) -> int:
        """Return a subject's index in the arrays.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        return int(self.subjects.index_of_rank[self.rank_of(ref)])

    def keys_by_rank(self) -> list[str]:
        """Return every key in the order of (kind, key)."""
        text = self.subjects.key_bytes.tobytes()
        bounds = self.subjects.key_offset.tolist()
        return [text[begin:end].decode() for begin, end in itertools.pairwise(bounds)]

    def save(self, path: Path) -> None:
        """Write the snapshot to one file, atomically."""
        arrays: dict[str, NDArray[Any]] = {}
        for group in GROUPS:
            part = getattr(self, group)
            arrays |= {f"{group}.{field.name}": getattr(part, field.name) for field in fields(part)}
        facts = {field.name: getattr(self.facts, field.name) for field in fields(self.facts)}
        write_container(path, facts, arrays)

    @classmethod
    def open(cls, path: Path, *, verify: bool = True) -> Snapshot:
        """Map a snapshot file; nothing is copied.

        Raises:
            SnapshotForeignError: not a snapshot file, or of another format version.
            SnapshotDamagedError: torn, or a checksum does not match.
        """
        facts, arrays = read_container(path, verify=verify)

        def part(group: str, names: Sequence[str]) -> dict[str, NDArray[Any]]:
            return {name: arrays[f"{group}.{name}"] for name in names}

        return cls(
            facts=SnapshotFacts(**{**facts, "list_names": tuple(facts["list_names"])}),
            subjects=SnapshotSubjects(**part("subjects", _names(SnapshotSubjects))),
            links=SnapshotLinks(**part("links", _names(SnapshotLinks))),
            listings=SnapshotListings(**part("listings", _names(SnapshotListings))),
            events=SnapshotEvents(**part("events", _names(SnapshotEvents))),
            reports=SnapshotReports(**part("reports", _names(SnapshotReports))),
        )


def find_rank(
    kinds: NDArray[np.uint8], key_at: Callable[[int], bytes], ref: SubjectRef
) -> int | None:
    """Return a subject's place in the order of (kind code, key), or None where it is not there.

    Args:
        kinds: kind codes (n,), ascending.
        key_at: the UTF-8 key at a place, ascending within a kind.
        ref: whom to find.
    """
    # Of the column's own type: numpy would copy the whole column to compare with another.
    code = kinds.dtype.type(SUBJECT_KINDS.index(ref.kind))
    low, high = (int(kinds.searchsorted(code, side)) for side in ("left", "right"))
    wanted = ref.key.encode()
    rank = bisect_left(range(high), wanted, low, high, key=key_at)
    return rank if rank < high and key_at(rank) == wanted else None


def _names(part: type) -> list[str]:
    return [field.name for field in fields(part)]
