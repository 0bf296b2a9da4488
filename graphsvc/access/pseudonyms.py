"""Pseudonyms: what the audit, and the traces of what was erased, hold in place of names.

HMAC-SHA-256 under a key that only the service knows: who holds the key can tell whether a name was
meant, nobody can read a name out of a pseudonym. All servers of one store need the same key.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path
from typing import Self

from graphsvc.access.keys import ACCESS_FOLDER
from graphsvc.errors import ConflictError, SettingsError
from graphsvc.model import DefinitionKind, StoredDefinition, SubjectRef
from graphsvc.store.ports import Store

KEY_FILE = "pseudonym.key"
FINGERPRINT_NAME = "pseudonym-key"
KEY_BYTES = 32
LEAST_KEY_CHARACTERS = 32
DIGEST_CHARACTERS = 40
TRACE_BYTES = 8


class Pseudonyms:
    """Makes the same pseudonym of the same name, under one key."""

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    @classmethod
    def open(cls, given: str | None, folder: Path) -> Self:
        """Use the key that was given, or else the folder's own, which is made where it is missing.

        Raises:
            SettingsError: the key given is too short to keep anything secret.
        """
        if given is not None:
            if len(given) < LEAST_KEY_CHARACTERS:
                raise SettingsError(
                    f"GRAPHSVC_PSEUDONYM_KEY: has {len(given)} characters; at least "
                    f"{LEAST_KEY_CHARACTERS} random ones are needed"
                )
            return cls(given.encode())
        return cls(_own_key(folder / KEY_FILE))

    def of_subject(self, subject: SubjectRef) -> str:
        """Return what stands for a subject."""
        return self._of("subject", subject.kind.value, subject.key)

    def of_holder(self, issuer: str, subject: str) -> str:
        """Return what stands for the holder of an issuer's tokens."""
        return self._of("holder", issuer, subject)

    def trace_of_subject(self, subject: SubjectRef) -> str:
        """Return what an erased subject leaves in place of its key; another one each time.

        Its pseudonym alone would not do: somebody who comes back may have to be erased again.
        """
        return f"{self.of_subject(subject)}#{secrets.token_hex(TRACE_BYTES)}"

    def trace_of_record(self, source: str, external_id: str, sequence: int) -> str:
        """Return what an erased record leaves in place of its external id.

        Its pseudonym alone would not do: what is sent anew may have to be erased again.
        """
        return f"{self._of('record', source, external_id)}#{sequence}"

    def fingerprint(self) -> str:
        """Return what tells this key from others, and tells nothing else of it."""
        return self._of("key")

    def _of(self, *parts: str) -> str:
        # A part can't hold a NUL (checks.check_key), so no two names give the same text.
        keyed = self._keyed.copy()
        keyed.update("\0".join(parts).encode())
        return f"~{keyed.hexdigest()[:DIGEST_CHARACTERS]}"


def require_same_key(store: Store, pseudonyms: Pseudonyms) -> None:
    """Let nobody write pseudonyms into a store that another key's pseudonyms are in.

    Under two keys one subject would go by two names: an export would miss half of its reads.

    Raises:
        SettingsError: the store has been used with another key; says where to get that.
    """
    own = StoredDefinition(
        kind=DefinitionKind.PSEUDONYM_KEY,
        name=FINGERPRINT_NAME,
        version=1,
        body=pseudonyms.fingerprint(),
    )
    stored = store.definition(own.kind, own.name, own.version)
    if stored is None:
        with contextlib.suppress(ConflictError):
            store.save_definition(own)
        stored = store.definition(own.kind, own.name, own.version)
    if stored != own:
        raise SettingsError(
            "GRAPHSVC_PSEUDONYM_KEY: is not the key that this store's pseudonyms were made with; "
            "set the one that its other servers use, or copy their data folder's "
            f"{ACCESS_FOLDER}/{KEY_FILE} into this one's"
        )


def _own_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        descriptor, temporary = tempfile.mkstemp(prefix=".pseudonym.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:  # made with mode 0600
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # Linked, not renamed: of two processes the first one's key stays.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path}: is damaged; restore it from a backup")
    return key
