"""Claims about bad rows: each is named with row, field and reason, and costs no other row."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graphsvc.errors import InvalidInputError, StoreUnavailableError
from graphsvc.ingest import import_files
from graphsvc.ingest.rejects import reason_name
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

ALL_OF_A_LINK = """kind: $kind
      src: {kind: $sk, key: $a}
      dst: {kind: account, key: $b}
      weight: $w
      count: $n
      currency: $c
      valid_from: {column: s, time: iso}
      valid_to: {column: e, time: iso}"""
LINKS = mapping("records:\n  - type: link\n    fields:\n      " + ALL_OF_A_LINK)
LINK_HEADER = "kind,sk,a,b,w,n,c,s,e"
GOOD = "paid,account,1,2,3.5,2,EUR,2020-01-01T00:00:00Z,2030-01-01T00:00:00Z"


def with_cell(column: str, value: str) -> str:
    cells = dict(zip(LINK_HEADER.split(","), GOOD.split(","), strict=True))
    return ",".join((cells | {column: value}).values())


@pytest.mark.parametrize(
    ("row", "field", "name", "reason"),
    [
        (with_cell("kind", "hates"), "kind", "unknown kind", "is 'hates', which is unknown; one"),
        (with_cell("kind", ""), "kind", "unknown kind", "is '', which is unknown; one of: knows"),
        (with_cell("sk", "alien"), "src", "unknown kind", "is 'alien', which is unknown"),
        (with_cell("w", "nan"), "weight", "NaN or infinite number", "'nan'; a finite number"),
        (with_cell("w", "-inf"), "weight", "NaN or infinite number", "'-inf'; a finite number"),
        (with_cell("w", "1e999"), "weight", "NaN or infinite number", "'1e999'; a finite"),
        (with_cell("w", "-1"), "weight", "negative weight", "is -1.0; links of kind paid need"),
        (with_cell("w", "much"), "weight", "unparsable number", "is 'much', which is not a number"),
        (with_cell("w", "1_0"), "weight", "unparsable number", "is '1_0', which is not a number"),
        (with_cell("w", "١"), "weight", "unparsable number", "which is not a number"),
        (with_cell("w", "0x10"), "weight", "unparsable number", "which is not a number"),
        (with_cell("w", ""), "weight", "unparsable number", "is empty; a number is needed"),
        (with_cell("n", "0"), "count", "count below 1", "is 0; at least 1 is needed"),
        (with_cell("n", "1.5"), "count", "unparsable number", "'1.5'; a whole number is needed"),
        (with_cell("n", "1e300"), "count", "count below 1", "at least 1 is needed"),
        (with_cell("c", "E"), "currency", "bad currency code", "is 'E'; a code of 3 to 12"),
        (with_cell("e", "2019-12-31T00:00:00Z"), "valid_to", "end not after start", "not after"),
        (with_cell("e", "2020-01-01T00:00:00Z"), "valid_to", "end not after start", "not after"),
        (with_cell("s", "2026-11-24T00:00:01Z"), "valid_from", "time in the future", "a day after"),
        (with_cell("s", "2020-01-01"), "valid_from", "time without a zone", "without a time zone"),
        (with_cell("s", "1.1.2020"), "valid_from", "unparsable time", "is not an ISO 8601 time"),
        (with_cell("s", "0001-01-01T00:00:00+23:00"), "valid_from", "unparsable time", "ISO 8601"),
        (with_cell("a", ""), "src", "empty key", "is empty; a non-empty key is needed"),
        (with_cell("a", "x" * 257), "src", "over-long key or text", "has 257 characters; at most"),
        (with_cell("a", " x"), "src", "space around a key", "begins or ends with a space"),
        (with_cell("a", "x\x00"), "src", "control characters in a key", "control characters"),
        (with_cell("a", "2"), "dst", "self-link", "is account:2, the same as src: a self-link"),
        (GOOD + ",more", None, "wrong column count", "has 10 columns; 9 are needed"),
        (GOOD.rsplit(",", 1)[0], None, "wrong column count", "has 8 columns; 9 are needed"),
        (with_cell("a", "x\ry"), None, "carriage return in a row", "has a carriage return"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_loaded(
    tmp_path: Path, row: str, field: str | None, name: str, reason: str
) -> None:
    others = [GOOD.replace(",2,", f",{number},", 1) for number in (3, 4)]
    path = write(tmp_path, "x.csv", "\n".join([LINK_HEADER, others[0], row, others[1], ""]))
    summary, sink = load(path, LINKS)
    (reject,) = rejects_of(path)
    assert reason in str(reject.pop("reason"))
    assert reject == {"file": "x.csv", "row": 3, "field": field, "raw": row}
    assert summary.rejected_by_reason == {name: 1}
    assert (summary.rows, summary.accepted, summary.rejected) == (3, 2, 1)
    assert {link.dst.key for link in sink.set_of_records()} == {"3", "4"}


def test_the_good_row_of_these_tests_is_good(tmp_path: Path) -> None:
    summary, _ = load(write(tmp_path, "x.csv", f"{LINK_HEADER}\n{GOOD}\n"), LINKS)
    assert summary.accepted == 1


@pytest.mark.parametrize("time", ["1e18", "-1e18", "1e300"])
@pytest.mark.parametrize("form", ["time: epoch_s", "time: epoch_ms", "days_since: 2020-01-01"])
def test_a_time_beyond_the_calendar_is_rejected(tmp_path: Path, time: str, form: str) -> None:
    by = link_mapping(f"valid_from: {{column: t, {form}}}")
    summary, _ = load(write(tmp_path, "x.csv", f"a,b,t\n1,2,{time}\n"), by)
    assert summary.rejected_by_reason == {"unparsable time": 1}


def test_a_duplicate_id_with_other_content_is_rejected_and_the_first_one_stands(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,2,3,0\n1,2,3,0\n1,2,4,0\n")
    summary, sink = load(path, RATINGS)
    assert (summary.accepted, summary.unchanged, summary.rejected, summary.conflicts) == (
        1,
        1,
        1,
        1,
    )
    (reject,) = rejects_of(path)
    assert (reject["row"], reject["field"], reject["raw"]) == (4, "external_id", "1,2,4,0")
    assert [link.weight for link in sink.set_of_records()] == [3.0]


def test_an_empty_cell_in_a_template_does_not_make_a_subject_of_the_rest(tmp_path: Path) -> None:
    by = mapping(
        """
