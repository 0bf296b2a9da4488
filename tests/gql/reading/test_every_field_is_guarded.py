"""The whole schema × roles × purposes: what isn't held is reached by nothing that there is.

The fields are found in the schema, not listed here: one that is added without protection fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLNonNull, parse, validate

from gql.context import RequestContext
from gql.schema import schema
from gql.tables import execute_tables
from graphsvc.access import AuditTrail, Principal
from graphsvc.errors import GraphsvcError
from graphsvc.model import Role
from tests.gql.conftest import World
from tests.gql.reading.walking import (
    NAMED,
    Place,
    everything_in,
    objects,
    places,
    query_type,
    returned,
    takes_purpose,
)
from tests.gql.world import DEPOSIT, MARKETPLACE, THIN_FILE

PURPOSES = [MARKETPLACE, THIN_FILE, DEPOSIT, "payment-fraud"]
UNKNOWN = ["no-such-purpose", ""]
PLACES = places()

WITHOUT_PURPOSE = {
    "subject",  # a handle that says nothing by itself
    "node",  # its ids name the purpose: see below and test_nodes
    "nodes",
    "purposes",  # those that are held, no others
}
OPEN_FIELDS = {"Subject": {"id", "kind", "key"}}
"""Fields of what is reached without a purpose that tell nothing of any purpose's evidence."""

OF_HOLDERS = {"Query.jobs", "Query.waitingRuns"}
"""Fields that tell of no evidence: whoever holds the purpose may ask, in the right role."""

CANARIES = {
    MARKETPLACE: ["chargeback:ann:15", "secret-dot", "phone-1"],
    THIN_FILE: ["late_payment:ann:20", "thin-file-credit-linear", "first-credit"],
    DEPOSIT: ['"hal"', "deposit-waiver-linear", "hire-deposit"],
}
"""What only readers of a purpose can know."""


def principal(*roles: Role, purposes: list[str]) -> Principal:
    return Principal(
        key_id="k", name="walker", roles=frozenset(roles), purposes=frozenset(purposes)
    )


@contextmanager
def asking(world: World) -> Iterator[Any]:
    """Yield what answers a query of a principal, by the executor that serves."""
    with AuditTrail(world.service.store) as trail:

        def ask(who: Principal, *roots: str, more: str = "") -> dict[str, Any]:
            document = parse(f"{{ {' '.join(roots)} }} {more}")
            assert validate(schema, document) == []
            context = RequestContext(world.service, trail, who)
            found = execute_tables(schema, document, context_value=context)
            errors = [
                {
                    "path": error.path,
                    "code": error.original_error.code
                    if isinstance(error.original_error, GraphsvcError)
                    else "OTHER",
                    "message": error.message,
                }
                for error in found.errors or []
            ]
            return {"data": found.data, "errors": errors}

        yield ask


def leaf(data: Any, alias: str) -> Any:
    """Return what stands at the end of one root field: the value, or null."""
    value = data[alias]
    while isinstance(value, dict) and len(value) == 1:
        (value,) = value.values()
    return value


def test_the_walk_knows_of_the_fields_that_this_file_was_written_for() -> None:
    assert {
        "Query.decisions", "Query.subjects", "Query.audit", "Query.runs", "Subject.score",
        "Subject.links", "Subject.reports", "Subject.explanation",
    } <= {str(place) for place in PLACES}  # fmt: skip


def test_every_field_of_query_takes_a_purpose_but_for_a_few_that_need_none() -> None:
    without = {name for name, field in query_type().fields.items() if not takes_purpose(field)}
    assert without == WITHOUT_PURPOSE


def test_what_is_reached_without_a_purpose_tells_nothing_but_by_a_purpose() -> None:
    fields = query_type().fields
    waiting = [type_ for name in WITHOUT_PURPOSE - {"purposes"} for type_ in returned(fields[name])]
    open_types = {type_.name: type_ for type_ in waiting}
    while waiting:
        for field in waiting.pop().fields.values():
            for type_ in [] if takes_purpose(field) else returned(field):
                if type_.name not in open_types:
                    open_types[type_.name] = type_
                    waiting.append(type_)
    without = {
        name: {f for f, field in type_.fields.items() if not takes_purpose(field)}
        for name, type_ in open_types.items()
    }
    assert without == OPEN_FIELDS


def test_every_change_is_for_a_purpose() -> None:
    mutation = schema.mutation_type
    without = set()
    for name, field in (mutation.fields if mutation is not None else {}).items():
        types = [
            argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else argument.type
            for argument in field.args.values()
        ]
        inputs = [type_ for type_ in types if isinstance(type_, GraphQLInputObjectType)]
        if not any("purpose" in type_.fields for type_ in inputs) and not takes_purpose(field):
            without.add(name)
    assert without == set()


