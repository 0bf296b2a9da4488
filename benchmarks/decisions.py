"""How long the server takes to decide on a thousand subjects of a run of a hundred thousand.

`python -m benchmarks.decisions` makes a seeded marketplace in a scratch store, publishes a run, and
measures what a request costs between its parameters and its JSON. The answer is first compared with
what the service advises one by one.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from graphql import execute_sync

from benchmarks.machine import machine
from gql.answers import encoded
from gql.context import RequestContext
from gql.documents import Asked, Documents
from gql.execution import run
from gql.limits import Limits
from gql.schema import schema
from graphsvc.access import AuditTrail, Principal
from graphsvc.app import Service
from graphsvc.logs import configure_logs
from graphsvc.model import (
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    SubjectKind,
    SubjectRef,
)
from graphsvc.settings import Settings

PURPOSE = "marketplace-integrity"
AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
BATCH = 20_000

Times = list[float]

QUERY = """query Decide($purpose: String!, $subjects: [SubjectInput!]!) {
  decisions(purpose: $purpose, subjects: $subjects) {
    subject { kind key }
    problem
    decision {
      advice needsPerson score bound band runId policy policyVersion
      reasons { code points text }
    }
  }
}"""


def account(number: int) -> SubjectRef:
    """Return one of the accounts."""
    return SubjectRef(SubjectKind.ACCOUNT, f"user-{number:07d}")


def records(subjects: int, seed: int) -> list[Record]:
    """Return two payments a subject, an event for each second one, a listing for each hundredth."""
    chance = random.Random(seed)
    found: list[Record] = []
    for number in range(subjects):
        names = {"source": "bench", "external_id": f"{number}"}
        for turn in range(2):
            other = (number + 1 + chance.randrange(subjects - 1)) % subjects
            found.append(
                Link(
                    source="bench",
                    external_id=f"paid-{number}-{turn}",
                    kind=LinkKind.PAID,
                    src=account(number),
                    dst=account(other),
                    weight=chance.uniform(1, 500),
                    valid_from=AS_OF - timedelta(days=chance.randrange(700)),
                )
            )
        if number % 2:
            found.append(
                Event(
                    **names,
                    kind=chance.choice([EventKind.ORDER_COMPLETED, EventKind.CHARGEBACK]),
                    subject=account(number),
                    occurred_at=AS_OF - timedelta(days=chance.randrange(700)),
                )
            )
        elif number % 100 == 0:
            found.append(
                Listing(
                    **names,
                    subject=account(number),
                    list_name="marketplace-fraud",
                    list_kind=ListKind.BLACKLIST,
                    reason_code="FRAUD",
                    authority="bench",
                    effective_from=AS_OF - timedelta(days=30),
                    until=AS_OF + timedelta(days=300),
                )
            )
    return found


def opened(folder: Path, subjects: int, seed: int) -> Service:
    """Return a service with a published run."""
    service = Service.open(
        Settings(store=f"sqlite:///{folder / 'bench.db'}", data_dir=folder / "data")
    )
    if service.store.last_sequence() == 0:
        every = records(subjects, seed)
        for begin in range(0, len(every), BATCH):
            service.store.append(every[begin : begin + BATCH])
        service.recompute(PURPOSE, as_of=AS_OF)
    return service


class Bench:
    """One service, one caller, one thousand subjects."""

    def __init__(self, service: Service, trail: AuditTrail, subjects: int, asked: int) -> None:
        chance = random.Random(7)
        self.service = service
        self.trail = trail
        self.refs = [account(chance.randrange(subjects)) for _ in range(asked)]
        self.variables = {
            "purpose": PURPOSE,
            "subjects": [{"kind": ref.kind.name, "key": ref.key} for ref in self.refs],
        }
        documents = Documents(schema, Limits.of(service.settings), cached_tokens=10_000)
        asked_for = Asked.of({"query": QUERY})
        prepared = documents.prepare(asked_for, "bench", with_suggestions=False)
        self.operation = prepared.operation(None)
        self.principal = Principal(
            key_id="bench",
            name="bench",
            roles=frozenset({"service"}),
            purposes=frozenset({PURPOSE}),
        )

    def execute(self) -> dict[str, Any]:
        """Return the data of one request."""
        context = RequestContext(self.service, self.trail, self.principal)
        result = run(schema, self.operation, self.variables, context)
        assert result.errors is None, result.errors
        assert result.data is not None
        return result.data

    def row_by_row(self) -> None:
        """Let GraphQL's own executor answer the same request: the peer."""
        context = RequestContext(self.service, self.trail, self.principal)
        result = execute_sync(
            schema,
            self.operation.document,
            context_value=context,
            variable_values=self.variables,
        )
        assert result.errors is None, result.errors

    def request(self) -> bytes:
        """Return the JSON of one request."""
        return encoded({"data": self.execute()})

    def verify(self) -> None:
        """Require that each answer is the one that the service gives of that subject alone."""
        rows = self.execute()["decisions"]
        for ref, row in zip(self.refs[:200], rows, strict=False):
            alone = self.service.advise(PURPOSE, ref)
            decision = row["decision"]
            assert decision["advice"] == alone.advice.name, ref
            assert decision["score"] == alone.score, ref
            assert [tuple(reason.values()) for reason in decision["reasons"]] == [
                (reason.code, reason.points, reason.text) for reason in alone.reasons
            ], ref


def timed(what: Callable[[], object], trail: AuditTrail, trials: int) -> tuple[Times, Times]:
    """Return wall-clock and processor times of some calls in ms, the audit at rest before each.

    The processor's is that of the calling thread alone: it says what a busy machine hides.
    """
    wall, processor = [], []
    for _ in range(trials):
        assert trail.flush()
        begun, begun_processor = time.perf_counter(), time.thread_time()
        what()
        processor.append((time.thread_time() - begun_processor) * 1e3)
        wall.append((time.perf_counter() - begun) * 1e3)
    return sorted(wall), sorted(processor)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--subjects", type=int, default=100_000)
    options.add_argument("--asked", type=int, default=1000)
    options.add_argument("--trials", type=int, default=60)
    options.add_argument("--seed", type=int, default=5)
    options.add_argument("--folder", type=Path, help="Keep the store here.")
    options.add_argument("--profile", action="store_true")
    given = options.parse_args()
    configure_logs("console", "warning")
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with (
            opened(folder, given.subjects, given.seed) as service,
            AuditTrail(service.store) as trail,
        ):
            bench = Bench(service, trail, given.subjects, given.asked)
            bench.verify()
            size = len(bench.request())
            print(f"{given.asked} of {given.subjects} subjects, {size:,} bytes of JSON")
            for name, what in (
                ("row by row, without JSON", bench.row_by_row),
                ("by columns, without JSON", bench.execute),
                ("by columns, with JSON", bench.request),
            ):
                for clock, times in zip(
                    ("wall", "processor"), timed(what, trail, given.trials), strict=True
                ):
                    print(
                        f"{name}, {clock}: median {statistics.median(times):.2f} ms, "
                        f"least {times[0]:.2f}, p90 {times[int(0.9 * len(times))]:.2f}"
                    )
            if given.profile:
                profile = cProfile.Profile()
                profile.runcall(lambda: [bench.request() for _ in range(5)])
                pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
