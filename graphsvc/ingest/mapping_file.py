"""Reads mappings from YAML, shipped or an operator's own; errors name file, line and field."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from graphsvc.errors import InvalidRecordError, MappingError
from graphsvc.ingest.compiling import compile_rules
from graphsvc.ingest.mapping import LINES_COLUMNS, FileSection, Mapping, RecordRule

_Path = tuple[int | str, ...]
_RULE_TAGS = frozenset({"subject", "link", "event", "report", "listing"})


class _Loader(yaml.SafeLoader):
    """YAML without times, so that a time stays the text that was written."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def shipped_mappings() -> list[str]:
    """Return the names of the mappings that ship, sorted.

    >>> "bitcoin-otc" in shipped_mappings()
    True
    """
    folder = files("graphsvc.shipped") / "mappings"
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def load_mapping(name_or_path: str | Path) -> Mapping:
    """Return a mapping that ships, by its name, or one's own, by its path (`.yaml` or `.yml`).

    Raises:
        MappingError: there is none, or it is wrong; names file, line and field.

    >>> load_mapping("bitcoin-otc").source
    'bitcoin-otc'
    """
    name = str(name_or_path)
    if name in shipped_mappings():
        resource = files("graphsvc.shipped") / "mappings" / f"{name}.yaml"
        return parse_mapping(resource.read_text(encoding="utf-8"), str(resource))
    if not name.endswith((".yaml", ".yml")):
        known = ", ".join(shipped_mappings())
        raise MappingError(f"no mapping {name!r} ships; give a .yaml file or one of: {known}")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise MappingError(f"{name}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"{name}: isn't UTF-8 text") from error
    return parse_mapping(text, name)


def parse_mapping(text: str, origin: str) -> Mapping:
    """Return the mapping that a YAML text holds; `origin` names it in errors.

    Raises:
        MappingError: names origin, line and field of each thing that is wrong.
    """
    try:
        tree = yaml.compose(text, Loader=_Loader)
        lines = dict(_lines(tree)) if tree is not None else {}
        document = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MappingError(f"{origin}:{line}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise MappingError(f"{origin}:1: can't be read as YAML: {error}") from error
    if not isinstance(document, dict):
        raise MappingError(f"{origin}:1: a mapping of fields to values is needed")
    try:
        mapping = Mapping.model_validate(document)
    except ValidationError as error:
        raise MappingError(_describe(error, lines, origin)) from error
    for place, section in enumerate(mapping.files):
        for number, rule in enumerate(section.records):
            path: _Path = ("files", place, "records", number)
            field, problem = _problem_of(section, rule, mapping.source)
            if problem is not None:
                path = path if field is None else (*path, "fields", field)
                name = ".".join(str(part) for part in path)
                raise MappingError(f"{origin}:{_line(path, lines)}: {name}: {problem}")
    return mapping


def _problem_of(
    section: FileSection, rule: RecordRule, source: str
) -> tuple[str | None, str | None]:
    """Return what keeps a rule from being compiled, with its field: a constant or a column."""
    alone = section.model_copy(update={"records": (rule,)})
    columns = section.columns or section.mentioned_columns()
    if section.format == "lines":
        columns = LINES_COLUMNS
    try:
        compile_rules(alone, columns, source)
    except InvalidRecordError as error:
        return error.field, error.reason
    except MappingError as error:
        return None, str(error)
    return None, None


def _describe(error: ValidationError, lines: dict[_Path, int], origin: str) -> str:
    described = []
    for problem in error.errors():
        path = _document_path(problem["loc"])
        name = ".".join(str(part) for part in path) or "(document)"
        described.append(f"{origin}:{_line(path, lines)}: {name}: {problem['msg']}")
    return "\n".join(described)


def _document_path(location: _Path) -> _Path:
    """Leave out the part that names the branch of a union and isn't in the document."""
    return tuple(
        part
        for place, part in enumerate(location)
        if not (part in _RULE_TAGS and place >= 2 and location[place - 2] == "records")
    )


def _line(path: _Path, lines: dict[_Path, int]) -> int:
    """Return the line of the deepest part of the path that the document has."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
    return 1


def _lines(node: yaml.Node, path: _Path = ()) -> Iterator[tuple[_Path, int]]:
    """Return each path of the document with its line; a key given twice is an error."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{name}: is given twice", problem_mark=key.start_mark
                )
            seen.add(name)
            yield (*path, name), key.start_mark.line + 1
            yield from _lines(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            yield (*path, place), value.start_mark.line + 1
            yield from _lines(value, (*path, place))
