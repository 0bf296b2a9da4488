"""Whether the audit chain is what it was: nothing changed, removed, added or put elsewhere.

A chain can't tell by itself that its end was cut off. So the last entry that was found sound is
noted outside the store, and must be there, unchanged, the next time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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


def verify_chain(store: Reader, noted: ChainHead | None = None) -> ChainHead:
    """Check every entry of the audit chain; return its head.

    Args:
        store: where the chain is.
        noted: a head that was found sound before; None at the first time.

    Raises:
        AuditBrokenError: says at which position, and what is wrong there.
    """
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
            if noted is not None and wanted == noted.position and head != noted:
                raise AuditBrokenError(
                    f"entry {wanted}: is not the one that was found sound before; the chain was "
                    "written anew"
                )
    if noted is not None and head.position < noted.position:
        raise AuditBrokenError(
            f"entry {head.position + 1}: is missing; there were {noted.position} entries before, "
            f"now there are {head.position}"
        )
    return head


def noted_head(folder: Path, store_id: str) -> ChainHead | None:
    """Return the head that was noted for a store, None where none was."""
    try:
        found = json.loads((folder / NOTE_FILE).read_text())[store_id]
        return ChainHead(int(found["position"]), str(found["entry_hash"]))
    except (FileNotFoundError, KeyError):
        return None


def note_head(folder: Path, store_id: str, head: ChainHead) -> None:
    """Note a head that was found sound."""
    path = folder / NOTE_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    noted = json.loads(path.read_text()) if path.exists() else {}
    noted[store_id] = {"position": head.position, "entry_hash": head.entry_hash}
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(noted, indent=2))
    temporary.replace(path)
