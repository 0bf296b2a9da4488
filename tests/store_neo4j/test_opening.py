"""Opening a store: what is refused, and that the password shows nowhere."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest

from graphsvc.errors import MigrationError, SettingsError, StoreError, StoreUnavailableError
from graphsvc.neo4j_server import ServerInfo
from graphsvc.store.neo4j import Neo4jStore
from tests.contract.evidence import link

SECRET = "open-sesame-7q"


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("http://localhost:7687", "scheme is 'http'"),
        (f"neo4j://ann:{SECRET}@localhost:7687", "holds a user name or password"),
        ("neo4j://", "HOST:PORT"),
        ("neo4j://localhost:7687?policy=x", "HOST:PORT"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(uri: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        Neo4jStore.open(uri, user="neo4j", password=SECRET)
    assert SECRET not in str(refused.value)


def test_nobody_there_is_an_unavailable_store() -> None:
    with pytest.raises(StoreUnavailableError, match=r"bolt://127\.0\.0\.1:1 can't be reached") as e:
        Neo4jStore.open("bolt://127.0.0.1:1", user="neo4j", password=SECRET)
    assert SECRET not in str(e.value)


@pytest.mark.neo4j
def test_a_wrong_password_is_refused_without_being_shown(neo4j_server: ServerInfo) -> None:
    with pytest.raises(StoreError, match="refused the user name or password") as refused:
        Neo4jStore.open(neo4j_server.uri, user=neo4j_server.user, password=SECRET)
    assert SECRET not in repr(refused.value)


@pytest.mark.neo4j
def test_the_password_shows_nowhere(
    store: Neo4jStore, neo4j_server: ServerInfo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    password = neo4j_server.read_password()
    with closing(
        Neo4jStore.open(neo4j_server.uri, user=neo4j_server.user, password=password)
    ) as opened:
        opened.append([link("1")])
        shown = [repr(opened), str(opened), opened.describe(), repr(vars(opened))]
        shown.append(repr(vars(opened._database)))
    assert neo4j_server.uri in store.describe()
    assert not any(password in text for text in [*shown, caplog.text])


@pytest.mark.neo4j
@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
@pytest.mark.usefixtures("store")
def test_the_database_may_be_named_in_the_address(neo4j_server: ServerInfo, scheme: str) -> None:
    host = neo4j_server.uri.partition("://")[2]
    password = neo4j_server.read_password()
    with closing(
        Neo4jStore.open(f"{scheme}://{host}/neo4j", user=neo4j_server.user, password=password)
    ) as opened:
        opened.append([link("1")])
        assert opened.last_sequence() == 1
        assert "database neo4j" in opened.describe()
    with (
        closing(
            Neo4jStore.open(
                f"{scheme}://{host}/nowhere",
                user=neo4j_server.user,
                password=password,
                retry_s=0.1,
            )
        ) as elsewhere,
        pytest.raises(StoreError, match="nowhere") as unknown,
    ):
        elsewhere.last_sequence()
    assert not isinstance(unknown.value, MigrationError)
