"""Definitions: immutable versions of documents."""

from __future__ import annotations

import pytest

from graphsvc.errors import ConflictError
from graphsvc.model import DefinitionKind, StoredDefinition
from graphsvc.store.ports import Store
from tests.contract.conftest import OpenStore

PURPOSE, PROGRAMME = DefinitionKind.PURPOSE, DefinitionKind.PROGRAMME


def document(
    name: str, version: int = 1, body: str = "{}", kind: DefinitionKind = PURPOSE
) -> StoredDefinition:
    return StoredDefinition(kind=kind, name=name, version=version, body=body)


def test_a_definition_is_read_back_as_it_was_saved(store: Store, second_store: OpenStore) -> None:
    saved = document("lending", body='{"name":"lending","text":"O\'Brien, Zoë \U0001f600\\n"}')
    store.save_definition(saved)
    assert second_store().definition(PURPOSE, "lending", 1) == saved


def test_what_was_never_saved_is_not_found(store: Store) -> None:
    store.save_definition(document("lending"))
    assert store.definition(PURPOSE, "lending", 2) is None
    assert store.definition(PURPOSE, "other") is None
    assert store.definition(PROGRAMME, "lending") is None


def test_the_highest_version_is_given_where_none_is_named(store: Store) -> None:
    for version in (1, 10, 9):
        store.save_definition(document("lending", version, f'{{"v":{version}}}'))
    assert store.definition(PURPOSE, "lending") == document("lending", 10, '{"v":10}')
    assert store.definition(PURPOSE, "lending", 9) == document("lending", 9, '{"v":9}')


def test_saving_a_version_again_changes_nothing(store: Store) -> None:
    store.save_definition(document("lending"))
    store.save_definition(document("lending"))
    assert store.definitions(PURPOSE) == [document("lending")]


def test_another_body_under_a_saved_version_is_refused_and_changes_nothing(store: Store) -> None:
    store.save_definition(document("lending", body='{"a":1}'))
    with pytest.raises(ConflictError, match="lending version 1"):
        store.save_definition(document("lending", body='{"a":2}'))
    assert store.definitions(PURPOSE) == [document("lending", body='{"a":1}')]


def test_definitions_of_a_kind_come_by_name_and_version(store: Store) -> None:
    for name, version in (("b", 2), ("a", 10), ("b", 1), ("a", 9)):
        store.save_definition(document(name, version))
    store.save_definition(document("c", kind=PROGRAMME))
    found = [(d.name, d.version) for d in store.definitions(PURPOSE)]
    assert found == [("a", 9), ("a", 10), ("b", 1), ("b", 2)]
    assert store.definitions(PROGRAMME) == [document("c", kind=PROGRAMME)]
    assert store.definitions(DefinitionKind.POLICY) == []