def test_every_subscription_is_for_a_purpose() -> None:
    assert schema.subscription_type is not None
    fields = schema.subscription_type.fields.items()
    assert {name for name, field in fields if not takes_purpose(field)} == set()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("held", [[MARKETPLACE], [THIN_FILE], [MARKETPLACE, DEPOSIT]])
def test_no_field_answers_for_a_purpose_that_is_not_held_or_does_not_admit_the_role(
    archive: World, role: Role, held: list[str]
) -> None:
    who = principal(role, purposes=held)
    library = archive.service.library
    with asking(archive) as ask:
        for purpose in [*PURPOSES, *UNKNOWN]:
            if purpose in held and role in library.purpose(purpose).reader_roles:
                continue
            of_readers = [
                place for place in PLACES if purpose not in held or str(place) not in OF_HOLDERS
            ]
            roots = [
                place.asking(purpose, _typename(place), f"f{number}")
                for number, place in enumerate(of_readers)
            ]
            before = archive.store.reads()
            answer = ask(who, *roots)
            assert archive.store.reads() == before
            for number, place in enumerate(of_readers):
                assert leaf(answer["data"], f"f{number}") is None, str(place)
            refusal = f"purpose {purpose!r}: this credential may not read for it"
            assert [(e["code"], e["message"]) for e in answer["errors"]] == [
                ("FORBIDDEN", refusal)
            ] * len(of_readers)


def test_every_field_answers_somebody_so_that_a_refusal_means_something(archive: World) -> None:
    everybody = principal(*Role, purposes=[MARKETPLACE])
    silent = set()
    with asking(archive) as ask:
        for place in PLACES:
            answer = ask(everybody, place.asking(MARKETPLACE, _typename(place), "f"))
            codes = {error["code"] for error in answer["errors"]}
            assert "FORBIDDEN" not in codes, answer
            if leaf(answer["data"], "f") is None:
                silent.add(str(place))
    # They need live scores, or a run or dispute of the name that the walk gives.
    assert silent <= {
        "Query.whatIf", "Query.whatWouldChange", "Query.run", "Query.dispute", "Query.case",
        "Subject.liveScore",
    }  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_two_purposes_are_never_joined_in_one_request(archive: World, place: Place) -> None:
    both = principal(*Role, purposes=[MARKETPLACE, THIN_FILE])
    first = f'a: runs(purpose: "{MARKETPLACE}") {{ purpose }}'
    by_fragment = "...F"
    fragment = f"fragment F on Query {{ {place.asking(THIN_FILE, _typename(place), 'b')} }}"
    with asking(archive) as ask:
        for second, more in (
            (place.asking(THIN_FILE, _typename(place), "b"), ""),
            (by_fragment, fragment),
        ):
            answer = ask(both, first, second, more=more)
            assert answer["data"]["a"]
            assert leaf(answer["data"], "b") is None
            (error,) = answer["errors"]
            assert (error["code"], error["message"]) == (
                "FORBIDDEN",
                f"purpose '{THIN_FILE}': this request reads for '{MARKETPLACE}' already; "
                "send one request for each purpose",
            )


@pytest.mark.parametrize("purpose", [MARKETPLACE, THIN_FILE, DEPOSIT])
def test_all_that_one_purpose_shows_holds_nothing_of_another(
    archive: World, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that there is, three levels below each field, read by a holder of one purpose."""
    told = ""
    with asking(archive) as ask:
        for key, roles in product(("ann", "cid"), ((Role.SERVICE,), tuple(Role))):
            monkeypatch.setitem(NAMED, "key", f'"{key}"')
            who = principal(*roles, purposes=[purpose])
            for place in PLACES:
                named = returned(place.field)
                selection = everything_in(named[0], purpose, 3) if named else ""
                told += json.dumps(ask(who, place.asking(purpose, selection)), default=str)
    for other, canaries in CANARIES.items():
        seen = [canary for canary in canaries if canary in told]
        assert seen == (canaries if other == purpose else []), other
    for other in PURPOSES:
        assert (f'"{other}"' in told) is (other == purpose)


def test_every_type_with_an_id_is_asked_for_by_it_in_the_test_of_ids() -> None:
    from tests.gql.reading.test_nodes import TYPES

    node = schema.type_map["Node"]
    assert {type_.name for type_ in schema.get_possible_types(node)} == TYPES  # type: ignore[arg-type]
    assert {type_.name for type_ in objects() if "id" in type_.fields} == TYPES


def _typename(place: Place) -> str:
    return "{ __typename }" if returned(place.field) else ""
