"""The check finds a changed, removed, added or reordered entry, wherever it is in the chain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphsvc.access.audit_check import (
    NOTE_FILE,
    ChainHead,
    note_head,
    noted_head,
    verify_chain,
)
from graphsvc.errors import AuditBrokenError
from graphsvc.model import AuditDraft, AuditEntry
from graphsvc.model.audit import FIRST_PREVIOUS_HASH
from graphsvc.store.ports import Reader


class Chain:
    """A store of which nothing but the audit is asked."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        self.entries = entries

    def audit_entries(self, after_position: int = 0, limit: int = 1000) -> list[AuditEntry]:
        later = [entry for entry in self.entries if entry.position > after_position]
        return later[:limit]


def chain(length: int, actor: str = "ann") -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    previous = FIRST_PREVIOUS_HASH
    for position in range(1, length + 1):
        draft = AuditDraft(
            at=datetime(2024, 1, 1, tzinfo=UTC), actor=actor, action="read_score", detail="x"
        )
        entries.append(AuditEntry.chain(position, draft, previous))
        previous = entries[-1].entry_hash
    return entries


def verify(entries: Sequence[AuditEntry], noted: ChainHead | None = None) -> ChainHead:
    return verify_chain(cast(Reader, Chain(entries)), noted)


lengths = st.integers(1, 12)
places = st.data()


@given(lengths)
def test_a_sound_chain_is_sound(length: int) -> None:
    entries = chain(length)
    assert verify(entries) == ChainHead(length, entries[-1].entry_hash)
    assert verify(entries, ChainHead(length, entries[-1].entry_hash)).position == length


def test_a_long_chain_is_read_to_its_end() -> None:
    assert verify(chain(2_345)).position == 2_345


def test_an_empty_chain_is_sound() -> None:
    assert verify([]) == ChainHead(0, FIRST_PREVIOUS_HASH)


@given(lengths, places, st.sampled_from(["actor", "action", "purpose", "subject", "detail"]))
def test_a_changed_entry_is_found(length: int, data: st.DataObject, name: str) -> None:
    entries = chain(length)
    place = data.draw(st.integers(0, length - 1))
    changed = entries[place].draft._replace(**{name: "somebody else"})
    entries[place] = entries[place]._replace(draft=changed)
    with pytest.raises(AuditBrokenError, match=rf"entry {place + 1}: was changed"):
        verify(entries)


@given(st.integers(2, 12), places)
def test_a_removed_entry_is_found(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    place = data.draw(st.integers(0, length - 2))
    del entries[place]
    with pytest.raises(AuditBrokenError, match=rf"entry {place + 1}: is missing"):
        verify(entries)


@given(st.integers(2, 12), places)
def test_two_entries_that_changed_places_are_found(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    place = data.draw(st.integers(0, length - 2))
    one, other = entries[place], entries[place + 1]
    entries[place] = other._replace(position=one.position)
    entries[place + 1] = one._replace(position=other.position)
    with pytest.raises(AuditBrokenError, match=f"entry {place + 1}"):
        verify(entries)


@given(st.integers(2, 12), places)
def test_an_entry_made_anew_with_a_hash_of_its_own_is_found(
    length: int, data: st.DataObject
) -> None:
    entries = chain(length)
    place = data.draw(st.integers(0, length - 2))
    forged = entries[place].draft._replace(actor="nobody")
    entries[place] = AuditEntry.chain(place + 1, forged, entries[place].previous_hash)
    with pytest.raises(AuditBrokenError, match=rf"entry {place + 2}: doesn't follow"):
        verify(entries)


@given(lengths, places)
def test_an_end_that_was_cut_off_is_found_by_the_head_noted_before(
    length: int, data: st.DataObject
) -> None:
    entries = chain(length)
    noted = verify(entries)
    kept = data.draw(st.integers(0, length - 1))
    with pytest.raises(AuditBrokenError, match=f"there were {length} entries"):
        verify(entries[:kept], noted)


@given(lengths)
def test_a_chain_that_was_written_anew_is_found_by_the_head_noted_before(length: int) -> None:
    noted = verify(chain(length))
    with pytest.raises(AuditBrokenError, match="written anew"):
        verify(chain(length + 1, actor="forger"), noted)


def test_heads_are_noted_for_each_store(tmp_path: Path) -> None:
    folder = tmp_path / "access"
    assert noted_head(folder, "one") is None
    note_head(folder, "one", ChainHead(3, "a" * 64))
    note_head(folder, "two", ChainHead(5, "b" * 64))
    assert noted_head(folder, "one") == ChainHead(3, "a" * 64)
    assert noted_head(folder, "two") == ChainHead(5, "b" * 64)
    assert noted_head(folder, "three") is None


def test_a_note_is_never_lowered(tmp_path: Path) -> None:
    note_head(tmp_path, "one", ChainHead(5, "b" * 64))
    note_head(tmp_path, "one", ChainHead(3, "a" * 64))
    assert noted_head(tmp_path, "one") == ChainHead(5, "b" * 64)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"one": 3}', '{"one": {"position": 3}}', '{"one": {"position": "x"}}', "\xff"],
)
def test_a_note_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / NOTE_FILE
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(AuditBrokenError, match=str(path)):
        noted_head(tmp_path, "one")
    with pytest.raises(AuditBrokenError, match=str(path)):
        note_head(tmp_path, "one", ChainHead(3, "a" * 64))
    assert path.read_bytes() == content.encode("latin-1")


@given(st.integers(2, 12), places)
def test_each_of_several_heads_must_still_be_there(length: int, data: st.DataObject) -> None:
    entries = chain(length)
    place = data.draw(st.integers(1, length - 1))
    earlier = ChainHead(place, entries[place - 1].entry_hash)
    last = ChainHead(length, entries[-1].entry_hash)
    assert verify_chain(cast(Reader, Chain(entries)), earlier, None, last) == last
    for heads in ((earlier, last), (last, earlier)):
        with pytest.raises(AuditBrokenError, match="is missing"):
            verify_chain(cast(Reader, Chain(entries[:-1])), *heads)
        wrong = [ChainHead(head.position, "f" * 64) if head == earlier else head for head in heads]
        with pytest.raises(AuditBrokenError, match="written anew"):
            verify_chain(cast(Reader, Chain(entries)), *wrong)
