"""Trusted documents: the texts that an operator allows, by the ids that clients know them by.

Read once, at the start, from a folder of `.graphql` files (the id is the file's name) or from a
JSON manifest: `{id: text}`, or the one that Apollo's tools write (`operations` with id and body).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from graphql import GraphQLError

from graphsvc.errors import SettingsError

VARIABLE = "GRAPHSVC_TRUSTED_DOCUMENTS"


class TrustedTexts:
    """Texts by id; a text can also be named by its SHA-256, with or without `sha256:`."""

    def __init__(self, by_id: Mapping[str, str], source: Path) -> None:
        self._by_id = by_id
        self._source = source
        self._sha256_by_id = {name: _digest(text) for name, text in by_id.items()}

    @classmethod
    def load(cls, source: Path) -> TrustedTexts:
        """Read a manifest or a folder.

        Raises:
            SettingsError: it can't be read, is in another form, or holds nothing.
        """
        try:
            by_id = _of_folder(source) if source.is_dir() else _of_manifest(source.read_text())
        except (OSError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{VARIABLE}: {source} is neither a folder of .graphql files nor a JSON manifest "
                f"of ids and texts ({error})"
            ) from error
        if not by_id:
            raise SettingsError(f"{VARIABLE}: {source} holds no document")
        return cls(by_id, source)

    def items(self) -> Iterator[tuple[str, str]]:
        """Yield every id with its text."""
        yield from self._by_id.items()

    def sha256_of(self, name: str) -> str | None:
        """Return the SHA-256 of the text that an id stands for; of itself, where it is one."""
        return self._sha256_by_id.get(name) or name.removeprefix("sha256:").lower()

    @contextmanager
    def naming(self, name: str) -> Iterator[None]:
        """Turn an error about a text into one that names where it comes from.

        Raises:
            SettingsError: the text of that id can't be used.
        """
        try:
            yield
        except Exception as error:
            why = error.message if isinstance(error, GraphQLError) else str(error)
            raise SettingsError(f"{VARIABLE}: {self._source}: {name}: {why}") from error


def _of_folder(folder: Path) -> dict[str, str]:
    paths = sorted(folder.glob("*.graphql"))
    return {path.stem: path.read_text(encoding="utf-8") for path in paths}


def _of_manifest(content: str) -> dict[str, str]:
    manifest = json.loads(content)
    if isinstance(manifest, dict) and isinstance(manifest.get("operations"), list):
        manifest = {
            operation.get("id"): operation.get("body")
            for operation in manifest["operations"]
            if isinstance(operation, dict)
        }
    if not isinstance(manifest, dict):
        raise TypeError("it is no JSON object")
    for name, text in manifest.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise TypeError(f"{str(name)[:64]!r}: a text is needed")
    return manifest


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
