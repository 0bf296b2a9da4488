"""Claims that hold for any file at all: nothing crashes, nothing is lost, order does not matter."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphsvc.errors import GraphsvcError, MappingError
from graphsvc.ingest import ImportSummary, load_mapping, parse_mapping, shipped_mappings
from graphsvc.ingest.readers import open_rows
from graphsvc.ingest.sources import Fault
from graphsvc.store.encoding import decode, encode
from tests.ingest.sink import HEADER, RATINGS, MemorySink, load, mapping

REAL_ROWS = (
    b"6,2,4,1289241911.72836\n6,5,2,1289241941.53378\n1,15,1,1289243140.39049\n"
    b'4,3,7,1289245277.36975\n13,16,8,1289254254.44746\n"13","10",-8,1289254268.19225\n'
)
JSON_ROWS = b'{"source": "6", "target": 2, "rating": 4, "time": 1.5}\n{"source": null}\n'

keys = st.text(st.sampled_from("ab:#{}-'é漢 "), max_size=4) | st.text(max_size=3)
numbers = st.floats().map(repr) | st.integers(-20, 20).map(str) | st.sampled_from(["", "x", "1_0"])
rows = st.lists(st.tuples(keys, keys, numbers, numbers), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """The original with a few spans cut out, doubled or overwritten."""
    data = bytearray(original)
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 12)))
        data[start:stop] = draw(
            st.binary(max_size=8)
            | st.sampled_from([b'"', b"\n", b"\r\n", b"\r", b",", b"\x00", b"\xff", b"nan", b"#"])
            | st.just(bytes(data[start:stop]) * 2)
        )
    return bytes(data)


def check_that_every_row_is_accounted_for(summary: ImportSummary, sink: MemorySink) -> None:
    assert summary.rows == summary.accepted + summary.unchanged + summary.rejected
    assert summary.accepted == len(sink.records) == sum(summary.accepted_by_type.values())
    assert summary.rejected == sum(summary.rejected_by_reason.values())
    for file in summary.files:
        lines: list[str] = []
        if file.rejects_path is not None:
            lines = file.rejects_path.read_text(encoding="utf-8").splitlines()
        rejects = [json.loads(line) for line in lines]
        assert len(rejects) == file.rejected
        assert [reject["row"] for reject in rejects] == sorted(reject["row"] for reject in rejects)
        assert all(set(reject) == {"file", "row", "field", "reason", "raw"} for reject in rejects)


def load_bytes(
    folder: Path, name: str, data: bytes, **options: object
) -> tuple[ImportSummary, MemorySink] | None:
    path = folder / name
    path.write_bytes(data)
    try:
        return load(path, RATINGS, **options)  # type: ignore[arg-type]
    except GraphsvcError:
        return None


@pytest.mark.parametrize(
    "name", ["ratings.csv", "ratings.tsv", "ratings.jsonl", "ratings.parquet", "ratings.csv.gz"]
)
@given(data=st.binary(max_size=300), header=st.booleans())
@settings(deadline=None, max_examples=60)
def test_any_bytes_give_a_summary_or_a_named_error(
    folder: Path, name: str, data: bytes, header: bool
) -> None:
    result = load_bytes(folder, name, HEADER.encode() * header + data)
    if result is not None:
        check_that_every_row_is_accounted_for(*result)


@given(data=mutated(REAL_ROWS), batch_size=st.integers(1, 4), strict=st.booleans())
@settings(deadline=None, max_examples=300)
@example(data=b'1,2,"3\n4",5\n', batch_size=1, strict=False)
@example(data=b"1,2,3,4\r\r\n\r5,6,7,8\n", batch_size=1, strict=False)
def test_damaged_real_rows_are_loaded_or_named(
    folder: Path, data: bytes, batch_size: int, strict: bool
) -> None:
    result = load_bytes(
        folder, "ratings.csv", HEADER.encode() + data, batch_size=batch_size, strict=strict
    )
    assert result is not None
    summary, sink = result
    if summary.refused:
        assert strict
        assert sink.records == {}
    else:
        check_that_every_row_is_accounted_for(summary, sink)


@given(data=mutated(JSON_ROWS * 2))
@settings(deadline=None, max_examples=150)
def test_damaged_json_lines_are_loaded_or_named(folder: Path, data: bytes) -> None:
    result = load_bytes(folder, "ratings.jsonl", data)
    assert result is not None
    check_that_every_row_is_accounted_for(*result)


@pytest.fixture(scope="module")
def packed_rows() -> bytes:
    return gzip.compress(HEADER.encode() + REAL_ROWS, mtime=0)


@pytest.fixture(scope="module")
def parquet_rows() -> bytes:
    names = HEADER.strip().split(",")
    cells = [row.split(",") for row in REAL_ROWS.decode().replace('"', "").split()]
    columns = {name: [row[place] for row in cells] for place, name in enumerate(names)}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["ratings.csv.gz", "ratings.parquet"])
@given(draws=st.data())
@settings(deadline=None, max_examples=100)
def test_damaged_binary_files_are_loaded_or_named(
    folder: Path, packed_rows: bytes, parquet_rows: bytes, form: str, draws: st.DataObject
) -> None:
    data = draws.draw(mutated(packed_rows if form.endswith("gz") else parquet_rows))
    result = load_bytes(folder, form, data)
    if result is not None:
        check_that_every_row_is_accounted_for(*result)


@given(
    text=st.text(max_size=200)
    | mutated(b"name: a\nfiles:\n - {skip: x}\n").map(lambda data: data.decode(errors="replace"))
)
@settings(deadline=None, max_examples=200)
def test_any_text_is_a_mapping_or_a_mapping_error(text: str) -> None:
    assert is_mapping_or_names_its_fault(text)


@pytest.mark.parametrize("name", shipped_mappings())
@given(draws=st.data())
@settings(deadline=None, max_examples=25)
def test_a_damaged_shipped_mapping_is_a_mapping_or_a_mapping_error(
    name: str, draws: st.DataObject
) -> None:
    original = (Path("graphsvc/shipped/mappings") / f"{name}.yaml").read_bytes()
    assert load_mapping(name)
    text = draws.draw(mutated(original)).decode(errors="replace")
    assert is_mapping_or_names_its_fault(text)


def is_mapping_or_names_its_fault(text: str) -> bool:
    try:
        parse_mapping(text, "m.yaml")
    except MappingError as error:
        return str(error).startswith("m.yaml:")
    return True


def written(cells: list[tuple[str, ...]], terminator: str = "\n") -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator=terminator).writerows(cells)
    return HEADER.replace("\n", terminator).encode() + out.getvalue().encode(errors="replace")


@given(
    cells=st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6)] * 4)
    )
)
@settings(deadline=None, max_examples=200)
def test_what_the_csv_module_writes_is_read_back(folder: Path, cells) -> None:
    path = folder / "ratings.csv"
    path.write_bytes(written(cells))
    reader = open_rows(path, RATINGS.files[0])
    try:
        read = [tuple(row.cells) for row in reader.rows()]
    finally:
        reader.close()
    assert read == [tuple(row) for row in cells]


@given(cells=rows, batch_size=st.integers(1, 5))
@settings(deadline=None, max_examples=150)
def test_line_ends_compression_and_format_change_no_record(
    folder: Path, cells: list[tuple[str, str, str, str]], batch_size: int
) -> None:
    cells = [tuple(re.sub(r"[\r\n]", "", cell) for cell in row) for row in cells]
    names = HEADER.strip().split(",")
    columns = {name: [row[place] for row in cells] for place, name in enumerate(names)}
    table = io.BytesIO()
    pq.write_table(
        pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}), table
    )
    lines = "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in cells)
    versions = {
        "ratings.csv": written(cells),
        "ratings.csv.gz": gzip.compress(written(cells, "\r\n")),
        "ratings.jsonl": lines.encode(),
        "ratings.parquet": table.getvalue(),
    }
    results = [
        load_bytes(folder, name, data, batch_size=batch_size) for name, data in versions.items()
    ]
    first = results[0]
    assert first is not None
    for result in results:
        assert result is not None
        assert result[1].records == first[1].records
        assert result[0].rejected_by_reason == first[0].rejected_by_reason


@given(cells=rows, batch_size=st.integers(1, 5))
@settings(deadline=None, max_examples=100)
def test_importing_twice_changes_nothing(folder: Path, cells, batch_size: int) -> None:
    data = written(cells)
    first = load_bytes(folder, "ratings.csv", data, batch_size=batch_size)
    assert first is not None
    before = dict(first[1].records)
    again = load_bytes(folder, "ratings.csv", data, batch_size=batch_size, sink=first[1])
    assert again is not None
    assert again[0].accepted == 0
    assert again[0].unchanged == first[0].accepted + first[0].unchanged
    assert again[0].rejected == first[0].rejected
    assert again[1].records == before


NUMBERED = mapping(
    """