records:
  - type: subject
    fields: {subject: {kind: account, key: "otc-{k}"}}
"""
    )
    summary, _ = load(write(tmp_path, "x.csv", "k,x\n,1\n5,1\n 6,1\n"), by)
    assert summary.rejected_by_reason == {"empty key": 1, "space around a key": 1}


def test_a_number_that_a_condition_needs_rejects_its_row_where_it_is_none(tmp_path: Path) -> None:
    by = mapping(
        """
otherwise: skip
records:
  - type: link
    when: {column: w, positive: true}
    fields:
      {kind: trusts, src: {kind: account, key: $a}, dst: {kind: account, key: $b}, weight: $w}
"""
    )
    path = write(tmp_path, "x.csv", "a,b,w\n1,2,nan\n1,3,\n1,4,x\n1,5,-2\n1,6,2\n")
    summary, _ = load(path, by)
    assert (summary.accepted, summary.passed_over, summary.rejected) == (1, 1, 3)
    assert {reject["field"] for reject in rejects_of(path)} == {"w"}


def test_one_bad_record_of_a_row_keeps_the_whole_row_out(tmp_path: Path) -> None:
    by = mapping(
        """
records:
  - type: subject
    fields: {subject: {kind: account, key: $a}}
  - type: event
    fields:
      kind: deposit_returned
      subject: {kind: account, key: $a}
      occurred_at: {column: t, time: epoch_s}
