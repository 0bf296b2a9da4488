"""Claims about files: whatever their format and their quirks, the same rows come out."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graphsvc.errors import InvalidInputError, MappingError
from graphsvc.ingest import readers, sources
from tests.ingest.sink import (
    HEADER,
    RATINGS,
    MemorySink,
    link_mapping,
    load,
    mapping,
    rejects_of,
    write,
)

ROWS = HEADER + "6,2,4,1289241911.72836\n6,5,-2,1289241941\n1,15,1,1289243140.39049\n"


@pytest.fixture(scope="module")
def plain_records(tmp_path_factory):
    _, sink = load(write(tmp_path_factory.mktemp("plain"), "ratings.csv", ROWS), RATINGS)
    assert len(sink.records) == 3
    return sink.set_of_records()


def parquet_file(folder: Path, name: str = "ratings.parquet") -> Path:
    table = pa.table(
        {
            "time": [1289241911.72836, 1289241941.0, 1289243140.39049],
            "other": [[1], [2], [3]],
            "source": ["6", "6", "1"],
            "target": pa.array(["2", "5", "15"]).dictionary_encode(),
            "rating": pa.array([4, -2, 1], pa.int8()),
        }
    )
    path = folder / name
    pq.write_table(table, path)
    return path


def jsonl(text: str) -> str:
    header, *rows = text.splitlines()
    names = header.split(",")
    lines = []
    for row in rows:
        source, target, rating, time = row.split(",")
        cells = (json.dumps(source), target, rating, json.dumps(time))
        body = ", ".join(f'"{name}": {cell}' for name, cell in zip(names, cells, strict=True))
        lines.append("{" + body + "}\n")
    return "".join(lines)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("ratings.csv", ROWS.replace("\n", "\r\n")),
        ("ratings.csv.gz", ROWS),
        ("ratings.csv", gzip.compress(ROWS.encode(), mtime=0)),
        ("ratings.csv", b"\xef\xbb\xbf" + ROWS.encode()),
        ("ratings.csv", ROWS.rstrip("\n")),
        ("ratings.csv", ROWS.replace("\n", "\n\n  \n")),
        ("ratings.csv", ROWS.replace("6,", '"6",')),
        ("ratings.tsv", ROWS.replace(",", "\t")),
        ("ratings.jsonl", jsonl(ROWS)),
        ("ratings.jsonl", jsonl(ROWS).replace("\n", "\r\n\r\n")),
        ("ratings.ndjson.gz", jsonl(ROWS)),
    ],
)
def test_the_same_content_gives_the_same_records(tmp_path, plain_records, name, content) -> None:
    summary, sink = load(write(tmp_path, name, content), RATINGS)
    assert sink.set_of_records() == plain_records
    assert (summary.rows, summary.accepted, summary.rejected) == (3, 3, 0)


def test_parquet_gives_the_same_records(tmp_path, plain_records) -> None:
    path = parquet_file(tmp_path)
    assert load(path, RATINGS)[1].set_of_records() == plain_records
    gzipped = write(tmp_path, "ratings.parquet.gz", path.read_bytes())
    assert load(gzipped, RATINGS)[1].set_of_records() == plain_records


def test_comments_are_dropped_before_and_after_the_header(tmp_path) -> None:
    text = "# one\n% two\na,b\n#x,y\n1,2\n% 3,4\n"
    summary, _ = load(write(tmp_path, "x.csv", text), link_mapping(section="comment: ['#', '%']"))
    assert (summary.rows, summary.accepted) == (1, 1)


def test_an_unnamed_index_column_is_read_past(tmp_path) -> None:
    summary, sink = load(write(tmp_path, "x.csv", ",a,b\n0,x,y\n1,y,z\n"), link_mapping())
    assert summary.accepted == 2
    assert {str(link.src) for link in sink.set_of_records()} == {"account:x", "account:y"}


def test_any_run_of_blanks_separates_where_the_delimiter_is_space(tmp_path) -> None:
    by = link_mapping(section="delimiter: space\ncolumns: [a, b]")
    summary, _ = load(write(tmp_path, "x.txt", "1 2\r\n  3   4 \r\n5\t6\r\n7 8 9\r\n"), by)
    assert (summary.accepted, summary.rejected_by_reason) == (3, {"wrong column count": 1})


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_ends(tmp_path) -> None:
    by = mapping(
        """
records:
  - type: subject
    fields: {subject: {kind: person, key: $key}, display_name: $name}
