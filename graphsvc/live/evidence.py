"""A purpose's evidence as it stands: a snapshot, and over it what was recorded since.

An *excerpt* is a small snapshot of some subjects and of the links between some pairs. Whatever
scoring makes of a whole snapshot it makes of an excerpt, so that nothing is derived in two ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.errors import SubjectNotFoundError
from graphsvc.lookup import NOT_FOUND, KeyColumn, bounds_of_kinds, find_ranks
from graphsvc.model import Event, Link, Listing, Record, Report, Subject, SubjectRef
from graphsvc.snapshot import Snapshot
from graphsvc.snapshot.columns import (
    by_content,
    csr_links,
    event_columns,
    link_columns,
    listing_columns,
    report_columns,
)
from graphsvc.snapshot.snapshot import (
    NO_REPORTER,
    SUBJECT_KINDS,
    SnapshotEvents,
    SnapshotLinks,
    SnapshotListings,
    SnapshotReports,
    SnapshotSubjects,
)

Pair = tuple[int, int]
Int64s = NDArray[np.int64]
RecordT = TypeVar("RecordT", Event, Link, Listing, Report)
TableT = TypeVar("TableT", SnapshotEvents, SnapshotReports, SnapshotListings)


@dataclass(frozen=True, slots=True)
class Touched:
    """Whose own evidence some records are, and the links of which pairs, lower index first."""

    subjects: frozenset[int] = frozenset()
    pairs: frozenset[Pair] = frozenset()

    def __or__(self, other: Touched) -> Touched:
        return Touched(self.subjects | other.subjects, self.pairs | other.pairs)

    @classmethod
    def union(cls, parts: Iterable[Touched]) -> Self:
        """Return what any of the parts tells of."""
        found = list(parts)
        return cls(
            frozenset().union(*(part.subjects for part in found)),
            frozenset().union(*(part.pairs for part in found)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A small snapshot; `index` (k,) says who in the evidence each of its subjects is.

    The first `asked` of them have all their own evidence here; the others are only mentioned.
    `pairs` are those whose links are here, as places in `index`.
    """

    snapshot: Snapshot
    index: Int64s
    asked: int
    pairs: tuple[Pair, ...]


