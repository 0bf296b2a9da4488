# mypy: allow-subclassing-any
"""What several fields take: subjects by kind and key."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

import graphene
from graphql import DocumentNode, OperationDefinitionNode, print_ast

from gql.subjects import SubjectKindEnum
from graphsvc.errors import InvalidInputError
from graphsvc.model import SubjectKind, SubjectRef

MOST_SUBJECTS = 1000


def subject_of(values: Mapping[str, Any]) -> SubjectRef:
    """Return the subject that an input names; nothing is said about its being known."""
    # Called of refused input too, which may lack either; no resolver gets to see that.
    return SubjectRef(values.get("kind", SubjectKind.ACCOUNT), values.get("key", ""))


class SubjectInput(graphene.InputObjectType):
    """A subject by its kind and the caller's own key."""

    class Meta:  # noqa: D106
        container = subject_of

    kind = graphene.InputField(SubjectKindEnum, required=True, description="What the subject is.")
    key = graphene.String(required=True, description="The caller's own key of the subject.")


def checked_subjects(subjects: list[SubjectRef]) -> list[SubjectRef]:
    """Return the subjects, if there are from 1 to 1000.

    Raises:
        InvalidInputError: there are none, or more.
    """
    if not 1 <= len(subjects) <= MOST_SUBJECTS:
        raise InvalidInputError(
            f"subjects: are {len(subjects)}; from 1 to {MOST_SUBJECTS} are needed"
        )
    return subjects


def coerced_subjects(
    document: DocumentNode, operation_name: str | None, given: Mapping[str, Any]
) -> tuple[dict[str, list[SubjectRef]], DocumentNode]:
    """Return the variables that are lists of subjects, and the document without those variables.

    GraphQL's own coercion takes some 4 µs for each subject, which of a thousand is most of the time
    that they may take. Whatever isn't plainly right is left to it, and to its words.
    """
    operations = [
        definition
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
        and operation_name in (None, definition.name.value if definition.name else None)
    ]
    if len(operations) != 1:
        return {}, document
    operation = operations[0]
    coerced = {}
    for definition in operation.variable_definitions:
        name = definition.variable.name.value
        values = given.get(name)
        if isinstance(values, list) and print_ast(definition.type) in SUBJECT_LISTS:
            subjects = plain_subjects(values)
            if subjects is not None:
                coerced[name] = subjects
    return coerced, _without_variables(document, operation, coerced) if coerced else document


SUBJECT_LISTS = frozenset({"[SubjectInput!]!", "[SubjectInput!]"})
"""Types of variables that `plain_subjects` may coerce."""

_KIND_NAMES = {kind.name: kind for kind in SubjectKind}


def plain_subjects(values: list[Any]) -> list[SubjectRef] | None:
    """Return a variable's subjects, None where GraphQL's own coercion should look at them."""
    subjects = []
    for value in values:
        if not isinstance(value, dict) or len(value) != 2:
            return None
        kind, key = value.get("kind"), value.get("key")
        if type(kind) is not str or type(key) is not str or kind not in _KIND_NAMES:
            return None
        subjects.append(SubjectRef(_KIND_NAMES[kind], key))
    return subjects


def _without_variables(
    document: DocumentNode, operation: OperationDefinitionNode, names: Mapping[str, object]
) -> DocumentNode:
    """Return a copy; the document itself may be shared by requests."""
    shorter = copy(operation)
    shorter.variable_definitions = tuple(
        definition
        for definition in operation.variable_definitions
        if definition.variable.name.value not in names
    )
    changed = copy(document)
    changed.definitions = tuple(
        shorter if definition is operation else definition for definition in document.definitions
    )
    return changed