"""
    )
    text = 'key,name\n1,"Ann, ""A""\nB"\n2,"Bob"\n'
    lf = load(write(tmp_path, "x.csv", text), by)[1].set_of_records()
    assert {subject.display_name for subject in lf} == {'Ann, "A"\nB', "Bob"}
    crlf = load(write(tmp_path, "y.csv", text.replace("\n", "\r\n")), by)[1].set_of_records()
    assert crlf == lf


def test_a_stray_quote_costs_one_row_and_not_the_rest(tmp_path) -> None:
    path = write(tmp_path, "x.csv", 'a,b\n1,2\n3,"4\n5,6\n7,"8"\n9,"10\n11,12\n')
    summary, sink = load(path, link_mapping())
    assert [reject["row"] for reject in rejects_of(path)] == [3, 6]
    assert summary.rejected_by_reason == {"malformed quotes": 2}
    assert {link.src.key for link in sink.set_of_records()} == {"1", "5", "7", "11"}


def test_a_row_of_quotes_spans_no_more_than_its_limit_of_lines(tmp_path) -> None:
    lines = ['1,"2'] + [f"{number},x" for number in range(3, 3 + 2 * readers.MAX_ROW_LINES)]
    path = write(tmp_path, "x.csv", "a,b\n" + "\n".join(lines) + '"\n')
    summary, _ = load(path, link_mapping())
    # The last line's quote closes nothing that is still open; it is a character of its cell.
    assert (summary.rejected, summary.accepted) == (1, 2 * readers.MAX_ROW_LINES)


def test_bytes_that_are_not_utf8_cost_their_own_row_only(tmp_path) -> None:
    path = write(tmp_path, "x.csv", b"a,b\n1,2\n3,\xff4\n5,6\n\xe9,\xe8\n7,8\n")
    summary, _ = load(path, link_mapping())
    assert summary.accepted == 3
    assert rejects_of(path) == [
        {
            "file": "x.csv",
            "row": 3,
            "field": None,
            "reason": "byte 3 of the line, 0xff, is not valid UTF-8",
            "raw": "3,\\xff4",
        },
        {
            "file": "x.csv",
            "row": 5,
            "field": None,
            "reason": "byte 1 of the line, 0xe9, is not valid UTF-8",
            "raw": "\\xe9,\\xe8",
        },
    ]


def test_bytes_that_are_not_utf8_inside_a_quoted_row_reject_both_lines(tmp_path) -> None:
    path = write(tmp_path, "x.csv", b'a,b\n1,"2\n\xff"\n5,6\n')
    summary, _ = load(path, link_mapping())
    assert summary.accepted == 1
    assert summary.rejected_by_reason == {"malformed quotes": 1, "invalid UTF-8": 1}


@pytest.mark.parametrize("cut", [20, 200, 2_000])
def test_a_truncated_gzip_file_loads_what_is_whole_and_says_so(tmp_path, cut: int) -> None:
    whole = "a,b\n" + "".join(f"{n * 7919 % 10007},{n}x\n" for n in range(5_000))
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(whole.encode())[:-cut])
    summary, sink = load(path, link_mapping())
    assert summary.rejected_by_reason["damaged file"] == 1
    assert 0 < len(sink.records) < 5_000


def test_a_damaged_gzip_header_is_an_input_error(tmp_path) -> None:
    path = tmp_path / "x.csv.gz"
    path.write_bytes(b"\x1f\x8bnot gzip at all")
    with pytest.raises(InvalidInputError, match=r"x\.csv\.gz:1: the file can't be read"):
        load(path, link_mapping())


def test_an_over_long_line_costs_its_own_row_only(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 100)
    path = write(tmp_path, "x.csv", "a,b\n1,2\n" + "x" * 350 + ",y\n3,4\n")
    summary, _ = load(path, link_mapping())
    assert summary.accepted == 2
    assert summary.rejected_by_reason == {"over-long line": 1}
    assert [reject["row"] for reject in rejects_of(path)] == [3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no header line"),
        ("# only\n", "has no header line"),
        ("x,y\n1,2\n", "no column 'a'; the columns are: 'x', 'y'"),
        ("a,b,a\n1,2,3\n", "column 'a' is there 2 times"),
        ('"a,b\n', "the header can't be read"),
    ],
)
def test_a_file_that_does_not_fit_its_mapping_loads_nothing(tmp_path, text, message) -> None:
    write(tmp_path, "a.csv", "a,b\n1,2\n")
    write(tmp_path, "b.csv", text)
    sink = MemorySink()
    with pytest.raises(MappingError, match=message):
        load(tmp_path, link_mapping(section="comment: '#'"), sink)
    assert sink.records == {}


def test_json_lines_that_are_no_flat_object_are_rejected_one_by_one(tmp_path) -> None:
    lines = [
        '{"a": "1", "b": "2"}',
        '{"a": "1", "b": }',
        "[1, 2]",
        '{"a": [1], "b": "2"}',
        '{"a": "\\ud800", "b": "2"}',
        '{"a": 3}',
        '{"a": null, "b": 1}',
        "[" * 100_000,
        '{"a": true, "b": "ok", "c": {}}',
    ]
    path = write(tmp_path, "x.jsonl", "\n".join(lines))
    summary, sink = load(path, link_mapping())
    assert summary.rejected_by_reason == {
        "invalid JSON": 3,
        "empty key": 2,
        "not a plain value": 1,
        "invalid UTF-8": 1,
    }
    assert {link.src.key for link in sink.set_of_records()} == {"1", "true"}
    assert [reject["row"] for reject in rejects_of(path)] == [2, 3, 4, 5, 6, 7, 8]


def test_json_numbers_keep_their_digits(tmp_path) -> None:
    path = write(tmp_path, "x.jsonl", '{"a": 12345678901234567890123, "b": 1.10}\n')
    (link,) = load(path, link_mapping())[1].set_of_records()
    assert (link.src.key, link.dst.key) == ("12345678901234567890123", "1.10")


def test_parquet_rejects_name_the_row_by_its_index(tmp_path) -> None:
    pq.write_table(pa.table({"a": ["1", "2", None], "b": ["2", "2", "3"]}), tmp_path / "x.parquet")
    load(tmp_path / "x.parquet", link_mapping())
    rejects = rejects_of(tmp_path / "x.parquet")
    assert [(reject["row"], reject["field"]) for reject in rejects] == [(1, "dst"), (2, "src")]
    assert rejects[0]["raw"] == '{"a": "2", "b": "2"}'


def test_parquet_values_that_are_not_plain_or_not_utf8_are_rejected(tmp_path) -> None:
    binary = pa.array([b"1", b"\xff", b"3"], pa.binary())
    table = pa.table({"a": binary, "b": pa.array([["x"], ["y"], None], pa.list_(pa.string()))})
    pq.write_table(table, tmp_path / "x.parquet")
    summary, _ = load(tmp_path / "x.parquet", link_mapping())
    assert summary.rejected_by_reason == {
        "not a plain value": 1,
        "invalid UTF-8": 1,
        "empty key": 1,
    }


def test_parquet_times_and_decimals_are_read_as_text(tmp_path) -> None:
    when = datetime(2020, 5, 1, 12, 30, tzinfo=UTC)
    table = pa.table({"a": ["1"], "b": ["2"], "t": [when], "w": [Decimal("2.50")]})
    pq.write_table(table, tmp_path / "x.parquet")
    by = link_mapping("weight: $w")
    (link,) = load(tmp_path / "x.parquet", by)[1].set_of_records()
    assert link.weight == 2.5
    by = link_mapping("valid_from: {column: t, time: iso}")
    (link,) = load(tmp_path / "x.parquet", by)[1].set_of_records()
    assert link.valid_from == when


@pytest.mark.parametrize("content", [b"", b"PAR1", b"nothing of the kind", b"\x1f\x8b broken"])
def test_what_is_not_parquet_is_an_input_error(tmp_path, content: bytes) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match="can't be read as Parquet"):
        load(path, link_mapping())


def test_a_parquet_file_without_a_column_is_told_with_those_it_has(tmp_path) -> None:
    pq.write_table(pa.table({"a": ["1"], "c": ["2"]}), tmp_path / "x.parquet")
    with pytest.raises(MappingError, match=r"column 'b' 0 times.*'a', 'c'"):
        load(tmp_path / "x.parquet", link_mapping())


def test_each_value_of_a_line_is_a_row_and_its_rule_is_that_of_the_line(tmp_path) -> None:
    rule = """
  - type: listing
    when: {{column: line, equals: {line}}}
    fields:
      subject: {{kind: account, key: $value}}
      list_name: {name}
      list_kind: {kind}
      reason_code: label
      authority: us
      effective_from: 2020-01-01T00:00:00Z
      until: {{days_after_start: 30}}
"""
    good = rule.format(line=1, name="good", kind="allowlist")
    bad = rule.format(line=2, name="bad", kind="blacklist")
    by = mapping(f"format: lines\nrecords:{good}{bad.lstrip(chr(10))}")
    path = write(tmp_path, "x.txt", f"1 2  3\r\n4 {'5' * 300}\n6\n")
    summary, sink = load(path, by)
    assert summary.rows == 6
    assert summary.rejected_by_reason == {"over-long key or text": 1, "no rule for the row": 1}
    assert {(listing.list_name, listing.subject.key) for listing in sink.set_of_records()} == {
        ("good", "1"),
        ("good", "2"),
        ("good", "3"),
        ("bad", "4"),
    }
    assert [reject["row"] for reject in rejects_of(path)] == [2, 3]
