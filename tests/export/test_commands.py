"""The commands of export and backtest, end to end on one published world."""

from __future__ import annotations

import json
from pathlib import Path

import networkx
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cli.main import app
from tests.service.samples import PURPOSE


@pytest.fixture
def said(published: Service, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("GRAPHSVC_STORE", published.settings.store)
    monkeypatch.setenv("GRAPHSVC_DATA_DIR", str(published.settings.data_dir))
    runner = CliRunner()

    def run(*words: str) -> str:
        done = runner.invoke(app, [*words, "--purpose", PURPOSE], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    return run


def test_the_commands_write_what_they_say(published: Service, said: object, tmp_path: Path) -> None:
    assert callable(said)
    scores, graph = tmp_path / "scores.parquet", tmp_path / "graph.gexf"
    count = len(published.scores(PURPOSE))
    assert f"{count} rows" in said("export", "scores", "--to", str(scores))
    assert pyarrow.parquet.read_table(scores).num_rows == count
    said("export", "graph", "--format", "gexf", "--to", str(graph))
    assert networkx.read_gexf(graph).number_of_nodes() == count
    for what in ("reasons", "runs"):
        assert str(tmp_path) in said(
            "export", what, "--format", "csv", "--to", str(tmp_path / what)
        )
    told = json.loads(
        said(
            *("backtest", "--from", "2023-01-01", "--to", "2023-03-01", "--every", "30d"),
            *("--outcome", "event:chargeback", "--horizon", "365d"),
            *("--knowledge", "dated", "--json"),
        )
    )
    # Known by links without a beginning; the first window ends with the chargeback, and holds it.
    assert [cut["all"]["bad"] for cut in told["cuts"]] == [1, 1]
    assert told["plan"]["knowledge"] == "dated"
    assert (told["plan"]["every"], told["plan"]["horizon"]) == ("P30D", "P1Y")
