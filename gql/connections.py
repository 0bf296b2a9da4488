# mypy: allow-subclassing-any
"""Relay connections: one page of an ordered list, its edges, and where to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import graphene
from graphene import relay
from graphql import GraphQLResolveInfo

from gql.paging import cursor_of
from gql.seen import Page, SeenRecord

Cursor = Callable[[Any], str]


def first_argument(default: int = 20) -> Any:
    """Return the argument that says how long a page is."""
    return graphene.Int(
        required=True, default_value=default, description="How many at most, from 1 to 1000."
    )


def after_argument() -> Any:
    """Return the argument that says where a page begins."""
    return graphene.String(description="Cursor to go on from: the endCursor of a page.")


def sequence_cursor(noun: str) -> Cursor:
    """Return what makes cursors of records: they stand for sequence numbers."""

    def cursor(seen: SeenRecord) -> str:
        return cursor_of(noun, seen.sequence)

    return cursor


def edge_fields(node: Any, what: str, cursor: Cursor) -> dict[str, Any]:
    """Return the two fields that every edge has; the edge's source is its node's."""
    return {
        "cursor": graphene.String(
            required=True,
            description=f"Opaque place of the {what}; send it as `after` to go on from here.",
            resolver=lambda item, info: cursor(item),
        ),
        "node": graphene.Field(
            node,
            required=True,
            description=f"The {what}.",
            resolver=lambda item, info: item,
        ),
    }


def connection_fields(
    edge: Any,
    order: str,
    cursor: Cursor,
    edges: Callable[[Page[Any]], Sequence[Any]] = lambda page: page.items,
) -> dict[str, Any]:
    """Return the fields of a connection; its source is a Page, and `edges` makes its edges."""

    def page_info(page: Page[Any], info: GraphQLResolveInfo) -> relay.PageInfo:
        return relay.PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=cursor(page.items[0]) if page.items else None,
            end_cursor=cursor(page.items[-1]) if page.items else None,
        )

    return {
        "edges": graphene.List(
            graphene.NonNull(edge),
            required=True,
            description=f"What is on the page, {order}.",
            resolver=lambda page, info: edges(page),
        ),
        "page_info": graphene.Field(
            relay.PageInfo,
            required=True,
            description="Whether there are more, and where to go on.",
            resolver=page_info,
        ),
    }


def connection_of(node: Any, what: str, order: str, cursor: Cursor) -> Any:
    """Return the connection type of a node type: NodeConnection with NodeEdge.

    Args:
        node: the type of its nodes.
        what: what a node is, in words.
        order: in which order they come, in words.
        cursor: makes a node's cursor of its source.
    """
    name = node.__name__
    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {"__doc__": f"One {what} on a page.", **edge_fields(node, what, cursor)},
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {"__doc__": f"One page: each node is a {what}.", **connection_fields(edge, order, cursor)},
    )