class LiveEvidence:
    """Evidence of one purpose, by subject index: those of the snapshot, then new ones."""

    def __init__(self, base: Snapshot) -> None:
        self.base = base
        self._new: list[SubjectRef] = []
        # All new subjects, and those of the snapshot that were looked for.
        self._found: dict[SubjectRef, int] = {}
        self._records: dict[int, Record] = {}
        self._of_subject: dict[int, set[int]] = {}
        self._of_pair: dict[Pair, set[int]] = {}
        self._gone: set[int] = set()
        self._sequence = {
            "links": base.links.sequence,
            "events": base.events.sequence,
            "reports": base.reports.sequence,
            "listings": base.listings.sequence,
        }
        self._by_sequence = {
            name: np.argsort(column, kind="stable") for name, column in self._sequence.items()
        }
        self._by_reporter = np.argsort(base.reports.reporter, kind="stable")

    @property
    def n(self) -> int:
        """Number of subjects."""
        return self.base.n + len(self._new)

    def index_of(self, subject: SubjectRef) -> int:
        """Return a subject's index.

        Raises:
            SubjectNotFoundError: the purpose's evidence doesn't mention the subject.
        """
        index = self._found.get(subject)
        if index is None:
            index = self._found[subject] = self.base.index_of(subject)
        return index

    def look_up(self, subjects: Iterable[SubjectRef]) -> None:
        """Find many subjects at once, so that each is at hand when it is asked for."""
        wanted = list({subject for subject in subjects if subject not in self._found})
        held = self.base.subjects
        ranks = find_ranks(
            bounds_of_kinds(held.kind), KeyColumn(held.key_offset, held.key_bytes), wanted
        )
        for subject, rank in zip(wanted, ranks.tolist(), strict=True):
            if rank != NOT_FOUND:
                self._found[subject] = int(held.index_of_rank[rank])

    def ref_of(self, index: int) -> SubjectRef:
        """Return the subject at an index."""
        if index < self.base.n:
            return self.base.ref_of(index)
        return self._new[index - self.base.n]

    def places_of(self, snapshot: Snapshot) -> Int64s:
        """Return the index here of each subject of another snapshot, -1 where there is none."""
        mine = zip(self.base.subjects.kind.tolist(), self.base.keys_by_rank(), strict=True)
        known = dict(zip(mine, self.base.subjects.index_of_rank.tolist(), strict=True))
        known |= {(SUBJECT_KINDS.index(ref.kind), ref.key): self._found[ref] for ref in self._new}
        theirs = zip(snapshot.subjects.kind.tolist(), snapshot.keys_by_rank(), strict=True)
        by_rank = np.array([known.get(subject, -1) for subject in theirs], np.int64)
        return by_rank[snapshot.subjects.rank_of_index]

    def mention(self, subject: SubjectRef) -> int:
        """Return a subject's index, the next one where it is new."""
        try:
            return self.index_of(subject)
        except SubjectNotFoundError:
            index = self._found[subject] = self.n
            self._new.append(subject)
            return index

    def add(self, sequence: int, record: Record) -> Touched:
        """Take in a record of a kind that the purpose permits; return what it tells of."""
        touched = self.told_by(record)
        if self._base_row(sequence) is not None:
            self._gone.discard(sequence)
            return touched
        self._records[sequence] = record
        for index in touched.subjects:
            self._of_subject.setdefault(index, set()).add(sequence)
        for pair in touched.pairs:
            self._of_pair.setdefault(pair, set()).add(sequence)
        return touched

    def remove(self, sequence: int) -> Touched:
        """Take a record out; return what it told of, nothing where it is not in."""
        touched = self.touched_by(sequence)
        if self._records.pop(sequence, None) is None:
            if touched != Touched():
                self._gone.add(sequence)
            return touched
        for index in touched.subjects:
            self._of_subject[index].discard(sequence)
        for pair in touched.pairs:
            self._of_pair[pair].discard(sequence)
        return touched

    def touched_by(self, sequence: int) -> Touched:
        """Return what the record at a sequence tells of, nothing where it is not in."""
        record = self._records.get(sequence)
        if record is not None:
            return self.told_by(record)
        return Touched() if sequence in self._gone else self._told_by_base(sequence)

    def told_by(self, record: Record) -> Touched:
        """Return what a record tells of; new subjects get the next indices."""
        match record:
            case Link():
                return _pair(self.mention(record.src), self.mention(record.dst))
            case Report():
                found = [self.mention(record.subject)]
                if record.reporter is not None:
                    found.append(self.mention(record.reporter))
                return Touched(frozenset(found))
            case Event() | Listing() | Subject():
                return Touched(frozenset({self.mention(record.subject)}))
        return Touched()

    def excerpt(
        self,
        touched: Touched,
        *,
        without: frozenset[int] = frozenset(),
        also: Sequence[tuple[int, Record]] = (),
    ) -> Excerpt:
        """Return the evidence of some subjects and pairs as a snapshot of its own.

        Args:
            touched: whose; who else is mentioned is there by index only.
            without: sequences of records to leave out.
            also: further records with their sequences, as if they were in.
        """
        subjects = sorted(touched.subjects)
        local = _LocalIndex(subjects)
        wanted = set().union(
            *(self._of_subject.get(index, ()) for index in subjects),
            *(self._of_pair.get(pair, ()) for pair in touched.pairs),
        )
        stated = [(number, self._records[number]) for number in sorted(wanted - without)]
        stated += [item for item in also if item[0] not in without]

        def refs_to_local(refs: Sequence[SubjectRef]) -> NDArray[np.int32]:
            return np.array([local.of(self.mention(ref)) for ref in refs], np.int32)

        out = sorted(self._gone | without)
        known = np.array([index for index in subjects if index < self.base.n], np.int64)
        base = self.base
        events = _joined(
            _localised(base.events, _rows(base.events, known, out), local),
            event_columns(*_records_of(stated, Event), refs_to_local),
        )
        reports = _joined(
            _localised(base.reports, self._report_rows(known, out), local),
            report_columns(*_records_of(stated, Report), refs_to_local),
        )
        listings = _joined(
            _localised(base.listings, _rows(base.listings, known, out), local),
            listing_columns(*_records_of(stated, Listing), refs_to_local, base.facts.list_names),
        )
        pairs = tuple(sorted((local.of(a), local.of(b)) for a, b in touched.pairs))
        links = self._links(touched.pairs, _records_of(stated, Link), out, local)
        return Excerpt(
            replace(
                base,
                subjects=_of_nobody(local.size),
                events=by_content(events),
                reports=by_content(reports),
                listings=by_content(listings),
                links=links,
            ),
            local.index(),
            len(subjects),
            pairs,
        )

    def _base_row(self, sequence: int) -> tuple[str, int] | None:
        """Return the table and the row of the snapshot that hold a record."""
        if sequence > self.base.facts.sequence:
            return None
        for name, order in self._by_sequence.items():
            column = self._sequence[name]
            place = int(np.searchsorted(column, sequence, sorter=order))
            if place < order.size and column[order[place]] == sequence:
                return name, int(order[place])
        return None

    def _told_by_base(self, sequence: int) -> Touched:
        found = self._base_row(sequence)
        if found is None:
            return Touched()
        name, row = found
        if name == "links":
            links = self.base.links
            src = int(np.searchsorted(links.indptr, row, side="right")) - 1
            return _pair(src, int(links.dst[row]))
        if name == "reports":
            ends = {int(self.base.reports.subject[row]), int(self.base.reports.reporter[row])}
            return Touched(frozenset(ends - {NO_REPORTER}))
        table = self.base.events if name == "events" else self.base.listings
        return Touched(frozenset({int(table.subject[row])}))

    def _report_rows(self, subjects: Int64s, out: list[int]) -> Int64s:
        """Return the snapshot's rows of reports on, and by, some subjects."""
        reports = self.base.reports
        rows = np.union1d(
            _ranges(reports.subject, None, subjects),
            _ranges(reports.reporter, self._by_reporter, subjects),
        )
        return rows[~np.isin(reports.sequence[rows], out)]

    def _links(
        self,
        pairs: Iterable[Pair],
        stated: tuple[list[Link], Int64s],
        out: list[int],
        local: _LocalIndex,
    ) -> SnapshotLinks:
        links = self.base.links
        ends = np.array(sorted(pairs), np.int64).reshape(-1, 2)
        row, from_index = self._parallel(np.concatenate([ends, ends[:, ::-1]]))
        from_ = np.array([local.of(index) for index in from_index.tolist()], np.int32)
        kept = ~np.isin(links.sequence[row], out)
        row, from_ = row[kept], from_[kept]
        records, _ = stated
        more = link_columns(*stated)
        columns = {
            name: np.concatenate([getattr(links, name)[row], column])
            for name, column in more.items()
        }
        more_from, more_to = (
            np.array([local.of(self.mention(end(record))) for record in records], np.int32)
            for end in (_source_of, _target_of)
        )
        to = np.array([local.of(index) for index in links.dst[row].tolist()], np.int32)
        return csr_links(
            columns,
            np.concatenate([from_, more_from]),
            np.concatenate([to, more_to]),
            local.size,
        )

    def _parallel(self, pairs: Int64s) -> tuple[Int64s, Int64s]:
        """Return the snapshot's rows of links from one to the other of each pair, and that one."""
        links = self.base.links
        pairs = pairs[(pairs < self.base.n).all(axis=1)]
        first, last = algorithms.link_places(links.indptr, links.dst, pairs[:, 0], pairs[:, 1])
        count = last - first
        place = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        return np.repeat(first, count) + place, np.repeat(pairs[:, 0], count)


