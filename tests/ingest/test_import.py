"""Claims about whole imports: what is loaded, in which order, and what importing again does."""

from __future__ import annotations

import gc
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphsvc.errors import InvalidInputError, MappingError, StoreUnavailableError
from graphsvc.ingest import ImportProgress, import_files, load_mapping, parse_mapping
from graphsvc.model import Link, LinkKind, Listing, Report, SubjectKind, SubjectRef
from graphsvc.store.ports import AppendStatus
from graphsvc.store.sqlite import SqliteStore
from tests.ingest.sink import (
    HEADER,
    NOW,
    RATINGS,
    MemorySink,
    link_mapping,
    load,
    mapping,
    rejects_of,
    write,
)


def numbered(count: int) -> str:
    return HEADER + "".join(f"{number},{number + 1},1,{number}\n" for number in range(count))


@pytest.fixture
def store(tmp_path: Path):
    store = SqliteStore.open(tmp_path / "store.db")
    store.migrate()
    yield store
    store.close()


def test_ratings_become_links_and_reports(tmp_path: Path) -> None:
    write(tmp_path, "otc_network.csv", "6,2,4,1289241911.72836\n6,5,-2,1289241941.53378\n")
    write(tmp_path, "otc_gt.csv", "2,+1\n5,-1\n")
    summary, sink = load(tmp_path, load_mapping("bitcoin-otc"))
    six, two, five = (SubjectRef(SubjectKind.ACCOUNT, f"otc-{key}") for key in "625")
    labelled = datetime(2016, 1, 26, tzinfo=UTC)
    assert sink.set_of_records() == {
        Link(
            source="bitcoin-otc",
            external_id="6-2",
            kind=LinkKind.TRUSTS,
            src=six,
            dst=two,
            weight=4.0,
            valid_from=datetime(2010, 11, 8, 18, 45, 11, 728360, tzinfo=UTC),
        ),
        Report(
            source="bitcoin-otc",
            external_id="6-5",
            category="distrust",
            subject=five,
            reporter=six,
            severity=0.2,
            reported_at=datetime(2010, 11, 8, 18, 45, 41, 533780, tzinfo=UTC),
        ),
        Listing(
            source="bitcoin-otc",
            external_id="good-2",
            subject=two,
            list_name="otc-known-good",
            list_kind="allowlist",
            reason_code="labelled-benign",
            authority="Kumar et al. 2018",
            effective_from=labelled,
            until=labelled + timedelta(days=7305),
        ),
        Listing(
            source="bitcoin-otc",
            external_id="fraud-5",
            subject=five,
            list_name="otc-known-fraud",
            list_kind="blacklist",
            reason_code="labelled-fraudulent",
            authority="Kumar et al. 2018",
            effective_from=labelled,
            until=labelled + timedelta(days=7305),
        ),
    }
    assert summary.accepted_by_type == {"listing": 2, "link": 1, "report": 1}


def test_importing_again_changes_nothing(tmp_path: Path, store: SqliteStore) -> None:
    path = write(tmp_path, "ratings.csv", numbered(500))
    first = import_files([path], RATINGS, store, now=NOW, batch_size=64)
    again = import_files([path], RATINGS, store, now=NOW, batch_size=77)
    assert (first.accepted, first.unchanged) == (500, 0)
    assert (again.accepted, again.unchanged) == (0, 500)
    assert store.last_sequence() == 500


