"""What the compiled functions of one execution share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLSchema, located_error

Path = tuple["Path", "str | int"] | None
"""Where a value stands in the answer: the path of what it is in, and its name or place there."""

Complete = Callable[[Any, "State", Path], Any]
"""Makes a resolved value what the answer has in its place; raises what goes wrong."""


class NotCompiledError(BaseException):
    """Something asked for what only the executor knows; the operation is run by it instead.

    No `Exception`, so that no handler of a field's errors takes it for one. `is_lasting` says
    whether
    it will be the same with other variables and other data.
    """

    def __init__(self, what: str, *, is_lasting: bool = False) -> None:
        super().__init__(what)
        self.is_lasting = is_lasting


class Info:
    """What resolvers get as `info`: as much of it as does not depend on the field."""

    __slots__ = ("context", "root_value", "schema", "variable_values")

    def __init__(
        self, schema: GraphQLSchema, context: object, variable_values: Mapping[str, Any]
    ) -> None:
        self.schema = schema
        self.context = context
        self.variable_values = variable_values
        self.root_value = None

    @staticmethod
    def is_awaitable(value: object) -> bool:
        """Say no: nothing is awaited here."""
        return False

    def __getattr__(self, name: str) -> Any:
        """Leave the operation to the executor."""
        raise NotCompiledError(name, is_lasting=True)


class State:
    """One execution: variables, arguments that were worked out, and errors so far."""

    __slots__ = ("arguments", "errors", "info", "variables")

    def __init__(self, info: Info, variables: dict[str, Any], slots: int) -> None:
        self.info: Any = info
        self.variables = variables
        self.arguments: list[dict[str, Any] | None] = [None] * slots
        self.errors: list[GraphQLError] = []

    def failed(
        self, error: Exception, nodes: Sequence[FieldNode], path: Path, *, is_required: bool
    ) -> None:
        """Note an error where the value may be null.

        Raises:
            GraphQLError: it may not; the error is for what the value stands in.
        """
        located = located_error(error, nodes, as_list(path))
        if is_required:
            raise located
        self.errors.append(located)


def as_list(path: Path) -> list[str | int]:
    """Return a path as errors have it, from the root on."""
    steps: list[str | int] = []
    while path is not None:
        path, step = path
        steps.append(step)
    return steps[::-1]