class _LocalIndex:
    """Numbers the subjects of an excerpt in order of mention."""

    def __init__(self, subjects: Iterable[int]) -> None:
        self._place: dict[int, int] = {index: place for place, index in enumerate(subjects)}

    @property
    def size(self) -> int:
        return len(self._place)

    def of(self, index: int) -> int:
        return self._place.setdefault(index, len(self._place))

    def index(self) -> Int64s:
        return np.array(list(self._place), np.int64)


def _source_of(link: Link) -> SubjectRef:
    return link.src


def _target_of(link: Link) -> SubjectRef:
    return link.dst


def _pair(one: int, other: int) -> Touched:
    return Touched(pairs=frozenset({(min(one, other), max(one, other))}))


def _records_of(
    stated: Iterable[tuple[int, Record]], kind: type[RecordT]
) -> tuple[list[RecordT], Int64s]:
    found = [(number, record) for number, record in stated if isinstance(record, kind)]
    return [record for _, record in found], np.array([number for number, _ in found], np.int64)


def _rows(table: SnapshotEvents | SnapshotListings, subjects: Int64s, out: list[int]) -> Int64s:
    rows = _ranges(table.subject, None, subjects)
    return rows[~np.isin(table.sequence[rows], out)]


def _ranges(column: NDArray[np.int32], sorter: Int64s | None, wanted: Int64s) -> Int64s:
    """Return the rows in which a sorted column holds any of the wanted values."""
    low = np.searchsorted(column, wanted, side="left", sorter=sorter)
    high = np.searchsorted(column, wanted, side="right", sorter=sorter)
    parts = [np.arange(begin, end) for begin, end in zip(low, high, strict=True) if begin < end]
    rows = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    return rows if sorter is None else sorter[rows]


def _localised(table: TableT, rows: Int64s, local: _LocalIndex) -> TableT:
    columns: dict[str, NDArray[Any]] = {
        field.name: getattr(table, field.name)[rows] for field in fields(table)
    }
    for name in ("subject", "reporter"):
        if name in columns:
            columns[name] = np.array(
                [
                    index if index == NO_REPORTER else local.of(index)
                    for index in columns[name].tolist()
                ],
                np.int32,
            )
    return type(table)(**columns)


def _joined(one: TableT, other: TableT) -> TableT:
    return type(one)(
        **{
            field.name: np.concatenate([getattr(one, field.name), getattr(other, field.name)])
            for field in fields(one)
        }
    )


def _of_nobody(n: int) -> SnapshotSubjects:
    """Return n subjects without names: an excerpt is read by index alone."""
    order = np.arange(n, dtype=np.int32)
    return SnapshotSubjects(
        kind=np.zeros(n, np.uint8),
        key_offset=np.zeros(n + 1, np.int64),
        key_bytes=np.zeros(0, np.uint8),
        index_of_rank=order,
        rank_of_index=order,
        number=np.arange(n, dtype=np.int64),
    )
