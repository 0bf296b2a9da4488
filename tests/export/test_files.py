"""What is exported is what readers get, in every format, read back by other readers."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import networkx
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet
import pytest

from graphsvc.access import Principal
from graphsvc.app import Service
from graphsvc.errors import ConflictError, NotPermittedError, RunNotFoundError
from graphsvc.export import tables, to_networkx
from graphsvc.export.graph import GraphFormat
from graphsvc.export.tables import TableFormat
from graphsvc.model import AuditAction, Link, RecordType, Role
from graphsvc.runs import VALUE_COLUMNS
from tests.export.conftest import ODD, odd
from tests.service.samples import AS_OF, PURPOSE, account


def rows_of(path: Path, form: TableFormat) -> list[dict[str, object]]:
    if form is TableFormat.PARQUET:
        return pa.parquet.read_table(path).to_pylist()
    if form is TableFormat.ARROW:
        with pa.ipc.open_file(path) as file:
            return file.read_all().to_pylist()
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("form", list(TableFormat))
def test_exported_scores_are_the_published_ones_to_the_last_bit(
    published: Service, tmp_path: Path, form: TableFormat
) -> None:
    path = tmp_path / f"scores.{form}"
    done = published.exports.scores(PURPOSE, path, form, actor="ann")
    scores = published.scores(PURPOSE)
    found = rows_of(path, form)
    assert done.rows == len(found) == len(scores)
    for rank, row in enumerate(found):
        value = scores.at_rank(rank)
        assert (row["kind"], row["key"]) == (value.subject.kind, value.subject.key)
        assert row["band"] == value.band
        assert row["run_id"] == scores.run.run_id
        assert [float(str(row[name])) for name in VALUE_COLUMNS] == [
            getattr(value, name) for name in VALUE_COLUMNS
        ]


@pytest.mark.parametrize("form", list(TableFormat))
def test_the_parts_of_a_score_come_largest_first_and_add_up(
    published: Service, tmp_path: Path, form: TableFormat
) -> None:
    path = tmp_path / f"reasons.{form}"
    published.exports.reasons(PURPOSE, path, form, actor="ann")
    parts: dict[str, list[float]] = {}
    for row in rows_of(path, form):
        parts.setdefault(str(row["key"]), []).append(float(str(row["points"])))
    scores = published.scores(PURPOSE)
    for rank in range(len(scores)):
        value = scores.at_rank(rank)
        points = parts.get(value.subject.key, [])
        assert sum(points) == pytest.approx(value.own_points + value.association_points)
        assert points == sorted(points, key=abs, reverse=True)
    assert "0" in parts


@pytest.mark.parametrize("form", list(TableFormat))
def test_runs_come_with_their_certificates(
    published: Service, tmp_path: Path, form: TableFormat
) -> None:
    path = tmp_path / f"runs.{form}"
    published.exports.runs(PURPOSE, path, form, actor="ann")
    (row,) = rows_of(path, form)
    run = published.scores(PURPOSE).run
    assert row["run_id"] == run.run_id
    assert row["checksum"] == run.checksum
    assert float(str(row["exposure_bound"])) == run.exposure.bound
    if form is not TableFormat.CSV:
        assert row["as_of"] == run.as_of


def valid_links(service: Service) -> list[tuple[str, str, float]]:
    stored = [one.record for one in service.store.records(RecordType.LINK)]
    links = [record for record in stored if isinstance(record, Link)]
    return sorted(
        (str(link.src), str(link.dst), link.weight)
        for link in links
        if (link.valid_from is None or link.valid_from <= AS_OF)
        and (link.valid_to is None or link.valid_to > AS_OF)
    )


@pytest.mark.parametrize("form", list(GraphFormat))
def test_networkx_reads_the_graph_back_with_its_scores(
    published: Service, tmp_path: Path, form: GraphFormat
) -> None:
    path = tmp_path / f"graph.{form}"
    done = published.exports.graph(PURPOSE, path, form, actor="ann")
    read = networkx.read_graphml if form is GraphFormat.GRAPHML else networkx.read_gexf
    graph = read(path)
    scores = published.scores(PURPOSE)
    found = sorted((src, dst, values["weight"]) for src, dst, values in graph.edges(data=True))
    assert found == valid_links(published)
    assert (done.rows, done.links) == (graph.number_of_nodes(), graph.number_of_edges())
    assert set(graph) == {str(scores.ref_at_rank(rank)) for rank in range(len(scores))}
    for rank in range(len(scores)):
        value = scores.at_rank(rank)
        node = graph.nodes[str(value.subject)]
        assert node["score"] == value.score
        assert node["band"] == value.band
        assert node["key"] == value.subject.key
    assert f"account:{ODD}" in graph


@pytest.mark.parametrize("form", list(TableFormat))
def test_links_as_a_table_are_those_that_were_valid(
    published: Service, tmp_path: Path, form: TableFormat
) -> None:
    path = tmp_path / f"links.{form}"
    published.exports.graph(PURPOSE, path, form, actor="ann")
    rows = rows_of(path, form)
    found = sorted(
        (
            f"{row['src_kind']}:{row['src_key']}",
            f"{row['dst_kind']}:{row['dst_key']}",
            float(str(row["weight"])),
        )
        for row in rows
    )
    assert found == valid_links(published)
    if form is TableFormat.PARQUET:
        ends = [row["valid_to"] for row in rows if row["dst_key"] == ODD]
        assert ends == [datetime(2031, 1, 1, tzinfo=UTC)]
        assert sum(row["valid_from"] is None for row in rows) == len(rows) - 1


def test_the_graph_in_code_is_the_one_in_the_file(published: Service, tmp_path: Path) -> None:
    path = tmp_path / "graph.graphml"
    published.exports.graph(PURPOSE, path, GraphFormat.GRAPHML, actor="ann")
    scores = published.scores(PURPOSE)
    graph = to_networkx(published.snapshot(PURPOSE, as_of=AS_OF), scores)
    read = networkx.read_graphml(path, force_multigraph=True)
    assert dict(graph.nodes(data=True)) == dict(read.nodes(data=True))
    assert sorted(graph.edges(data="sequence")) == sorted(read.edges(data="sequence"))


def test_batches_cut_nothing_and_hold_no_more_than_their_rows(
    published: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores, snapshot = published.scores(PURPOSE), published.snapshot(PURPOSE, as_of=AS_OF)

    def all_rows() -> list[object]:
        return [
            pa.Table.from_batches(batches).to_pylist()
            for batches in (
                list(tables.score_batches(scores)),
                list(tables.reason_batches(scores)),
                list(tables.link_batches(snapshot, 1_700_000_000_000_000)),
            )
        ]

    whole = all_rows()
    monkeypatch.setattr(tables, "BATCH_ROWS", 3)
    assert all_rows() == whole
    assert max(batch.num_rows for batch in tables.score_batches(scores)) == 3


def test_a_failed_export_leaves_the_file_that_was_there(
    own: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out" / "scores.csv"
    path.parent.mkdir()
    path.write_text("yesterday's")
    store, run = own.store, own.scores(PURPOSE).run
    monkeypatch.setattr(store, "run", lambda run_id: None)
    with pytest.raises(ConflictError, match="somebody was erased while it was written"):
        own.exports.scores(PURPOSE, path, TableFormat.CSV, actor="ann")
    assert path.read_text() == "yesterday's"
    assert [entry.name for entry in path.parent.iterdir()] == ["scores.csv"]
    assert run.subjects > 0


def test_only_the_owner_can_read_an_exported_file(published: Service, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    published.exports.scores(PURPOSE, path, TableFormat.CSV, actor="ann")
    assert path.stat().st_mode & 0o077 == 0


def principal(*roles: Role, purposes: frozenset[str] = frozenset({PURPOSE})) -> Principal:
    return Principal(key_id="k", name="n", roles=frozenset(roles), purposes=purposes)


def test_an_api_s_caller_needs_the_purpose_and_the_role(published: Service, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    refused = [
        principal(Role.OPERATOR),
        principal(Role.SERVICE),
        principal(Role.ANALYST, purposes=frozenset({"deposit-waiver"})),
    ]
    for caller in refused:
        with pytest.raises(NotPermittedError):
            published.exports.scores(
                PURPOSE, path, TableFormat.CSV, actor=caller.actor, principal=caller
            )
    assert not path.exists()
    caller = principal(Role.ANALYST)
    published.exports.scores(PURPOSE, path, TableFormat.CSV, actor="n", principal=caller)
    assert path.exists()


def test_every_export_is_noted_without_a_name(own: Service, tmp_path: Path) -> None:
    run = own.scores(PURPOSE).run
    own.exports.scores(PURPOSE, tmp_path / "a", TableFormat.CSV, actor="ann")
    own.exports.graph(PURPOSE, tmp_path / "b", GraphFormat.GEXF, actor="ann")
    noted = [
        entry.draft
        for entry in own.store.audit_entries()
        if entry.draft.action == AuditAction.EXPORTED
    ]
    assert [one.detail for one in noted] == [
        f"scores csv of run {run.run_id}, {run.subjects} subjects",
        f"graph gexf of run {run.run_id}, {run.subjects} subjects",
    ]
    assert {(one.actor, one.purpose, one.subject) for one in noted} == {("ann", PURPOSE, None)}


def test_no_purpose_gets_another_s_run(published: Service, tmp_path: Path) -> None:
    run_id = published.scores(PURPOSE).run.run_id
    with pytest.raises(RunNotFoundError, match="deposit-waiver has no run"):
        published.exports.scores(
            "deposit-waiver", tmp_path / "x", TableFormat.CSV, actor="ann", run_id=run_id
        )


def test_who_was_erased_is_in_no_later_file(own: Service, tmp_path: Path) -> None:
    run_id = own.scores(PURPOSE).run.run_id
    own.redress.erase(odd(), actor="ann")
    for number, chosen in enumerate((None, run_id)):
        path = tmp_path / f"{number}.csv"
        own.exports.scores(PURPOSE, path, TableFormat.CSV, actor="ann", run_id=chosen)
        keys = [str(row["key"]) for row in rows_of(path, TableFormat.CSV)]
        assert ODD not in keys
        assert account(1).key in keys
    with pytest.raises(ConflictError, match="erased since"):
        own.exports.graph(PURPOSE, tmp_path / "g", GraphFormat.GEXF, actor="ann", run_id=run_id)
