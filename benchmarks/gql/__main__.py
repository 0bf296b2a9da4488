"""`make bench-gql`: ours, graphql-yoga and strawberry on the same data, in alternating runs.

Answers are compared first, field by field. Servers share one core, the load generator has another;
every figure is the median over rounds.
"""

import argparse
import json
import random
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.gql.data import PURPOSE, prepare
from benchmarks.gql.servers import LOAD_CORE, NODE, ROOT, Server, all_servers, pin
from benchmarks.machine import machine
from graphsvc.logs import configure_logs

OPERATIONS = Path(__file__).with_name("operations")
LOAD = ROOT / "benchmarks" / "node" / "load.mjs"
BODIES = 500
COMPARED = 25
WARM_UP_S = 2


@dataclass(frozen=True)
class Case:
    """One operation, with the bodies that are sent in turn."""

    name: str
    bodies: Sequence[str]
    connections: int


@dataclass(frozen=True)
class Measured:
    """One run of one server."""

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    generator_share: float


def cases(keys: Sequence[str]) -> list[Case]:
    """Return what is measured."""
    chosen = random.Random(3).sample(keys, BODIES)
    return [
        Case("one score", [_body("score", key=key, purpose=PURPOSE) for key in chosen], 16),
        Case("100 decisions", [_decisions(keys, 100, seed) for seed in range(50)], 4),
        Case("1,000 decisions", [_decisions(keys, 1000, seed) for seed in range(10)], 1),
        Case("100 subjects × 10 links", [_body("links", purpose=PURPOSE)], 4),
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=8, help="of load, a server and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    options = parser.parse_args()
    configure_logs("console", "warning")
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        secret, keys = prepare(Path(scratch))
        with all_servers(Path(scratch), secret) as servers:
            for case in cases(keys):
                if options.only in case.name:
                    _compare(case, servers)
                    _print(case, servers, options.seconds, options.rounds)


def _body(operation: str, **variables: object) -> str:
    query = (OPERATIONS / f"{operation}.graphql").read_text()
    return json.dumps({"query": query, "variables": variables})


def _decisions(keys: Sequence[str], count: int, seed: int) -> str:
    chosen = random.Random(seed).sample(keys, count)
    subjects = [{"kind": "ACCOUNT", "key": key} for key in chosen]
    return _body("decisions", purpose=PURPOSE, subjects=subjects)


def _compare(case: Case, servers: Sequence[Server]) -> None:
    """Refuse to measure servers that don't answer the same, to the last digit."""
    for body in case.bodies[:COMPARED]:
        answers = [
            httpx.post(
                f"{server.url}/graphql", content=body, headers=dict(server.headers), timeout=30
            ).json()
            for server in servers
        ]
        for server, answer in zip(servers, answers, strict=True):
            # `extensions` may say more; the data and the absence of errors must agree.
            if "errors" in answer or answer["data"] != answers[0]["data"]:
                raise RuntimeError(f"{case.name}: {server.name} answers otherwise: {answer}")


def _print(case: Case, servers: Sequence[Server], seconds: int, rounds: int) -> None:
    found: dict[str, list[Measured]] = defaultdict(list)
    for server in servers:
        _measure(case, server, WARM_UP_S)
    for number in range(rounds):
        turn = number % len(servers)
        for server in [*servers[turn:], *servers[:turn]]:
            found[server.name].append(_measure(case, server, seconds))
    print(f"\n**{case.name}**, {case.connections} connections\n")
    print(
        "| server | answers/s | ours / it | p50 ms | p99 ms | it / ours | CPU µs an answer | load |"
    )
    print("|---|---|---|---|---|---|---|---|")
    ours = found["ours"]
    for name, runs in found.items():
        rate, p99 = _median(runs, "per_second"), _median(runs, "p99_ms")
        print(
            f"| {name} | {rate:,.0f} | {_median(ours, 'per_second') / rate:.2f}× "
            f"| {_median(runs, 'p50_ms'):.2f} | {p99:.2f} "
            f"| {p99 / _median(ours, 'p99_ms'):.2f}× "
            f"| {_median(runs, 'cpu_us'):,.0f} | {_median(runs, 'generator_share'):.0%} |",
            flush=True,
        )


def _median(runs: Sequence[Measured], name: str) -> float:
    return statistics.median(getattr(run, name) for run in runs)


def _measure(case: Case, server: Server, seconds: int) -> Measured:
    wanted = {
        "url": server.url,
        "headers": dict(server.headers),
        "bodies": list(case.bodies),
        "connections": case.connections,
        "seconds": seconds,
    }
    before = server.cpu_s()
    with subprocess.Popen(
        [NODE, LOAD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as load:
        pin(load.pid, LOAD_CORE)
        printed, _ = load.communicate(json.dumps(wanted), timeout=seconds + 60)
    used = server.cpu_s() - before
    result = json.loads(printed)
    if result["failures"] or not result["requests"]:
        raise RuntimeError(f"{case.name}: {server.name} answered {result}")
    return Measured(
        per_second=result["requests"] / result["seconds"],
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        cpu_us=1e6 * used / result["requests"],
        generator_share=result["generator_s"] / result["seconds"],
    )


if __name__ == "__main__":
    main()
