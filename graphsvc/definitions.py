"""The library of declared purposes, programmes and policies, read from YAML and checked.

Shipped documents come first; an operator's own folder adds to them. The same name and version
twice is an error. Every error names file, line and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from graphsvc.errors import DefinitionError, DefinitionNotFoundError
from graphsvc.model import DefinitionKind, Policy, Programme, Purpose, StoredDefinition

Document = TypeVar("Document", Purpose, Programme, Policy)


@dataclass(frozen=True, slots=True)
class DefinitionLibrary:
    """Every declared document by (name, version)."""

    purposes: dict[tuple[str, int], Purpose] = field(default_factory=dict)
    programmes: dict[tuple[str, int], Programme] = field(default_factory=dict)
    policies: dict[tuple[str, int], Policy] = field(default_factory=dict)

    @classmethod
    def load(cls, own_folder: Path | None = None) -> DefinitionLibrary:
        """Read the shipped documents and those in `own_folder`.

        Raises:
            DefinitionError: a document is wrong, or refers to what its purpose doesn't permit.
        """
        roots: list[Traversable] = [files("graphsvc.shipped")]
        if own_folder is not None:
            if not own_folder.is_dir():
                raise DefinitionError(f"{own_folder}: is not a folder; it should hold purposes/ …")
            roots.append(own_folder)
        library = cls()
        for root in roots:
            _read_folder(root / "purposes", Purpose, library.purposes)
            _read_folder(root / "programmes", Programme, library.programmes)
            _read_folder(root / "policies", Policy, library.policies)
        library._check_references()
        return library

    def purpose(self, name: str) -> Purpose:
        """Return the highest version of a purpose."""
        return _latest(self.purposes, name, "purpose")

    def programme(self, name: str, version: int | None = None) -> Programme:
        """Return one version of a programme, the highest where none is named."""
        return _latest(self.programmes, name, "programme", version)

    def champion(self, purpose: str) -> Programme:
        """Return the programme whose scores a purpose's readers get by default."""
        self.purpose(purpose)
        champions = [
            programme
            for programme in self.programmes.values()
            if programme.purpose == purpose and programme.champion
        ]
        if not champions:
            raise DefinitionNotFoundError(f"purpose {purpose} has no champion programme")
        return max(champions, key=lambda programme: programme.version)

    def stored(self) -> Iterator[StoredDefinition]:
        """Return every document in the form that a store keeps."""
        for kind, documents in (
            (DefinitionKind.PURPOSE, self.purposes),
            (DefinitionKind.PROGRAMME, self.programmes),
            (DefinitionKind.POLICY, self.policies),
        ):
            for (name, version), document in sorted(documents.items()):
                yield StoredDefinition(
                    kind=kind, name=name, version=version, body=document.canonical_json()
                )

    def _check_references(self) -> None:
        champions: dict[str, str] = {}
        for programme in self.programmes.values():
            purposes = [
                purpose for purpose in self.purposes.values() if purpose.name == programme.purpose
            ]
            if not purposes:
                raise DefinitionError(
                    f"programme {programme.name}: purpose: {programme.purpose} is not declared"
                )
            check_programme(programme, max(purposes, key=lambda purpose: purpose.version))
            if programme.champion:
                other = champions.setdefault(programme.purpose, programme.name)
                if other != programme.name:
                    raise DefinitionError(
                        f"programme {programme.name}: champion: {other} is champion of "
                        f"{programme.purpose} already; a purpose has one"
                    )


def check_programme(programme: Programme, purpose: Purpose) -> None:
    """Require that a programme uses only what its purpose permits.

    Raises:
        DefinitionError: it names a link kind or list outside the purpose, spreads further than
            the purpose's attenuation or hop limit, or could pass its cap on association.
    """
    forbidden_links = sorted(set(programme.conductances) - purpose.link_kinds)
    lists = programme.exposure.blacklists | programme.trust.allowlists
    forbidden_lists = sorted(lists - purpose.list_names)
    where = f"programme {programme.name}"
    if forbidden_links:
        raise DefinitionError(
            f"{where}: conductances: {', '.join(forbidden_links)} not permitted by {purpose.name}"
        )
    if forbidden_lists:
        raise DefinitionError(
            f"{where}: lists: {', '.join(forbidden_lists)} not permitted by {purpose.name}"
        )
    for field_name, damping, hop_limit in (
        ("exposure", programme.exposure.beta, programme.exposure.hop_limit),
        ("trust", programme.trust.alpha, programme.trust.hop_limit),
    ):
        if damping > purpose.attenuation:
            raise DefinitionError(
                f"{where}: {field_name}: its damping {damping} is above the attenuation "
                f"{purpose.attenuation} of {purpose.name}"
            )
        if purpose.hop_limit is not None and (hop_limit is None or hop_limit > purpose.hop_limit):
            raise DefinitionError(
                f"{where}: {field_name}.hop_limit: {hop_limit} is beyond the limit of "
                f"{purpose.hop_limit} hops of {purpose.name}"
            )


def _read_folder(
    folder: Traversable, model: type[Document], into: dict[tuple[str, int], Document]
) -> None:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith((".yaml", ".yml")):
            continue
        document = parse_document(path.read_text(encoding="utf-8"), model, str(path))
        identity = (document.name, document.version)
        if identity in into:
            raise DefinitionError(
                f"{path}: name: {document.name} version {document.version} is declared twice"
            )
        into[identity] = document


def parse_document(text: str, model: type[Document], origin: str) -> Document:
    """Read one YAML document; `origin` names it in errors.

    Raises:
        DefinitionError: names origin, line and field.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DefinitionError(f"{origin}:{line}: {error.problem}") from error
    if not isinstance(values, dict):
        raise DefinitionError(f"{origin}:1: a mapping of fields to values is needed")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise DefinitionError(describe_validation(error, tree, origin)) from error


def describe_validation(error: ValidationError, tree: yaml.Node | None, origin: str) -> str:
    """Return one line for each thing wrong: origin, line, field, what and what was given."""
    lines = []
    for problem in error.errors():
        path = [part for part in problem["loc"] if part != "[key]"]
        name = ".".join(str(part) for part in path) or "(document)"
        given = problem["input"]
        shown = "" if isinstance(given, dict | list) else f" (given: {given!r})"
        lines.append(f"{origin}:{_line_of(tree, path)}: {name}: {problem['msg']}{shown}")
    return "\n".join(lines)


def _line_of(node: yaml.Node | None, path: Iterable[int | str]) -> int:
    """Return the line, from 1, of the deepest node on `path` that the document has."""
    line = 1
    for part in path:
        child = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, child = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and part in range(len(node.value)):
            child = node.value[int(part)]
            line = child.start_mark.line + 1
        if child is None:
            return line
        node = child
    return line


def _latest(
    documents: dict[tuple[str, int], Document], name: str, noun: str, version: int | None = None
) -> Document:
    found = [
        document
        for (known, known_version), document in documents.items()
        if known == name and version in (None, known_version)
    ]
    if not found:
        known = ", ".join(sorted({known for known, _ in documents}))
        wanted = name if version is None else f"{name} version {version}"
        raise DefinitionNotFoundError(f"no {noun} {wanted!r}; there are: {known}")
    return max(found, key=lambda document: document.version)
