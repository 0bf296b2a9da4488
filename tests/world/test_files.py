"""What is written can be imported, and holds no truth where records are."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from graphsvc.ingest import import_files, load_mapping
from graphsvc.model import Record, RecordType
from graphsvc.store.sqlite import SqliteStore
from graphsvc.world import World, load_world, write_world
from graphsvc.world.truth import TRUTH_COLUMNS


@pytest.fixture(scope="module")
def folder(small: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    written = write_world(small, folder)
    assert sorted(written) == sorted(folder.iterdir())
    return folder


def stored(store: SqliteStore) -> set[Record]:
    return {one.record for kind in RecordType for one in store.records(kind)}


def test_importing_the_files_gives_the_records_that_loading_gives(
    small: World, folder: Path, tmp_path: Path
) -> None:
    imported = SqliteStore.open(tmp_path / "imported.db")
    imported.migrate()
    summary = import_files([folder], load_mapping(folder / "mapping.yaml"), imported)
    assert summary.rejected == 0
    loaded = SqliteStore.open(tmp_path / "loaded.db")
    loaded.migrate()
    load_world(small, loaded)
    assert stored(imported) == stored(loaded) == set(small.records())
    for store in (imported, loaded):
        store.close()


def test_the_import_passes_the_truth_over_and_says_why(folder: Path, tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "imported.db")
    store.migrate()
    summary = import_files([folder], load_mapping(folder / "mapping.yaml"), store)
    skipped = {file.path.name: file.reason for file in summary.skipped_files}
    assert set(skipped) == {"truth.csv", "report-truth.csv", "mapping.yaml", "settings.json"}
    assert "no score may know it" in skipped["truth.csv"]
    store.close()


def test_the_truth_has_a_row_for_each_subject(small: World, folder: Path) -> None:
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == TRUTH_COLUMNS
    assert [row["subject"] for row in rows] == [str(one.subject) for one in small.truth()]
    assert {row["is_thin_file"] for row in rows} == {"true", "false"}


def test_the_truth_of_reports_has_a_row_for_each_report(small: World, folder: Path) -> None:
    with (folder / "report-truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (folder / "reports.csv").open(newline="", encoding="utf-8") as file:
        reports = list(csv.DictReader(file))
    assert [row["external_id"] for row in rows] == [row["external_id"] for row in reports]
    undecided = {row["external_id"] for row in rows if not row["decided_at"]}
    assert undecided == {row["external_id"] for row in reports if row["status"] == "open"}


def test_the_settings_are_written_with_the_world(small: World, folder: Path) -> None:
    told = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    assert told == small.settings.as_json()
