"""Renew schema.graphql: `python -m gql.print_schema`."""

from __future__ import annotations

from pathlib import Path

from graphql import print_schema

from gql.schema import schema

SCHEMA_FILE = Path(__file__).with_name("schema.graphql")


def printed_schema() -> str:
    """Return the schema in the schema definition language, as it is committed."""
    return print_schema(schema) + "\n"


if __name__ == "__main__":
    SCHEMA_FILE.write_text(printed_schema(), encoding="utf-8")