records:
  - type: link
    number_repeats: true
    fields:
      kind: rates
      src: {kind: account, key: $source}
      dst: {kind: account, key: $target}
      weight: $rating
      valid_from: {column: time, time: epoch_s}
"""
)


@given(draws=st.data(), cells=rows)
@settings(deadline=None, max_examples=100)
def test_the_order_of_rows_does_not_change_the_set_of_records(
    folder: Path, draws: st.DataObject, cells: list[tuple[str, str, str, str]]
) -> None:
    cells = cells + cells[:3]
    shuffled = draws.draw(st.permutations(cells))
    results = []
    for order in (cells, shuffled):
        path = folder / "ratings.csv"
        path.write_bytes(written(order))
        results.append(load(path, NUMBERED))
    (one, first), (two, second) = results
    assert first.set_of_records() == second.set_of_records()
    assert one.rejected_by_reason == two.rejected_by_reason
    assert one.accepted + one.rejected == len(cells)


@given(cells=rows)
@settings(deadline=None, max_examples=60)
def test_accepted_records_survive_the_stores_encoding(folder: Path, cells) -> None:
    result = load_bytes(folder, "ratings.csv", written(cells))
    assert result is not None
    for record in result[1].set_of_records():
        assert decode(record.record_type, encode(record)) == record


@given(data=st.binary(max_size=120))
@settings(deadline=None, max_examples=60)
def test_any_bytes_are_a_list_of_values_or_faults(folder: Path, data: bytes) -> None:
    section = mapping(
        """
format: lines
records:
  - type: subject
    fields: {subject: {kind: account, key: $value}}
"""
    ).files[0]
    path = folder / "values.txt"
    path.write_bytes(data)
    reader = open_rows(path, section)
    try:
        for row in reader.rows():
            assert isinstance(row.cells, Fault) or len(row.cells) == 2
    finally:
        reader.close()
