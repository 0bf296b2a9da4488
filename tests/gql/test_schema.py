from __future__ import annotations

import re
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    parse,
    validate,
    validate_schema,
)

import gql
from gql import costs, errors, limits, paging, threads
from gql.print_schema import SCHEMA_FILE, printed_schema
from gql.schema import schema
from graphsvc.errors import (
    CertificateError,
    InvalidInputError,
    InvalidRecordError,
    NotAuthenticatedError,
    NotPermittedError,
    RunNotFoundError,
    StoreError,
    StoreUnavailableError,
    SubjectNotFoundError,
)
from graphsvc.settings import Settings

OPERATIONS = Path(__file__).with_name("operations")
ROOT = Path(__file__).parents[2]


def test_our_own_gql_is_imported_not_the_package_of_that_name() -> None:
    assert Path(gql.__file__) == ROOT / "gql" / "__init__.py"


def test_the_committed_schema_is_the_one_that_is_served() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == printed_schema(), (
        "run: python -m gql.print_schema"
    )
    assert validate_schema(schema) == []


def test_every_type_field_argument_and_enum_value_is_described() -> None:
    undescribed = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if not type_.description:
            undescribed.append(name)
        if isinstance(type_, GraphQLEnumType):
            undescribed += [
                f"{name}.{value}" for value, found in type_.values.items() if not found.description
            ]
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                if not field.description:
                    undescribed.append(f"{name}.{field_name}")
                undescribed += [
                    f"{name}.{field_name}({argument})"
                    for argument, found in field.args.items()
                    if not found.description
                ]
    assert undescribed == []


def test_every_operation_of_the_tests_fits_the_schema() -> None:
    for path in OPERATIONS.glob("*.graphql"):
        assert validate(schema, parse(path.read_text())) == [], path.name


def test_every_field_about_a_subject_that_reads_evidence_names_its_purpose() -> None:
    subject = schema.type_map["Subject"]
    assert isinstance(subject, GraphQLObjectType)
    without = {name for name, field in subject.fields.items() if "purpose" not in field.args}
    assert without == {"id", "kind", "key"}


def test_the_documentation_names_every_limit_and_every_code_that_goes_out() -> None:
    text = (ROOT / "docs" / "graphql.md").read_text(encoding="utf-8")
    codes = {
        value for name, value in vars(errors).items() if name.isupper() and isinstance(value, str)
    }
    for told in (
        NotAuthenticatedError,
        NotPermittedError,
        SubjectNotFoundError,
        RunNotFoundError,
        InvalidInputError,
        InvalidRecordError,
        StoreError,
        StoreUnavailableError,
        CertificateError,
    ):
        codes.add(told.code)
    assert {code for code in codes if f"`{code}`" not in text} == set()
    section = text[text.index("## Limits") : text.index("## Cost")]
    most = dict(re.findall(r"^\| ([^|]+?) \| (\d+)", section, flags=re.MULTILINE))
    defaults = Settings()
    assert most == {
        "body": str(defaults.max_body_bytes >> 20),
        "tokens in a query": str(defaults.max_tokens),
        "comments in a query": str(defaults.max_comments),
        "levels": str(defaults.max_depth),
        "fields, fragments unfolded": str(defaults.max_fields),
        "fields of the first level": str(defaults.max_root_fields),
        "aliases, fragments unfolded": str(defaults.max_aliases),
        "directives, fragments unfolded": str(defaults.max_directives),
        "fields within `__schema` and `__type`": str(limits.MAX_INTROSPECTION_FIELDS),
        "pairs of fields that answer under one name": str(limits.MAX_LIKE_NAMED_PAIRS),
        "queries run in threads at once": str(threads.WORKERS),
    }
    assert f"from 1 to {paging.LARGEST_PAGE}" in text


def test_every_declared_cost_is_that_of_a_field() -> None:
    unknown = [
        name
        for name in costs.DECLARED
        for type_name, field in [name.split(".")]
        if field not in getattr(schema.type_map.get(type_name), "fields", {})
    ]
    assert unknown == []
