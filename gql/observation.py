"""What becomes known of a request while it is answered, for its log line, metrics and trace.

Nothing in it is of the client's own making: operations go by the schema's fields (or by the name
that the operator gave a trusted document), holders by the id of their credential. Variables,
subjects, names of operations and messages of errors never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, OperationDefinitionNode

from graphsvc.logs import REQUEST_ID
from graphsvc.tracing import is_tracing, request_span

NO_OPERATION = "none"
SEVERAL = "several"
FINE = "OK"


def _not_counted(code: str) -> None:
    pass


@dataclass(slots=True)
class Observation:
    """One request. `code` is that of its first error; `count_failure` takes the service's own."""

    request_id: str = ""
    operation: str = NO_OPERATION
    code: str = FINE
    actor: str | None = None
    cost: int | None = None
    count_failure: Callable[[str], None] = _not_counted

    def note_operation(self, label: str, cost: int) -> None:
        """Take what is about to be run, by its label, and what it costs."""
        self.operation, self.cost = label, cost

    def note_errors(self, content: Mapping[str, Any]) -> None:
        """Take the code of an answer's first error."""
        errors: Sequence[Mapping[str, Any]] = content.get("errors") or ()
        if errors:
            self.code = str(errors[0]["extensions"]["code"])

    def note_failure(self, code: str) -> None:
        """Take a failure of the service's own."""
        self.count_failure(code)
        if self.code == FINE:
            self.code = code


_current: ContextVar[Observation | None] = ContextVar("observation", default=None)


class observing:  # noqa: N801 - reads as what it does, and is faster than a generator
    """Make an observation that all that is done in a block can add to, in any thread."""

    __slots__ = ("_observation", "_tokens")

    def __init__(self, request_id: str, count_failure: Callable[[str], None]) -> None:
        self._observation = Observation(request_id, count_failure=count_failure)

    def __enter__(self) -> Observation:
        self._tokens = (
            _current.set(self._observation),
            REQUEST_ID.set(self._observation.request_id),
        )
        return self._observation

    def __exit__(self, *_: object) -> None:
        _current.reset(self._tokens[0])
        REQUEST_ID.reset(self._tokens[1])


def observed() -> Observation:
    """Return the observation of the request that is being answered."""
    # One that nobody reads, where nobody observes: who adds to it need not ask.
    return _current.get() or Observation()


def observing_operation(headers: Mapping[str, str]) -> AbstractContextManager[Observation]:
    """Time the answer to an operation, as part of the trace that its headers carry."""
    observation = observed()
    return _traced(observation, headers) if is_tracing() else nullcontext(observation)


@contextmanager
def _traced(observation: Observation, headers: Mapping[str, str]) -> Iterator[Observation]:
    with request_span(headers) as span:
        try:
            yield observation
        finally:
            if span is not None:
                span.update_name(f"GraphQL {observation.operation}")
                span.set_attribute("graphsvc.code", observation.code)
                span.set_attribute("graphsvc.request_id", observation.request_id)
                if observation.cost is not None:
                    span.set_attribute("graphsvc.cost", observation.cost)


def operation_label(definition: OperationDefinitionNode, *, is_trusted: bool = False) -> str:
    """Return what a valid operation is counted under: there are as many as the schema has fields.

    Its kind and its one root field, or `several`; its own name where an operator chose that.

    >>> from graphql import parse
    >>> operation_label(parse("query Ann { subject { key } }").definitions[0])
    'query subject'
    """
    if is_trusted and definition.name is not None:
        return definition.name.value
    roots = definition.selection_set.selections
    field_name = SEVERAL
    if len(roots) == 1 and isinstance(roots[0], FieldNode):
        field_name = roots[0].name.value
    return f"{definition.operation.value} {field_name}"
