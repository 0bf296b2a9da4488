"""Whether the audit chain is what it was: nothing changed, removed, added or put elsewhere.

A chain can't tell by itself that its end was cut off. So the last entry that was found sound is
noted outside the store, and must be there, unchanged, the next time.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from graphsvc.errors import AuditBrokenError
from graphsvc.model.audit import FIRST_PREVIOUS_HASH
from graphsvc.store.ports import Reader

PAGE = 1000
NOTE_FILE = "audit.head.json"


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last entry of a chain: how many there are, and the hash that covers them all."""

    position: int
    entry_hash: str


def verify_chain(store: Reader, *noted: ChainHead | None) -> ChainHead:
    """Check every entry of the audit chain; return its head.

    Args:
        store: where the chain is.
        noted: heads that were found sound before, each of which must still be there.

    Raises:
        AuditBrokenError: says at which position, and what is wrong there.
    """
    wanted_heads = [former for former in noted if former is not None]
    head = ChainHead(0, FIRST_PREVIOUS_HASH)
    while page := store.audit_entries(head.position, PAGE):
        for entry in page:
            wanted = head.position + 1
            if entry.position != wanted:
                raise AuditBrokenError(
                    f"entry {wanted}: is missing; after {head.position} comes {entry.position}"
                )
            if not entry.is_intact():
                raise AuditBrokenError(f"entry {wanted}: was changed; its hash doesn't match it")
            if entry.previous_hash != head.entry_hash:
                raise AuditBrokenError(
                    f"entry {wanted}: doesn't follow entry {head.position}; one of them was put in "
                    "the other's place, or all up to here were written anew"
                )
            head = ChainHead(wanted, entry.entry_hash)
            if any(wanted == former.position and head != former for former in wanted_heads):
                raise AuditBrokenError(
                    f"entry {wanted}: is not the one that was found sound before; the chain was "
                    "written anew"
                )
    longest = max((former.position for former in wanted_heads), default=0)
    if head.position < longest:
        raise AuditBrokenError(
            f"entry {head.position + 1}: is missing; there were {longest} entries before, "
            f"now there are {head.position}"
        )
    return head


def noted_head(folder: Path, store_id: str) -> ChainHead | None:
    """Return the head that was noted for a store, None where none was.

    Raises:
        AuditBrokenError: the note can't be read.
    """
    return _notes(folder).get(store_id)


def note_head(folder: Path, store_id: str, head: ChainHead) -> None:
    """Note a head that was found sound, unless a later one is noted already.

    Raises:
        AuditBrokenError: the note that is there can't be read.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    notes = _notes(folder)
    former = notes.get(store_id)
    if former is not None and former.position >= head.position:
        return
    notes[store_id] = head
    path = folder / NOTE_FILE
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({name: asdict(note) for name, note in notes.items()}, indent=2))
    temporary.replace(path)


def _notes(folder: Path) -> dict[str, ChainHead]:
    path = folder / NOTE_FILE
    try:
        return {
            str(store_id): ChainHead(int(found["position"]), str(found["entry_hash"]))
            for store_id, found in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise AuditBrokenError(
            f"{path}: can't be read ({error}), so that it is not known how long the chain was; "
            "restore it, or remove it and give --head with a head that was kept elsewhere"
        ) from error