def test_an_import_that_was_cut_off_is_repaired_by_doing_it_again(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", numbered(50))
    sink = MemorySink(fails_after_batches=2)
    with pytest.raises(StoreUnavailableError):
        load(path, RATINGS, sink, batch_size=10)
    assert len(sink.records) == 20
    sink.fails_after_batches = None
    summary, _ = load(path, RATINGS, sink, batch_size=10)
    assert (summary.accepted, summary.unchanged) == (30, 20)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_strict_loads_nothing_if_any_row_is_bad(
    tmp_path: Path, store: SqliteStore, batch_size: int
) -> None:
    write(tmp_path, "ratings.csv", numbered(10))
    bad = write(tmp_path, "ratings.tsv", HEADER.replace(",", "\t") + "x\tx\t1\t0\n")
    summary = import_files(
        [tmp_path / "ratings.csv", bad], RATINGS, store, strict=True, batch_size=batch_size, now=NOW
    )
    assert summary.refused
    assert (summary.accepted, summary.unchanged, summary.rejected) == (0, 0, 1)
    assert summary.accepted_by_type == {}
    assert store.last_sequence() == store.count_subjects() == 0
    assert [reject["row"] for reject in rejects_of(bad)] == [2]


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_strict_finds_duplicates_across_batches_and_files(
    tmp_path: Path, store: SqliteStore, batch_size: int
) -> None:
    write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n3,4,1,0\n1,2,1,0\n")
    write(tmp_path, "ratings.tsv", (HEADER + "5,6,1,0\n1,2,9,0\n").replace(",", "\t"))
    paths = [tmp_path / "ratings.csv", tmp_path / "ratings.tsv"]
    summary = import_files(paths, RATINGS, store, strict=True, batch_size=batch_size, now=NOW)
    assert summary.refused
    assert [reject["row"] for reject in rejects_of(paths[1])] == [3]
    assert rejects_of(paths[1])[0]["field"] == "external_id"
    assert store.last_sequence() == 0


def test_strict_finds_what_contradicts_the_store(tmp_path: Path, store: SqliteStore) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n")
    import_files([path], RATINGS, store, now=NOW)
    write(tmp_path, "ratings.csv", HEADER + "5,6,1,0\n1,2,2,0\n")
    summary = import_files([path], RATINGS, store, strict=True, now=NOW)
    assert (summary.refused, summary.conflicts) == (True, 1)
    assert store.last_sequence() == 1


def test_strict_loads_everything_if_no_row_is_bad(tmp_path: Path, store: SqliteStore) -> None:
    path = write(tmp_path, "ratings.csv", numbered(10) + "0,1,1,0\n")
    summary = import_files([path], RATINGS, store, strict=True, batch_size=4, now=NOW)
    assert (summary.refused, summary.accepted, summary.unchanged) == (False, 10, 1)


def test_a_conflict_in_the_store_is_a_reject(tmp_path: Path, store: SqliteStore) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n")
    import_files([path], RATINGS, store, now=NOW)
    write(tmp_path, "ratings.csv", HEADER + "1,2,2,0\n3,4,1,0\n")
    summary = import_files([path], RATINGS, store, now=NOW)
    assert (summary.accepted, summary.conflicts, summary.rejected) == (1, 1, 1)
    assert summary.rejected_by_reason == {"duplicate id with other content": 1}
    assert rejects_of(path)[0]["field"] == "external_id"


FOLDER = """
name: folder
source: test
files:
  - match: nodes.csv
    records:
      - type: subject
        fields: {subject: {kind: account, key: $id}}
  - match: "edges*.csv"
    records:
      - type: link
        fields: {kind: knows, src: {kind: account, key: $a}, dst: {kind: account, key: $b}}
  - match: notes.txt
    skip: prose
"""


def test_a_folder_is_loaded_whole_in_the_order_of_the_mapping(tmp_path: Path) -> None:
    by = parse_mapping(FOLDER, "folder.yaml")
    write(tmp_path, "edges-2.csv", "a,b\n3,4\n")
    write(tmp_path, "edges-1.csv.gz", "a,b\n1,2\n2,2\n")
    write(tmp_path, "nodes.csv", "id,x\n1,a\n")
    write(tmp_path, "notes.txt", "these are notes")
    write(tmp_path, "other.csv", "a,b\n1,2\n")
    write(tmp_path, ".hidden.csv", "a,b\n1,2\n")
    (tmp_path / "edges-3.csv").mkdir()
    for _ in range(2):
        summary, _ = load(tmp_path, by)
        assert [file.path.name for file in summary.files] == [
            "nodes.csv",
            "edges-1.csv.gz",
            "edges-2.csv",
        ]
        assert {skipped.path.name: skipped.reason for skipped in summary.skipped_files} == {
            "notes.txt": "prose",
            "other.csv": "no section of the mapping is for it",
        }


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("notes.txt", MappingError, "doesn't import it: prose"),
        ("other.csv", MappingError, "no section of the mapping is for it"),
        ("missing.csv", InvalidInputError, "there is no such file or folder"),
        ("empty", InvalidInputError, "finds no file to import"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told(
    tmp_path: Path, name: str, error: type[Exception], message: str
) -> None:
    write(tmp_path, "notes.txt", "x")
    write(tmp_path, "other.csv", "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=message):
        load(tmp_path / name, parse_mapping(FOLDER, "folder.yaml"))


def test_a_file_named_twice_is_loaded_once(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", numbered(3))
    summary = import_files([path, tmp_path], RATINGS, MemorySink(), now=NOW)
    assert (len(summary.files), summary.accepted) == (1, 3)


def test_progress_counts_rows_and_bytes_over_all_files_and_ends_at_the_total(
    tmp_path: Path,
) -> None:
    write(tmp_path, "ratings.csv", numbered(100))
    write(tmp_path, "ratings.tsv.gz", numbered(100).replace(",", "\t"))
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    seen: list[ImportProgress] = []
    load(tmp_path, RATINGS, progress=seen.append, batch_size=10)
    assert [step.rows for step in seen] == sorted(step.rows for step in seen)
    assert [step.bytes_read for step in seen] == sorted(step.bytes_read for step in seen)
    assert {step.bytes_total for step in seen} == {total}
    assert (seen[-1].rows, seen[-1].bytes_read) == (200, total)
    assert len(seen) >= 20


def test_strict_shows_progress_of_both_passes(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", numbered(10))
    seen: list[ImportProgress] = []
    load(path, RATINGS, progress=seen.append, strict=True, batch_size=5)
    phases = [step.phase for step in seen]
    assert phases == sorted(phases)
    assert {step.rows for step in seen if step.phase == "load"} == {5, 10}


def test_batches_have_the_size_asked_for(tmp_path: Path) -> None:
    _, sink = load(write(tmp_path, "ratings.csv", numbered(25)), RATINGS, batch_size=10)
    assert sink.batches == [10, 10, 5]


def test_rows_that_agree_in_everything_are_numbered_where_the_mapping_says_so(
    tmp_path: Path,
) -> None:
    by = mapping(
        """
records:
  - type: link
    number_repeats: true
    fields:
      {kind: paid, src: {kind: account, key: $a}, dst: {kind: account, key: $b}, weight: $w}
"""
    )
    path = write(tmp_path, "x.csv", "a,b,w\n1,2,5\n1,2,7\n1,2,5\n1,2,5\n")
    summary, sink = load(path, by)
    assert summary.accepted == 4
    assert {record.external_id for record in sink.set_of_records()} == {
        "link:paid:1:2:5",
        "link:paid:1:2:5#2",
        "link:paid:1:2:5#3",
        "link:paid:1:2:7",
    }
    write(tmp_path, "x.csv", "a,b,w\n1,2,5\n1,2,5\n1,2,7\n1,2,5\n")
    summary, _ = load(path, by, sink)
    assert (summary.accepted, summary.unchanged) == (0, 4)


def test_a_derived_id_tells_columns_apart_and_fits_whatever_their_length(tmp_path: Path) -> None:
    rows = ["x:y,z", "x,y:z", "x\\:y,z", f"{'k' * 256},{'l' * 256}", f"{'k' * 256},{'m' * 256}"]
    summary, sink = load(write(tmp_path, "x.csv", "a,b\n" + "\n".join(rows)), link_mapping())
    assert (summary.accepted, len(sink.records)) == (5, 5)


def test_a_corrected_weight_keeps_its_identity_and_another_time_does_not(tmp_path: Path) -> None:
    by = link_mapping("weight: $w")
    path = write(tmp_path, "x.csv", "a,b,w\n1,2,3\n1,2,4\n")
    assert load(path, by)[0].conflicts == 1
    by = link_mapping("valid_from: {column: t, time: epoch_s}")
    path = write(tmp_path, "y.csv", "a,b,t\n1,2,3\n1,2,4\n")
    assert load(path, by)[0].accepted == 2


def test_cells_are_converted_as_the_mapping_says(tmp_path: Path) -> None:
    by = mapping(
        """
records:
  - type: report
    external_id: {template: "R-{id}", case: lower}
    fields:
      category: {column: cat, default: distrust}
      subject: $subject
      reporter: {kind: account, key: {column: by, case: upper}}
      severity: {column: s, abs: true, scale: 0.1, clip: [0, 1], default: 0.5}
      reported_at: {column: t, time: epoch_ms}
      text: "{cat} 100% by {by}"
      evidence: ["$e1", "$e2"]
"""
    )
    rows = "id,cat,subject,by,s,t,e1,e2\nA,fraud,person:x,bob,-30,1500,p,\nB,,key:y,,,-1,,\n"
    summary, sink = load(write(tmp_path, "x.csv", rows), by)
    assert summary.rejected == 0
    first, second = sink.records["test", "r-a"], sink.records["test", "r-b"]
    assert isinstance(first, Report)
    assert isinstance(second, Report)
    assert (first.severity, first.evidence, first.text) == (1.0, ("p",), "fraud 100% by bob")
    assert str(first.reporter) == "account:BOB"
    assert first.reported_at == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert (second.category, second.reporter, second.severity) == ("distrust", None, 0.5)
    assert second.evidence == ()


def test_an_expiry_in_seconds_ends_a_link_and_none_leaves_it_open(tmp_path: Path) -> None:
    by = link_mapping(
        "valid_from: {column: t, time: epoch_s}\n"
        "      valid_to: {column: t, time: epoch_s, plus_seconds: x}"
    )
    _, sink = load(write(tmp_path, "x.csv", "a,b,t,x\n1,2,10,60\n1,3,10,\n"), by)
    ends = {link.dst.key: link.valid_to for link in sink.set_of_records()}
    assert ends == {"2": datetime(1970, 1, 1, 0, 1, 10, tzinfo=UTC), "3": None}


@pytest.mark.parametrize(
    ("condition", "taken"),
    [
        ("equals: 2", {"2"}),
        ("in: [1, 3]", {"1", "3"}),
        ("positive: true", {"1", "2", "3"}),
        ("negative: true", {"-1"}),
        ("above: 1", {"2", "3"}),
        ("below: 2", {"-1", "0", "1"}),
        ("present: true", {"-1", "0", "1", "2", "3"}),
    ],
)
def test_a_condition_takes_the_rows_it_says(
    tmp_path: Path, condition: str, taken: set[str]
) -> None:
    by = mapping(
        f"""
otherwise: skip
records:
  - type: subject
    when: {{column: v, {condition}}}
    fields: {{subject: {{kind: account, key: $v}}}}
"""
    )
    rows = "v,x\n-1,a\n0,a\n1,a\n2,a\n3,a\n"
    summary, sink = load(write(tmp_path, "x.csv", rows), by)
    assert {record.subject.key for record in sink.set_of_records()} == taken
    assert summary.passed_over == 5 - len(taken)


def test_garbage_collection_is_as_before_after_an_import(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", numbered(3))
    assert gc.isenabled()
    load(path, RATINGS)
    assert gc.isenabled()
    with pytest.raises(StoreUnavailableError):
        load(path, RATINGS, MemorySink(fails_after_batches=0))
    assert gc.isenabled()


def test_a_summary_can_be_written_as_plain_values(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n3,3,1,0\n")
    plain = load(path, RATINGS)[0].as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert (plain["rows"], plain["accepted"], plain["rejected"]) == (2, 1, 1)
    assert plain["files"][0]["rejects_path"] == f"{path}.rejects.jsonl"  # type: ignore[index]


def test_the_sink_of_these_tests_does_as_the_store_does(store: SqliteStore) -> None:
    link = Link(
        source="s",
        external_id="1",
        kind=LinkKind.KNOWS,
        src=SubjectRef(SubjectKind.PERSON, "a"),
        dst=SubjectRef(SubjectKind.PERSON, "b"),
    )
    same = replace(link)
    other = Link(source="s", external_id="1", kind=LinkKind.HOUSEHOLD, src=link.src, dst=link.dst)
    batch = [link, same, other]
    wanted = [AppendStatus.ACCEPTED, AppendStatus.UNCHANGED, AppendStatus.CONFLICT]
    for sink in (MemorySink(), store):
        assert [outcome.status for outcome in sink.check(batch)] == wanted
        assert [outcome.status for outcome in sink.append(batch)] == wanted
