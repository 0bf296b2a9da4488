"""Log lines: what an error's line holds, and what it holds at level debug only."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator

import pytest
import structlog

from graphsvc import logs
from graphsvc.errors import StoreError

NAME = "account:zanzibar-7731"


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    logs.configure_logs("console", "info")


def failing() -> None:
    try:
        {}[NAME]
    except KeyError as error:
        raise StoreError(f"no {NAME}") from error


def failing_alone() -> None:
    try:
        {}[NAME]
    except KeyError:
        raise ValueError(NAME) from None


def logged(level: str, capsys: pytest.CaptureFixture[str]) -> str:
    logs.configure_logs("json", level)
    try:
        failing()
    except StoreError:
        structlog.get_logger("x").exception("failed")
    return str(json.loads(capsys.readouterr().err)["exception"])


def test_an_error_is_told_by_its_kind_and_place_and_not_by_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = logged("info", capsys)
    assert NAME not in said
    assert "KeyError" in said.splitlines()
    assert said.splitlines()[-1] == "graphsvc.errors.StoreError"
    assert "in failing" in said


def test_its_message_is_told_at_level_debug(capsys: pytest.CaptureFixture[str]) -> None:
    assert NAME in logged("debug", capsys)


def test_an_error_without_causes_of_its_own_hides_what_it_was_made_of() -> None:
    with pytest.raises(ValueError, match=NAME) as caught:
        failing_alone()
    assert "KeyError" not in logs.described_without_messages(caught.value)


def test_the_examples_hold() -> None:
    assert doctest.testmod(logs).failed == 0
