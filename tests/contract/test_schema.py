"""The store's own schema: explicit migration, identity, closing."""

from __future__ import annotations

from contextlib import closing

import pytest

from graphsvc.errors import MigrationError, StoreError
from graphsvc.model import RecordType
from graphsvc.store.ports import Store
from tests.contract.conftest import OpenStore
from tests.contract.evidence import append_all, contents, link
from tests.contract.openers import Opener


def test_a_new_store_must_be_migrated_before_use(bare_opener: Opener) -> None:
    with closing(bare_opener()) as store:
        with pytest.raises(MigrationError, match="migrate"):
            store.last_sequence()
        with pytest.raises(MigrationError, match="migrate"):
            store.append([link("1")])
        assert store.migrate()
        assert store.last_sequence() == 0


def test_migrating_names_what_it_applied_and_again_applies_nothing(bare_opener: Opener) -> None:
    with closing(bare_opener()) as store:
        applied = store.migrate()
        assert applied[0].startswith("0001_")
        assert store.migrate() == []


def test_migrating_again_keeps_records_and_identity(store: Store, second_store: OpenStore) -> None:
    append_all(store, link("1"))
    before = (store.store_id(), contents(store))
    other = second_store()
    assert other.migrate() == []
    assert (other.store_id(), contents(other)) == before


def test_a_store_keeps_its_id(store: Store, second_store: OpenStore) -> None:
    assert len(store.store_id()) >= 32
    assert store.store_id() == store.store_id() == second_store().store_id()


def test_every_store_has_an_id_of_its_own(new_store: OpenStore) -> None:
    first = new_store().store_id()
    assert new_store().store_id() != first


def test_a_newer_schema_is_refused_by_use_and_by_migration(opener: Opener) -> None:
    with closing(opener()) as store:
        store.migrate()
    opener.pretend_that_the_schema_is_newer()
    with closing(opener()) as store:
        with pytest.raises(MigrationError, match="newer"):
            store.migrate()
        with pytest.raises(MigrationError, match="newer"):
            store.last_sequence()
        with pytest.raises(MigrationError, match="newer"):
            store.append([link("1")])


def test_a_description_names_the_store_and_no_secret(store: Store) -> None:
    description = store.describe()
    assert description
    assert "password" not in description.lower()


def test_a_closed_store_refuses_its_use(store: Store, second_store: OpenStore) -> None:
    other = second_store()
    append_all(other, link("1"))
    other.close()
    with pytest.raises(StoreError):
        other.append([link("2")])
    with pytest.raises(StoreError):
        list(other.records(RecordType.LINK))
    assert store.last_sequence() == 1


def test_a_store_can_be_closed_twice(second_store: OpenStore) -> None:
    other = second_store()
    other.close()
    other.close()
