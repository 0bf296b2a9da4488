"""What an operation costs, before it is run: declared for each field, multiplied by list lengths.

A cost of 1 is about 10 µs of one core. A request costs REQUEST. A field costs `base`, and for each
item that it returns `item` and the cost of the fields chosen of it. How many items those are is
read from `first`, or from the longest list among the arguments; a list that nobody gives a length
is taken to have ASSUMED_ITEMS. `@skip` and `@include` do not count: the cost is an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    is_leaf_type,
    is_list_type,
    value_from_ast_untyped,
)

from gql.paging import LARGEST_PAGE

ASSUMED_ITEMS = 10
COUNTING_ARGUMENTS = ("first", "last", "limit")

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldCost:
    """What a field costs by itself, and for each of the items that it returns."""

    base: int = 0
    item: int = 1


EXPLAINED = FieldCost(base=5000)
"""A solve on the graph: tens of milliseconds where it stays local, a second where it doesn't."""

DECLARED = {
    "Query.purposes": FieldCost(base=5),
    "Query.runs": FieldCost(base=100),
    "Query.jobs": FieldCost(base=100),
    "Query.waitingRuns": FieldCost(base=100),
    "Query.topSubjects": FieldCost(base=500),
    "Query.decisions": FieldCost(base=100),
    "Query.whatIf": FieldCost(base=1000),
    "Query.whatWouldChange": FieldCost(base=20_000),
    "Subscription.scoreChanges": FieldCost(base=100),
    "Decision.reasons": FieldCost(item=0),
    "Query.cases": FieldCost(base=100, item=2),
    "Query.run": FieldCost(base=100),
    "Query.subjects": FieldCost(base=100, item=2),
    "Query.audit": FieldCost(base=200, item=2),
    "Query.node": FieldCost(base=100),
    "Query.nodes": FieldCost(base=100, item=2),
    "Subject.decision": FieldCost(base=20),
    "Subject.links": FieldCost(base=30, item=2),
    "Subject.events": FieldCost(base=30, item=2),
    "Subject.reports": FieldCost(base=30, item=2),
    "Subject.listings": FieldCost(base=30, item=2),
    "Query.disputes": FieldCost(base=100, item=2),
    "Mutation.openDispute": EXPLAINED,
    "Mutation.suspendDispute": EXPLAINED,
    "Mutation.decideDispute": EXPLAINED,
    "Subject.explanation": EXPLAINED,
    "Score.reasons": EXPLAINED,
    "Score.lines": EXPLAINED,
    "Score.adverseAction": EXPLAINED,
    "Explanation.lines": FieldCost(base=50),
}
"""By `Type.field`. What isn't here costs 1 an item, a leaf nothing, a change CHANGE."""

REQUEST = 10
CHANGE = FieldCost(base=200, item=20)
_LEAF = FieldCost(item=0)
_COMPOSITE = FieldCost()

LARGEST_IMMEDIATE_COST = 200
"""What costs no more than that may be answered on the event loop, if from memory."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One chosen field: its cost, how many items it returns, and what is chosen of them."""

    cost: FieldCost
    items: Callable[[Variables], int] | int
    children: tuple[_Node, ...]

    def total(self, variables: Variables) -> int:
        items = self.items if isinstance(self.items, int) else self.items(variables)
        return self.cost.base + items * (
            self.cost.item + sum(child.total(variables) for child in self.children)
        )

    @property
    def is_constant(self) -> bool:
        return isinstance(self.items, int) and all(child.is_constant for child in self.children)


