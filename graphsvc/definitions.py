"""The library of declared purposes, programmes and policies, read from YAML and checked.

Shipped documents come first; an operator's own folder adds to them. The same name and version
twice is an error. Every error names file, line and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from algorithms.learned import ModelFileError
from graphsvc.definition_checks import Problem, policy_problems, programme_problems
from graphsvc.errors import (
    DefinitionError,
    DefinitionNotFoundError,
    ModelMismatchError,
    ModelMissingError,
)
from graphsvc.model import DefinitionKind, Policy, Programme, Purpose, StoredDefinition
from graphsvc.scoring.learned import know_model, model_of, require_schema

Document = TypeVar("Document", Purpose, Programme, Policy)


@dataclass(frozen=True, slots=True)
class _Origin:
    file: str
    tree: yaml.Node | None


@dataclass(frozen=True, slots=True)
class DefinitionLibrary:
    """Every declared document by (name, version)."""

    purposes: dict[tuple[str, int], Purpose] = field(default_factory=dict)
    programmes: dict[tuple[str, int], Programme] = field(default_factory=dict)
    policies: dict[tuple[str, int], Policy] = field(default_factory=dict)
    origins: dict[tuple[str, str, int], _Origin] = field(default_factory=dict, repr=False)
    # Asked for by every request, and always the same once all documents are read.
    _latest_purposes: dict[str, Purpose] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    _champions: dict[str, Programme] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    _by_purpose: dict[str, tuple[Programme, ...]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def load(cls, own_folder: Path | None = None) -> DefinitionLibrary:
        """Read the shipped documents and those in `own_folder`.

        Raises:
            DefinitionError: a document is wrong, or refers to what its purpose doesn't permit;
                one line for each thing, with file, line and field.
        """
        roots: list[Traversable] = [files("graphsvc.shipped")]
        if own_folder is not None:
            if not own_folder.is_dir():
                raise DefinitionError(f"{own_folder}: is not a folder; it should hold purposes/ …")
            roots.append(own_folder)
        library = cls()
        for root in roots:
            _read_models(root / "models")
            library._read_folder(root / "purposes", Purpose, library.purposes)
            library._read_folder(root / "programmes", Programme, library.programmes)
            library._read_folder(root / "policies", Policy, library.policies)
        library._check_references()
        return library

    def with_programme(self, programme: Programme) -> DefinitionLibrary:
        """Return a library that also has this version of a programme, or has it anew."""
        declared = {**self.programmes, (programme.name, programme.version): programme}
        return replace(self, programmes=declared)

    def purpose_names(self) -> list[str]:
        """Return the name of every purpose, in order."""
        return sorted({name for name, _ in self.purposes})

    def purpose(self, name: str) -> Purpose:
        """Return the highest version of a purpose."""
        found = self._latest_purposes.get(name)
        if found is None:
            found = self._latest_purposes[name] = _latest(self.purposes, name, "purpose")
        return found

    def programme(self, name: str, version: int | None = None) -> Programme:
        """Return one version of a programme, the highest where none is named."""
        return _latest(self.programmes, name, "programme", version)

    def champion(self, purpose: str) -> Programme:
        """Return the programme whose scores a purpose's readers get by default."""
        known = self._champions.get(purpose)
        if known is not None:
            return known
        self.purpose(purpose)
        champions = [
            programme
            for programme in self.programmes.values()
            if programme.purpose == purpose and programme.champion
        ]
        if not champions:
            raise DefinitionNotFoundError(f"purpose {purpose} has no champion programme")
        found = max(champions, key=lambda programme: programme.version)
        self._champions[purpose] = found
        return found

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

    def policy(self, purpose: str) -> Policy:
        """Return the highest version of a purpose's policy.

        Raises:
            DefinitionNotFoundError: there is no such purpose, or it has no policy.
        """
        self.purpose(purpose)
        found = [policy for policy in self.policies.values() if policy.purpose == purpose]
        if not found:
            raise DefinitionNotFoundError(f"purpose {purpose} has no policy")
        return max(found, key=lambda policy: policy.version)

    def has_policy(self, purpose: str) -> bool:
        """Say whether a purpose has a policy."""
        return any(policy.purpose == purpose for policy in self.policies.values())

    def programmes_of(self, purpose: str) -> tuple[Programme, ...]:
        """Return the highest version of each of a purpose's programmes, the champion first."""
        known = self._by_purpose.get(purpose)
        if known is not None:
            return known
        latest: dict[str, Programme] = {}
        for (name, _), programme in sorted(self.programmes.items()):
            if programme.purpose == purpose:
                latest[name] = programme
        found = sorted(
            latest.values(), key=lambda programme: (not programme.champion, programme.name)
        )
        self._by_purpose[purpose] = tuple(found)
        return self._by_purpose[purpose]

    def _check_references(self) -> None:
        problems: list[str] = []
        latest = {name: self.purpose(name) for name in self.purpose_names()}
        for programme in self.programmes.values():
            problems += self._located(programme, self._programme_problems(programme, latest))
        if not problems:  # a policy is judged by the scores of sound programmes
            newest = {name: _latest(self.policies, name, "policy") for name, _ in self.policies}
            for policy in newest.values():
                problems += self._located(policy, self._policy_problems(policy, latest))
        if problems:
            raise DefinitionError("\n".join(problems))

    def _programme_problems(
        self, programme: Programme, purposes: dict[str, Purpose]
    ) -> Iterator[Problem]:
        purpose = purposes.get(programme.purpose)
        if purpose is None:
            yield Problem(("purpose",), f"{programme.purpose} is not declared")
            return
        yield from programme_problems(programme, purpose)
        yield from _model_problems(programme)
        others = sorted(
            other.name
            for other in self.programmes.values()
            if other.champion
            and other.purpose == programme.purpose
            and other.name != programme.name
        )
        if programme.champion and others:
            yield Problem(
                ("champion",),
                f"{others[0]} is champion of {programme.purpose} already; a purpose has one",
            )

    def _policy_problems(self, policy: Policy, purposes: dict[str, Purpose]) -> Iterator[Problem]:
        purpose = purposes.get(policy.purpose)
        if purpose is None:
            yield Problem(("purpose",), f"{policy.purpose} is not declared")
            return
        others = {
            other.name
            for other in self.policies.values()
            if other.purpose == policy.purpose and other.name != policy.name
        }
        if others:
            yield Problem(
                ("purpose",),
                f"{policy.purpose} has the policy {min(others)} already; declare a new version "
                "of it",
            )
        yield from policy_problems(policy, purpose, self.programmes_of(policy.purpose))

    def _located(self, document: Document, problems: Iterable[Problem]) -> list[str]:
        origin = self.origins[type(document).__name__, document.name, document.version]
        return [
            f"{origin.file}:{_line_of(origin.tree, problem.path)}: "
            f"{'.'.join(str(part) for part in problem.path)}: {problem.text}"
            for problem in problems
        ]

    def _read_folder(
        self,
        folder: Traversable,
        model: type[Document],
        into: dict[tuple[str, int], Document],
    ) -> None:
        if not folder.is_dir():
            return
        for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if not path.name.endswith((".yaml", ".yml")):
                continue
            text = path.read_text(encoding="utf-8")
            document = parse_document(text, model, str(path))
            identity = (document.name, document.version)
            if identity in into:
                raise DefinitionError(
                    f"{path}: name: {document.name} version {document.version} is declared twice"
                )
            into[identity] = document
            self.origins[model.__name__, document.name, document.version] = _Origin(
                str(path), yaml.compose(text)
            )


def _read_models(folder: Traversable) -> None:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not path.name.endswith(".npz"):
            continue
        with as_file(path) as file:
            try:
                know_model(file)
            except ModelFileError as error:
                raise DefinitionError(str(error)) from error


def _model_problems(programme: Programme) -> Iterator[Problem]:
    if programme.learned is not None:
        try:
            require_schema(programme, model_of(programme.learned))
        except (ModelMissingError, ModelMismatchError) as error:
            yield Problem(("learned", "fingerprint"), str(error))


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
    doubled = list(_doubled_fields(tree))
    if doubled:
        raise DefinitionError(
            "\n".join(f"{origin}:{line}: {name}: is given twice" for line, name in doubled)
        )
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


def _doubled_fields(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """Yield line and name of each field given before; YAML would let the last one win unseen."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, str(key.value)
            seen.add(key.value)
            yield from _doubled_fields(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _doubled_fields(value)


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
