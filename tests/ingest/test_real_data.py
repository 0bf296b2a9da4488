"""Claims about the public sets: each loads by one call, with the counts that its README gives.

What differs from a README's count is explained by rejected rows, each with its reason; the same
numbers stand in docs/importing.md.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from graphsvc.ingest import ImportSummary, import_files, load_mapping
from graphsvc.model import Link, LinkKind, Listing, Record, RecordType, SubjectRef
from graphsvc.store.ports import AppendOutcome, AppendStatus
from graphsvc.store.sqlite import SqliteStore
from tests.ingest.sink import NOW, MemorySink

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"the public data sets are not there: {DATA} is no folder"
    ),
]


def import_set(name: str, store, rejects_dir: Path) -> ImportSummary:
    mapping = load_mapping(name)
    return import_files([DATA / name], mapping, store, rejects_dir=rejects_dir, now=NOW)


def listed(sink: MemorySink) -> dict[str, int]:
    names = [record.list_name for record in sink.records.values() if isinstance(record, Listing)]
    return {name: names.count(name) for name in sorted(set(names))}


def mentioned(sink: MemorySink) -> set[SubjectRef]:
    subjects: set[SubjectRef] = set()
    for record in sink.records.values():
        if isinstance(record, Link):
            subjects |= {record.src, record.dst}
        else:
            subjects.add(record.subject)
            if (reporter := getattr(record, "reporter", None)) is not None:
                subjects.add(reporter)
    return subjects


@dataclass(frozen=True)
class Expected:
    rows: int
    subjects: int
    links: int = 0
    reports: int = 0
    listings: dict[str, int] = field(default_factory=dict)
    registered: int = 0
    self_links: int = 0
    skipped: tuple[str, ...] = ()


EXPECTED = {
    # README: 5,881 nodes, 35,592 ratings (3,563 negative); 136 benign, 180 fraudulent
    "bitcoin-otc": Expected(
        rows=35_592 + 316,
        subjects=5_881,
        links=35_592 - 3_563,
        reports=3_563,
        listings={"otc-known-fraud": 180, "otc-known-good": 136},
    ),
    # README: 6,539 nodes, 51,127 edges; 1,384 members certify nobody but themselves
    "advogato": Expected(
        rows=51_127, subjects=6_539 - 1_384, links=51_127 - 3_992, self_links=3_992
    ),
    # README: 1,178 keys, 16,407 certifications; 204 signers are in no ring
    "debian-wot": Expected(
        rows=1_178 + 16_407,
        subjects=1_178 + 204,
        registered=1_178,
        links=16_407,
        listings={
            "debian-keyring": 905,
            "debian-maintainers": 231,
            "debian-nonupload": 36,
            "debian-role-keys": 6,
        },
    ),
    # README: 86,622 nodes, 106,083 edges; 445 phishing, 445 not
    "ethereum-phishing": Expected(
        rows=86_622 + 106_083 + 890,
        subjects=86_622,
        registered=86_622,
        links=106_083,
        listings={"eth-benign": 445, "eth-phishing": 445},
    ),
    # README: 20,000 accounts, 120,558 transfers; 1,804 fraudulent, 906 of them found too late
    "amlsim-fanin-cycle": Expected(
        rows=20_000 + 120_558,
        subjects=20_000,
        registered=20_000,
        links=120_558 - 15,
        self_links=15,
        listings={"aml-confirmed": 898, "aml-undetected": 906},
        skipped=("metadata.txt",),
    ),
    # README: 8,078 nodes, 176,568 friendships, each on two lines
    "sybil-facebook": Expected(
        rows=2 * 176_568 + 8_078,
        subjects=8_078,
        links=2 * 176_568,
        listings={
            "sybil-known-benign": 100,
            "sybil-known-fake": 100,
            "sybil-test-benign": 3_939,
            "sybil-test-fake": 3_939,
        },
    ),
    # README: 654 addresses on all chains; the folder holds those of two chains
    "ofac-addresses": Expected(rows=152 + 435, subjects=587, listings={"ofac-sdn": 587}),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_set_is_loaded_with_the_counts_of_its_readme(name: str, tmp_path: Path) -> None:
    expected, sink = EXPECTED[name], MemorySink()
    summary = import_set(name, sink, tmp_path)
    assert summary.rows == expected.rows
    assert summary.rejected_by_reason == (
        {"self-link": expected.self_links} if expected.self_links else {}
    )
    assert (summary.unchanged, summary.conflicts, summary.passed_over) == (0, 0, 0)
    by_type = {
        "subject": expected.registered,
        "link": expected.links,
        "report": expected.reports,
        "listing": sum(expected.listings.values()),
    }
    assert summary.accepted_by_type == {noun: count for noun, count in by_type.items() if count}
    assert listed(sink) == expected.listings
    assert len(mentioned(sink)) == expected.subjects
    assert tuple(file.path.name for file in summary.skipped_files) == expected.skipped


@dataclass
class CountingSink:
    """Keeps identities and subjects only: the records of such a set would fill a gigabyte."""

    identities: set[str] = field(default_factory=set)
    subjects: set[SubjectRef] = field(default_factory=set)
    pairs: set[tuple[SubjectRef, SubjectRef]] = field(default_factory=set)
    negative_links: int = 0

    def append(self, records: Sequence[Record]) -> list[AppendOutcome]:
        outcomes = []
        for record in records:
            is_new = record.external_id not in self.identities
            self.identities.add(record.external_id)
            if isinstance(record, Link):
                self.pairs.add((record.src, record.dst))
                self.negative_links += record.weight < 0
                self.subjects.update((record.src, record.dst))
            elif isinstance(record, Listing):
                self.subjects.add(record.subject)
            status = AppendStatus.ACCEPTED if is_new else AppendStatus.UNCHANGED
            outcomes.append(AppendOutcome(status))
        return outcomes

    check = append


def test_epinions_is_loaded_with_the_counts_of_its_readme(tmp_path: Path) -> None:
    # README: 131,828 nodes, 841,372 edges; 573 rate themselves, 248 members nobody else
    sink = CountingSink()
    summary = import_set("epinions-signed", sink, tmp_path)
    assert summary.rows == 841_372
    assert summary.rejected_by_reason == {"self-link": 573}
    assert summary.accepted_by_type == {"link": 841_372 - 573}
    assert len(sink.subjects) == 131_828 - 248
    assert sink.negative_links == 123_705 - sum(
        line.endswith('\\t-1"}') for line in summary.rejects_paths[0].read_text().splitlines()
    )


def test_sqlite_holds_what_of_epinions_was_read(tmp_path: Path) -> None:
    whole = DATA / "epinions-signed" / "soc-sign-epinions.txt.gz"
    beginning = tmp_path / "soc-sign-epinions.txt"
    with gzip.open(whole, "rt") as lines:
        beginning.write_text("".join(islice(lines, 50_000)))
    sink = CountingSink()
    mapping = load_mapping("epinions-signed")
    with closing(SqliteStore.open(tmp_path / "store.db")) as store:
        store.migrate()
        counted, kept = (
            import_files([beginning], mapping, into, rejects_dir=tmp_path, now=NOW)
            for into in (sink, store)
        )
        assert kept.rejected_by_reason == counted.rejected_by_reason
        assert store.count_records()[RecordType.LINK] == kept.accepted == counted.accepted > 49_000
        assert store.count_subjects() == len(sink.subjects)
        weights = [columns.weight for columns in store.iter_links([LinkKind.RATES])]
        assert int((np.concatenate(weights) < 0).sum()) == sink.negative_links > 0


def test_hop_transfers_are_loaded_with_the_counts_of_their_readme(tmp_path: Path) -> None:
    # README: 434,887 wallets, 685,831 pairs; 14,195 eliminated; 28,857 eligible
    sink = CountingSink()
    summary = import_set("hop-transfers", sink, tmp_path)
    assert summary.rows == 758_877 + 14_195 + 28_857
    assert summary.accepted_by_type == {"link": 758_877 - 25_367, "listing": 14_195 + 28_857}
    assert summary.rejected_by_reason == {"self-link": 25_367}
    # Each of the rejected rows is the only one of its pair.
    assert len(sink.pairs) == 685_831 - 25_367
    assert len(sink.subjects) == 435_818
    assert [file.path.name for file in summary.skipped_files] == ["groups.json.gz", "stats.txt"]


def test_the_sets_can_share_one_store(tmp_path: Path) -> None:
    sink = MemorySink()
    for name in ("bitcoin-otc", "advogato", "debian-wot", "ofac-addresses"):
        assert import_set(name, sink, tmp_path).conflicts == 0
    names = ("bitcoin-otc", "advogato", "debian-wot", "ofac-addresses")
    assert len(mentioned(sink)) == sum(EXPECTED[name].subjects for name in names)


def test_the_demo_set_that_ships_is_the_public_one(tmp_path: Path) -> None:
    shipped, public = MemorySink(), MemorySink()
    folder = ROOT / "graphsvc" / "shipped" / "data" / "bitcoin-otc"
    mapping = load_mapping("bitcoin-otc")
    import_files([folder], mapping, shipped, rejects_dir=tmp_path, now=NOW)
    import_set("bitcoin-otc", public, tmp_path)
    assert shipped.records == public.records


def test_every_friendship_is_on_two_lines_and_a_hundred_cross_into_the_fakes(
    tmp_path: Path,
) -> None:
    sink = MemorySink()
    import_set("sybil-facebook", sink, tmp_path)
    entries = {
        (int(link.src.key[3:]), int(link.dst.key[3:]))
        for link in sink.records.values()
        if isinstance(link, Link)
    }
    assert {(b, a) for a, b in entries} == entries
    assert len({frozenset(entry) for entry in entries}) == 176_568
    attacks = {frozenset((a, b)) for a, b in entries if (a < 4_039) != (b < 4_039)}
    assert len(attacks) == 100
