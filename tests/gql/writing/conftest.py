"""A server over an empty store of each kind, keys of every role, and what a refusal must leave."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from graphsvc.access import ACCESS_FOLDER, create_key
from graphsvc.app import Service, open_store
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import AuditEntry, Record
from graphsvc.settings import Settings
from graphsvc.store.ports import Store
from tests.gql.conftest import Asker, RunningServer, WatchedStore
from tests.gql.world import MARKETPLACE, THIN_FILE, account
from tests.neo4j_fixture import empty_neo4j

KEYS = {
    "shop": ([MARKETPLACE], ["service"]),
    "rival": ([MARKETPLACE], ["service"]),
    "chain": ([MARKETPLACE, THIN_FILE], ["service"]),
    "lender": ([THIN_FILE], ["service"]),
    "analyst": ([MARKETPLACE], ["analyst"]),
    "reviewer": ([MARKETPLACE], ["reviewer"]),
    "operator": ([MARKETPLACE], ["operator"]),
    "auditor": ([MARKETPLACE], ["auditor"]),
    "stranger": (["no-such-purpose"], ["service", "analyst", "reviewer", "operator"]),
}
MADE = "2024-05-01T12:00:00Z"


@dataclass(frozen=True)
class Desk:
    """A served store and whoever writes to it."""

    url: str
    service: Service
    store: WatchedStore
    secrets: dict[str, str]

    def asker(self, name: str) -> Asker:
        return Asker(self.url, self.secrets[name])

    def write(self, name: str, mutation: str, **input: Any) -> Any:
        """Run one mutation of the folder; return what its field answers."""
        data = self.asker(name).ask(mutation, input=input)
        return next(iter(data.values()))

    def refused(self, name: str, mutation: str, **input: Any) -> list[tuple[str, str]]:
        """Run one mutation that fails altogether; return code and message of each error."""
        return self.asker(name).errors(mutation, input=input)

    def record(self, accepted: dict[str, Any]) -> Record:
        """Return the stored record that an answer names."""
        found = self.service.store.record(accepted["source"], accepted["externalId"])
        assert found is not None
        assert found.sequence == accepted["sequence"]
        return found.record

    def state(self) -> tuple[object, ...]:
        """Return what every write moves; reads are noted by another thread, at its leisure."""
        store = self.service.store
        changes = [
            entry.draft.action
            for entry in store.audit_entries(0, 100_000)
            if not entry.draft.action.startswith("read_")
        ]
        return store.last_sequence(), store.count_subjects(), changes

    def audited(self, key: str, last: str) -> list[AuditEntry]:
        """Return the audit entries on an account, once there is one of the action `last`."""
        pseudonym = self.service.pseudonyms.of_subject(account(key))
        until = time.monotonic() + 20
        while True:
            entries = self.service.store.audit_entries(0, 100_000)
            found = [entry for entry in entries if entry.draft.subject == pseudonym]
            if any(entry.draft.action == last for entry in found) or time.monotonic() > until:
                return found
            time.sleep(0.02)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        before = self.state()
        yield
        assert self.state() == before


def fresh_key() -> str:
    """Return an idempotency key that no other test uses."""
    return secrets.token_hex(8)


def event(subject: str, **more: Any) -> dict[str, Any]:
    """Return an event as a client sends it."""
    subject_input = {"kind": "ACCOUNT", "key": subject}
    return {"kind": "ORDER_COMPLETED", "subject": subject_input, "occurredAt": MADE, **more}


def link(src: str, dst: str, **more: Any) -> dict[str, Any]:
    """Return a link as a client sends it."""
    ends = {end: {"kind": "ACCOUNT", "key": key} for end, key in (("src", src), ("dst", dst))}
    return {"kind": "KNOWS", **ends, **more}


def report(subject: str, reporter: str | None, **more: Any) -> dict[str, Any]:
    """Return a report as a client sends it."""
    by = {} if reporter is None else {"reporter": {"kind": "ACCOUNT", "key": reporter}}
    about = {"subject": {"kind": "ACCOUNT", "key": subject}, **by}
    return {"category": "FRAUD", **about, "severity": 0.5, "reportedAt": MADE, **more}


def listing(subject: str, **more: Any) -> dict[str, Any]:
    """Return an entry on a list as a client sends it."""
    return {
        "subject": {"kind": "ACCOUNT", "key": subject},
        "listName": "marketplace-fraud",
        "listKind": "BLACKLIST",
        "severity": 0.8,
        "reasonCode": "TEST",
        "authority": "test",
        "effectiveFrom": MADE,
        "until": "2034-05-01T12:00:00Z",
        **more,
    }


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("neo4j", marks=[pytest.mark.neo4j, pytest.mark.xdist_group("neo4j")]),
    ],
)
def desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    settings = settings_for(request, folder)
    store = WatchedStore(open_store(settings))
    service = Service(settings, cast(Store, store), DefinitionLibrary.load())
    made = {
        name: create_key(folder / "data" / ACCESS_FOLDER, name, purposes, roles)[1]
        for name, (purposes, roles) in KEYS.items()
    }
    with RunningServer(service) as url:
        yield Desk(url, service, store, made)


def settings_for(request: pytest.FixtureRequest, folder: Path) -> Settings:
    """Return the settings for an empty store of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        return Settings(store=f"sqlite:///{folder / 'store.db'}", data_dir=folder / "data")

    return empty_neo4j(request, folder / "data")