"""
    )
    summary, sink = load(write(tmp_path, "x.csv", "a,t\n1,5\n2,\n3,x\n"), by)
    assert (summary.accepted, summary.rejected) == (2, 2)
    assert summary.accepted_by_type == {"subject": 1, "event": 1}
    assert summary.rejected_by_reason == {"missing time": 1, "unparsable number": 1}
    assert {record.subject.key for record in sink.set_of_records()} == {"1"}


def test_raw_rows_and_reasons_are_cut(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", "a,b\n1," + "y" * 5_000 + "\n")
    load(path, link_mapping())
    (reject,) = rejects_of(path)
    assert len(str(reject["raw"])) == 2_000
    assert len(str(reject["reason"])) <= 500


def test_rejects_are_in_the_order_of_rows_whatever_found_them(tmp_path: Path) -> None:
    rows = ["1,2,3,0", "1,2,4,0", "1,1,1,0", "1,2,5,0", "x"]
    path = write(tmp_path, "ratings.csv", HEADER + "\n".join(rows))
    load(path, RATINGS)
    assert [reject["row"] for reject in rejects_of(path)] == [3, 4, 5, 6]


def test_a_rejects_file_is_replaced_and_goes_when_there_is_nothing_to_say(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,1,1,0\n1,2,1,0\n")
    summary, sink = load(path, RATINGS)
    place = tmp_path / "ratings.csv.rejects.jsonl"
    assert summary.rejects_paths == [place]
    write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n3,3,1,0\n4,4,1,0\n")
    load(path, RATINGS, sink)
    assert [reject["row"] for reject in rejects_of(path)] == [3, 4]
    write(tmp_path, "ratings.csv", HEADER + "1,2,1,0\n")
    summary, _ = load(path, RATINGS, sink)
    assert summary.rejects_paths == []
    assert os.listdir(tmp_path) == ["ratings.csv"]


def test_a_store_that_fails_leaves_no_half_written_rejects(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,1,1,0\n1,2,1,0\n3,4,1,0\n")
    load(path, RATINGS)
    before = rejects_of(path)
    write(tmp_path, "ratings.csv", HEADER + "9,9,1,0\n1,2,1,0\n8,8,1,0\n3,4,1,0\n")
    with pytest.raises(StoreUnavailableError):
        load(path, RATINGS, MemorySink(fails_after_batches=1), batch_size=1)
    assert rejects_of(path) == before
    assert sorted(os.listdir(tmp_path)) == ["ratings.csv", "ratings.csv.rejects.jsonl"]


def test_rejects_go_where_they_are_told_and_names_that_meet_stay_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "ratings.csv", HEADER + f"{name},{name},1,0\n")
    (tmp_path / "out").mkdir()
    paths = [tmp_path / "one" / "ratings.csv", tmp_path / "two" / "ratings.csv"]
    sink = MemorySink()
    summary = import_files(paths, RATINGS, sink, rejects_dir=tmp_path / "out", now=NOW)
    assert [path.name for path in summary.rejects_paths] == [
        "ratings.csv.rejects.jsonl",
        "two-2-ratings.csv.rejects.jsonl",
    ]
    assert {path.parent for path in summary.rejects_paths} == {tmp_path / "out"}


def test_a_folder_marked_read_only_is_not_written_even_by_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    path = write(tmp_path / "data", "ratings.csv", HEADER + "1,1,1,0\n")
    (tmp_path / "data").chmod(0o555)
    try:
        summary, _ = load(path, RATINGS)
        load(path, RATINGS, strict=True)
        assert os.listdir(tmp_path / "data") == ["ratings.csv"]
    finally:
        (tmp_path / "data").chmod(0o755)
    assert summary.rejects_paths == [tmp_path / "here" / "ratings.csv.rejects.jsonl"]


def test_rejects_of_a_folder_that_cannot_be_written_go_to_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path / "data")
    path = write(tmp_path / "data", "ratings.csv", HEADER + "1,1,1,0\n")
    summary, _ = load(path, RATINGS)
    assert summary.rejects_paths == [tmp_path / "here" / "ratings.csv.rejects.jsonl"]


def test_a_rejects_folder_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,1,1,0\n")
    sink = MemorySink()
    with pytest.raises(InvalidInputError, match="is not a folder"):
        load(path, RATINGS, sink, rejects_dir=tmp_path / "none")
    with pytest.raises(InvalidInputError, match="is not a folder"):
        load(path, RATINGS, sink, rejects_dir=path)
    assert sink.records == {}


def test_rejects_that_cannot_be_put_in_place_are_an_input_error(tmp_path: Path) -> None:
    path = write(tmp_path, "ratings.csv", HEADER + "1,1,1,0\n")
    (tmp_path / "ratings.csv.rejects.jsonl").mkdir()
    with pytest.raises(InvalidInputError, match="rejects can't be written"):
        load(path, RATINGS)
    assert sorted(os.listdir(tmp_path)) == ["ratings.csv", "ratings.csv.rejects.jsonl"]


def test_a_reason_without_a_name_is_counted_as_other() -> None:
    assert reason_name("was struck by lightning") == "other"
