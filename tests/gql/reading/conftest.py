"""A server over records of every kind, for several purposes, and keys of every role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service, open_store
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import (
    Event,
    EventKind,
    LinkKind,
    ListKind,
    Record,
    Report,
    ReportCategory,
    ReportStatus,
    Retraction,
    SubjectRef,
)
from graphsvc.settings import Settings
from graphsvc.store.ports import Store
from tests.gql.conftest import Asker, RunningServer, WatchedStore, World
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE, account, core, hub, link, listed
from tests.neo4j_fixture import empty_neo4j

ROLES = ("service", "analyst", "reviewer", "operator", "auditor")
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(microsecond=0)
"""What is recorded is as old as it says when it is read, so that retention keeps it or not."""


def event(key: str, kind: EventKind, days_ago: int, **more: Any) -> Event:
    """Return an event of an account, so many days before the run."""
    values: dict[str, Any] = {"external_id": f"{kind}:{key}:{days_ago}"} | more
    return Event(
        source="shop",
        kind=kind,
        subject=account(key),
        occurred_at=TODAY - days_ago * DAY,
        **values,
    )


def report(name: str, reporter: SubjectRef | None, **more: Any) -> Report:
    """Return a report on cid."""
    values: dict[str, Any] = {"severity": 0.5, "category": ReportCategory.FRAUD} | more
    return Report(
        source="desk",
        external_id=f"secret-{name}",
        subject=account("cid"),
        reporter=reporter,
        reported_at=TODAY - 10 * DAY,
        text=f"about {name}",
        evidence=(f"file-of-{name}",),
        **values,
    )


def records() -> list[Record]:
    """Return what is recorded: of `ann` events, of `cid` reports and listings."""
    return [
        *core(),
        *hub(),
        *(event("ann", EventKind.ORDER_COMPLETED, 10 * n, value=float(n)) for n in range(1, 6)),
        event("ann", EventKind.CHARGEBACK, 15),
        event("ann", EventKind.CHARGEBACK, 14, external_id="wrong"),
        event("ann", EventKind.ORDER_CANCELLED, 14, external_id="false"),
        event("ann", EventKind.CHARGEBACK, 13, external_id="right", supersedes="wrong"),
        Retraction(source="shop", external_id="gone", supersedes="false", reason="false"),
        event("ann", EventKind.LATE_PAYMENT, 20),  # for thin-file-credit only
        event("ann", EventKind.ORDER_COMPLETED, 3000),  # past retention
        event("eve", EventKind.ORDER_COMPLETED, 1),  # nothing else mentions her
        report("bob", account("bob")),
        report(
            "dot", account("dot"), category=ReportCategory.HARASSMENT, status=ReportStatus.UPHELD
        ),
        report("analyst", None, status=ReportStatus.REJECTED),
        listed("cid", "marketplace-verified", ListKind.ALLOWLIST, 0.5),
        listed("cid", "credit-defaulters", ListKind.BLACKLIST, 1.0),  # no purpose's
        link(LinkKind.VOUCHES_FOR, account("ann"), account("cid")),
    ]


def keys() -> dict[str, tuple[list[str], list[str]]]:
    """Return a key of each role that holds the marketplace, one that holds all, and strangers."""
    one = {role: ([MARKETPLACE], [role]) for role in ROLES}
    every = ([MARKETPLACE, DEPOSIT, THIN_FILE], list(ROLES))
    return one | {"everything": every, "lender": ([THIN_FILE], list(ROLES))}


@contextmanager
def served(settings: Settings) -> Iterator[World]:
    """Serve the records from a store that is empty."""
    store = WatchedStore(open_store(settings))
    service = Service(settings, cast(Store, store), DefinitionLibrary.load())
    with service:
        outcomes = service.store.append(records())
        assert all(outcome.sequence is not None for outcome in outcomes), outcomes
        for purpose in (MARKETPLACE, THIN_FILE, DEPOSIT):
            service.recompute(purpose, as_of=TODAY)
        service.recompute(MARKETPLACE, as_of=TODAY, programme="marketplace-integrity-near")
        folder = settings.data_dir / ACCESS_FOLDER
        made = {
            name: create_key(folder, name, purposes, roles)[1]
            for name, (purposes, roles) in keys().items()
        }
        with RunningServer(service) as url:
            yield World(url, service, store, made)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The records on SQLite."""
    folder = tmp_path_factory.mktemp("archive")
    with served(
        Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data")
    ) as world:
        yield world


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]),
    ],
)
def either_archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The records on a store of each kind; a module's tests on Neo4j run one after another."""
    if request.param == "sqlite":
        yield request.getfixturevalue("archive")
        return
    with served(empty_neo4j(request, tmp_path_factory.mktemp("archive"))) as world:
        yield world


@pytest.fixture
def shop(archive: World) -> Asker:
    return archive.asker("service")


@pytest.fixture
def analyst(archive: World) -> Asker:
    return archive.asker("analyst")


def iso(time: datetime) -> str:
    """Return a time as the API writes it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
