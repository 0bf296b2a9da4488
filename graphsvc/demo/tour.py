"""The demo, step by step, printed as it happens. Everything shown is computed while one looks."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import cast

import httpx
from rich.console import Console
from rich.syntax import Syntax

from graphsvc.access import create_key
from graphsvc.app import Service
from graphsvc.cli.analysts import print_explanation
from graphsvc.cli.output import scientific, signed, table
from graphsvc.demo.contest import contest
from graphsvc.demo.hindsight import Hindsight, look_back
from graphsvc.demo.known_fraud import Labels
from graphsvc.demo.picture import draw, neighbourhood
from graphsvc.errors import StoreUnavailableError
from graphsvc.ingest import import_files, load_mapping
from graphsvc.model import Link, ScoreRun, SubjectRef
from graphsvc.runs import SubjectScore
from graphsvc.settings import Settings

PURPOSE = "marketplace-integrity"
CUT_OFF = datetime(2012, 9, 1, tzinfo=UTC)
SHOWN = 8
CONTACTS_WANTED = 6
SERVER_START_S = 60.0
QUERY = """\
query ($key: String!, $purpose: String!) {
  subject(kind: ACCOUNT, key: $key) {
    key
    score(purpose: $purpose) {
      value
      bound
      reasons(first: 2) { code points text }
    }
    links(first: 2, purpose: $purpose) {
      edges { node { kind weight } }
      pageInfo { hasNextPage }
    }
  }
}
"""


def run(folder: Path, console: Console) -> None:
    """Run the whole tour in a fresh `folder`."""
    begun = time.perf_counter()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = Settings(
        store=f"sqlite:///{folder / 'demo.db'}", data_dir=folder / "data", definitions_dir=None
    )
    with as_file(files("graphsvc.shipped") / "data" / "bitcoin-otc") as data:
        labels = Labels.read(data / "otc_network.csv.gz", data / "otc_gt.csv.gz")
        with Service.open(settings) as service:
            _import(service, data, labels, folder, console)
            run_made = _recompute(service, console)
            chosen = _tables(service, console)
            _explain(service, chosen, folder, console)
            _query(settings, chosen, console)
            hindsight = look_back(labels, service.scores(PURPOSE), CUT_OFF)
            _report_hindsight(hindsight, console)
    contest(folder, console, _step, first_number=7)
    console.print(
        f"\n[bold]Done[/] in {time.perf_counter() - begun:.0f} s. The store is "
        f"{folder / 'demo.db'}; go on with, for example:",
        soft_wrap=True,
    )
    console.print(
        f"  GRAPHSVC_STORE={settings.store} GRAPHSVC_DATA_DIR={settings.data_dir} "
        f".venv/bin/graphsvc explain {chosen.subject} --purpose {run_made.purpose}",
        highlight=False,
        soft_wrap=True,
    )


def _import(service: Service, data: Path, labels: Labels, folder: Path, console: Console) -> None:
    _step(console, 1, "Import real ratings, and a listing file of what was known by the cut-off")
    listings = folder / "listings.csv"
    fraud, seeds = labels.write_listings(listings, CUT_OFF)
    rows = table(
        "",
        ("file", "accepted", "rejected", "rows/s"),
        numeric=frozenset({"accepted", "rejected", "rows/s"}),
    )
    for path, mapping in ((data / "otc_network.csv.gz", "bitcoin-otc"), (listings, "listings")):
        begun = time.perf_counter()
        summary = import_files([path], load_mapping(mapping), service.store)
        rate = summary.rows / (time.perf_counter() - begun)
        rows.add_row(path.name, f"{summary.accepted:,}", f"{summary.rejected:,}", f"{rate:,.0f}")
    console.print(rows)
    counts = {kind.value: count for kind, count in service.store.count_records().items() if count}
    console.print(
        f"Positive ratings became trust links, negative ones reports: {counts}. By "
        f"{CUT_OFF:%Y-%m-%d}, {fraud} fraudsters were known and {seeds} members verified."
    )


def _recompute(service: Service, console: Console) -> ScoreRun:
    _step(console, 2, f"Recompute every score as of {CUT_OFF:%Y-%m-%d}, with a certificate")
    begun = time.perf_counter()
    with console.status("propagating (the first time, kernels are compiled)"):
        made = service.recompute(PURPOSE, as_of=CUT_OFF, actor="demo")
    console.print(
        f"Run {made.run_id}: {made.subjects:,} subjects, {made.links:,} links valid then, "
        f"{time.perf_counter() - begun:.1f} s"
    )
    console.print(
        f"Certified: exposure ± {scientific(made.exposure.bound)}, "
        f"trust ± {scientific(made.trust.bound)}, score ± {scientific(made.score_bound)} points"
    )
    return made


def _tables(service: Service, console: Console) -> SubjectScore:
    _step(console, 3, "The most exposed and the most trusted, each with its first reason")
    unlisted = [
        row for row in service.top(PURPOSE, 400, by="exposure") if row.own_listing_points == 0
    ]
    trusted = service.top(PURPOSE, SHOWN, by="trust")
    bound = service.scores(PURPOSE).run.score_bound
    for title, name, rows in (
        ("Most exposed (not listed themselves)", "exposure", unlisted[:SHOWN]),
        ("Most trusted", "trust", trusted),
    ):
        columns = ("member", "score", "±", name, "first reason")
        shown = table(title, columns, numeric=frozenset({"score", "±", name}))
        for row in rows:
            first = service.explain(PURPOSE, row.subject).reasons[0]
            shown.add_row(
                row.subject.key,
                f"{row.score:.1f}",
                f"{bound:.3f}",
                f"{getattr(row, name):.3f}",
                f"{signed(first.points)}  {first.text}",
            )
        console.print(shown)
    return next(
        row for row in unlisted if len(_valid_links(service, row.subject)) >= CONTACTS_WANTED
    )


def _explain(service: Service, chosen: SubjectScore, folder: Path, console: Console) -> None:
    _step(console, 4, f"One explanation in full: {chosen.subject}")
    explanation = service.explain(PURPOSE, chosen.subject)
    print_explanation(explanation, SHOWN)
    scores = service.scores(PURPOSE)
    picture = folder / "neighbourhood.png"
    title = f"{chosen.subject} and its contacts, {PURPOSE}, {CUT_OFF:%Y-%m-%d}"
    graph = neighbourhood(explanation, lambda ref: _valid_links(service, ref), scores)
    draw(graph, chosen.subject, title, picture)
    console.print(f"Its neighbourhood, coloured by exposure: [bold]{picture}[/]")


def _valid_links(service: Service, subject: SubjectRef) -> list[Link]:
    links = [cast(Link, stored.record) for stored in service.links(PURPOSE, subject, limit=1000)]
    return [link for link in links if link.valid_from is None or link.valid_from <= CUT_OFF]


def _query(settings: Settings, chosen: SubjectScore, console: Console) -> None:
    _step(console, 5, "The same over GraphQL, by a real HTTP client against the served endpoint")
    _, secret = create_key(
        settings.data_dir / "access", name="demo", purposes=[PURPOSE], roles=["analyst"]
    )
    variables = {"key": chosen.subject.key, "purpose": PURPOSE}
    with _served(settings) as address, httpx.Client(base_url=address) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        body = {"query": QUERY, "variables": variables}
        client.post("/graphql", json=body, headers=headers)
        begun = time.perf_counter()
        answer = client.post("/graphql", json=body, headers=headers)
        elapsed_ms = 1000 * (time.perf_counter() - begun)
        refused = client.post("/graphql", json=body)
    console.print(Syntax(QUERY, "graphql", background_color="default"))
    console.print(f"HTTP {answer.status_code} in {elapsed_ms:.1f} ms (second request)")
    console.print(Syntax(json.dumps(answer.json(), indent=2), "json", background_color="default"))
    console.print(f"The same without an API key: HTTP {refused.status_code}")


def _report_hindsight(found: Hindsight, console: Console) -> None:
    _step(console, 6, "In hindsight: fraud that became known after the cut-off")
    scorable = found.became_known - found.joined_later
    console.print(
        f"{found.became_known} fraudsters became known later; {found.joined_later} of them joined "
        f"only after {CUT_OFF:%Y-%m-%d}, so no score at that time could know them."
    )
    console.print(
        f"Of the other {scorable}, [bold]{found.in_top}[/] stood among the {found.top} most exposed"
        f" (5 %) of {found.candidates:,} unlisted members; by chance it would be "
        f"{found.expected_by_chance:.1f}. AUC of exposure: {found.auc:.2f}."
    )
    console.print(
        "[dim]Few cases, and no claim: it is what this one cut-off gives, with links and listings "
        "of before it only.[/]"
    )


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    """Run `graphsvc serve` as its own process until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "GRAPHSVC_STORE": settings.store,
        "GRAPHSVC_DATA_DIR": str(settings.data_dir),
        "GRAPHSVC_LOG_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "graphsvc", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(server, address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_ready(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + SERVER_START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise StoreUnavailableError(f"the server ended with status {server.returncode}")
        try:
            if httpx.get(f"{address}/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise StoreUnavailableError(f"the server was not ready after {SERVER_START_S:.0f} s")


def _step(console: Console, number: int, title: str) -> None:
    console.print()
    console.rule(f"[bold]{number}  {title}[/]", align="left")