class CostPlan:
    """The cost of one operation as a function of its variables."""

    def __init__(self, nodes: tuple[_Node, ...]) -> None:
        self._nodes = nodes
        self._constant = self._sum({}) if all(node.is_constant for node in nodes) else None

    @classmethod
    def of(
        cls, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> CostPlan:
        """Plan the cost of an operation of a valid document.

        Args:
            schema: the schema that the document was validated against.
            document: where the operation's fragments are.
            operation: one of the document's.
        """
        planner = _Planner(schema, document)
        root = schema.get_root_type(operation.operation)
        return cls(tuple(planner.nodes_of(root, operation.selection_set)))

    def cost(self, variables: Variables) -> int:
        """Return what the operation costs with these variables."""
        return self._sum(variables) if self._constant is None else self._constant

    def _sum(self, variables: Variables) -> int:
        return REQUEST + sum(node.total(variables) for node in self._nodes)


class _Planner:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._defaults: dict[str, Any] = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for operation in document.definitions
            if isinstance(operation, OperationDefinitionNode)
            for definition in operation.variable_definitions
            if definition.default_value is not None
        }

    def nodes_of(
        self,
        parent: GraphQLNamedType | None,
        selections: SelectionSetNode | None,
        *,
        is_counted: bool = False,
    ) -> Iterable[_Node]:
        """Yield the fields chosen of a type, fragments unfolded; types beside each other add up.

        Args:
            parent: the type.
            selections: what is chosen of it.
            is_counted: whether the items of its lists are counted already, as those of a page are.
        """
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FieldNode):
                yield from self._nodes_of_field(parent, node, is_counted=is_counted)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                on = self._schema.get_type(fragment.type_condition.name.value)
                yield from self.nodes_of(on, fragment.selection_set, is_counted=is_counted)
            elif isinstance(node, InlineFragmentNode):
                on_node = node.type_condition
                on = self._schema.get_type(on_node.name.value) if on_node is not None else parent
                yield from self.nodes_of(on, node.selection_set, is_counted=is_counted)

    def _nodes_of_field(
        self, parent: GraphQLNamedType | None, node: FieldNode, *, is_counted: bool
    ) -> Iterable[_Node]:
        fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
        field = fields.get(node.name.value)
        if parent is None or field is None:
            return  # introspection has a limit of its own
        is_change = parent is self._schema.mutation_type
        cost = DECLARED.get(f"{parent.name}.{node.name.value}")
        cost = cost or _undeclared(field, is_change=is_change)
        names = sizing_arguments(field, is_change=is_change)
        returns_list = is_list(field.type)
        if names:
            items = self._items(field, node, names)
        else:
            items = ASSUMED_ITEMS if returns_list and not is_counted else 1
        children = self.nodes_of(
            get_named_type(field.type),
            node.selection_set,
            is_counted=bool(names) and not returns_list,
        )
        yield _Node(cost, items, tuple(children))

    def _items(
        self, field: GraphQLField, node: FieldNode, names: list[str]
    ) -> Callable[[Variables], int] | int:
        given = {argument.name.value: argument.value for argument in node.arguments}
        wanted = [(field.args[name], given.get(name)) for name in names]

        def items(variables: Variables) -> int:
            known = {**self._defaults, **variables}
            return max(_length(_value(argument, value, known)) for argument, value in wanted)

        return items if any(_names_variable(value) for _, value in wanted) else items({})


def sizing_arguments(field: GraphQLField, *, is_change: bool = False) -> list[str]:
    """Return which arguments say how many items a field returns or changes."""
    counting = [name for name in COUNTING_ARGUMENTS if name in field.args]
    if counting or not (is_list(field.type) or is_change):
        return counting
    return [name for name, argument in field.args.items() if _holds_list(argument)]


def is_list(type_: object) -> bool:
    """Say whether a field's type is a list, null or not."""
    return is_list_type(type_.of_type if isinstance(type_, GraphQLNonNull) else type_)


def _undeclared(field: GraphQLField, *, is_change: bool) -> FieldCost:
    if is_change:
        return CHANGE
    return _LEAF if is_leaf_type(get_named_type(field.type)) else _COMPOSITE


def _value(argument: GraphQLArgument, given: Any, variables: Variables) -> Any:
    value = Undefined if given is None else value_from_ast_untyped(given, dict(variables))
    return argument.default_value if value is Undefined or value is None else value


def _length(value: Any) -> int:
    """Return how many items a number, a list or an input object with lists asks for."""
    if isinstance(value, bool) or value is Undefined or value is None:
        return 1
    if isinstance(value, int | float):
        # What is no page size is refused by the field, in words of its own.
        return int(value) if 0 <= value <= LARGEST_PAGE else LARGEST_PAGE
    if isinstance(value, Mapping):
        return max((_length(inner) for inner in value.values() if _counts(inner)), default=1)
    return len(value) if isinstance(value, list) else 1


def _counts(value: Any) -> bool:
    return isinstance(value, list | Mapping)


def _holds_list(argument: GraphQLArgument) -> bool:
    if is_list(argument.type):
        return True
    named = get_named_type(argument.type)
    fields = named.fields.values() if isinstance(named, GraphQLInputObjectType) else ()
    return any(is_list(field.type) for field in fields)


def _names_variable(value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, VariableNode):
        return True
    inner = [getattr(field, "value", None) for field in getattr(value, "fields", ())]
    return any(_names_variable(item) for item in (*getattr(value, "values", ()), *inner))
