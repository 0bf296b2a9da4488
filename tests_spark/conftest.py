"""One Spark session with real executor processes, and evidence of a small world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphsvc.app import Service
from graphsvc.logs import configure_logs
from graphsvc.model import EventKind, LinkKind, Record
from graphsvc.settings import Settings
from graphsvc.snapshot import Snapshot, build_snapshot
from tests.service.samples import AS_OF, PURPOSE, event, listed, report, trusts

pytest.importorskip("pyspark", reason="make test-spark makes the environment that has it")

EXECUTORS = 2
SUBJECTS = 300


def records() -> list[Record]:
    """Return links of several kinds, ages and weights, with a hub, and some of all else."""
    random = np.random.default_rng(7)
    found: list[Record] = []
    kinds = [LinkKind.TRUSTS, LinkKind.PAID, LinkKind.KNOWS]
    for number in range(2400):
        one, other = (
            random.zipf(1.4, 2) % SUBJECTS if number % 2 else random.integers(0, SUBJECTS, 2)
        )
        if one != other:
            found.append(
                trusts(
                    int(one),
                    int(other),
                    float(random.lognormal(0.0, 2.0)),
                    kind=kinds[number % 3],
                    external_id=f"l{number}",
                    valid_from=AS_OF - timedelta(days=float(random.integers(1, 900))),
                )
            )
    vouches = [(one, one + 3) for one in range(40)]
    found += [trusts(*pair, kind=LinkKind.VOUCHES_FOR, external_id=f"v{pair}") for pair in vouches]
    found += [listed(number, name) for name in ("hire-fraud", "hire-verified") for number in (2, 9)]
    found += [listed(number, "marketplace-fraud", 0.5) for number in range(3, SUBJECTS, 29)]
    found += [listed(number, "marketplace-verified") for number in range(5, SUBJECTS, 31)]
    found += [event(EventKind.CHARGEBACK, number) for number in (8, 9)]
    found += [report(number, number + 1) for number in (12, 30)]
    return found


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("service")
    return {"store": f"sqlite:///{folder / 'store.db'}", "data_dir": str(folder / "data")}


@pytest.fixture(scope="session")
def service(settings: dict[str, str]) -> Iterator[Service]:
    configure_logs("console", "warning")
    with Service.open(Settings(**settings)) as opened:  # type: ignore[arg-type]
        opened.store.append(records())
        yield opened


@pytest.fixture(scope="session")
def snapshot(service: Service) -> Snapshot:
    return build_snapshot(service.store, service.library.purpose(PURPOSE), as_of=AS_OF)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from graphsvc.spark.session import spark_session

    more = {"spark.driver.memory": "512m", "spark.executor.memory": "512m"}
    master = f"local-cluster[{EXECUTORS},1,512]"
    with spark_session(master, tmp_path_factory.mktemp("spark"), more) as session:
        yield session


@pytest.fixture(scope="session")
def links(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot's links, as executors read them."""
    from graphsvc.spark.evidence import write_links

    folder = tmp_path_factory.mktemp("evidence")
    write_links(snapshot, folder / "links")
    return folder


@pytest.fixture
def folder(links: Path, tmp_path: Path) -> Path:
    """A folder for one propagation."""
    (tmp_path / "links").symlink_to(links / "links")
    return tmp_path
