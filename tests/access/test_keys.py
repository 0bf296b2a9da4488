from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphsvc.access import KeyRing, Principal, create_key, list_keys, revoke_key
from graphsvc.access.keys import LOOK_AGAIN_S
from graphsvc.errors import (
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
    SettingsError,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "access"


def make(folder: Path, name: str = "shop", expires: datetime | None = None) -> tuple[str, str]:
    key, secret = create_key(folder, name, ["payment-fraud"], ["service"], expires)
    return key.id, secret


def test_a_new_key_speaks_for_its_holder(folder: Path) -> None:
    key, secret = create_key(folder, "shop", ["b", "a", "b"], ["service", "analyst"])
    assert KeyRing(folder).authenticate(secret) == Principal(
        key_id=key.id,
        name="shop",
        roles=frozenset({"service", "analyst"}),
        purposes=frozenset({"a", "b"}),
    )
    assert key.purposes == ("a", "b")


def test_the_secret_is_kept_nowhere_and_only_the_owner_reads_the_file(folder: Path) -> None:
    key_id, secret = make(folder)
    (path,) = folder.glob("*.json")
    random_part = secret.removeprefix(f"gsk_{key_id}_")
    assert len(random_part) == 43  # 256 bits in base64
    assert random_part not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert random_part not in repr(list_keys(folder))
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []


def test_two_secrets_are_never_alike(folder: Path) -> None:
    secrets = {make(folder)[1] for _ in range(20)}
    assert len(secrets) == len(list_keys(folder)) == 20


@pytest.mark.parametrize("spoil", ["last", "id", "shorter", "longer", "empty", "other", "odd"])
def test_anything_but_the_secret_is_refused_in_the_same_words(folder: Path, spoil: str) -> None:
    _, secret = make(folder)
    wrong = {
        "last": secret[:-1] + ("A" if secret[-1] != "A" else "B"),
        "id": "gsk_0123456789abcdef_" + secret[-43:],
        "shorter": secret[:-1],
        "longer": secret + "A",
        "empty": "",
        "other": "Bearer " + secret,
        "odd": "gsk_\ud800",
    }[spoil]
    with pytest.raises(NotAuthenticatedError, match=r"^the API key is not valid$"):
        KeyRing(folder).authenticate(wrong)


def test_without_a_file_nobody_gets_in(folder: Path) -> None:
    assert list_keys(folder) == ()
    with pytest.raises(NotAuthenticatedError):
        KeyRing(folder).authenticate("gsk_0123456789abcdef_" + "A" * 43)


def test_a_ring_that_is_open_notices_new_and_revoked_keys(folder: Path) -> None:
    ring = KeyRing(folder)
    _, first = make(folder)
    assert ring.authenticate(first).name == "shop"
    second_id, second = make(folder, "till")
    assert ring.authenticate(second).name == "till"
    revoke_key(folder, second_id)
    with pytest.raises(NotAuthenticatedError):
        ring.authenticate(second)
    assert ring.authenticate(first).name == "shop"


def test_a_revoked_key_stays_listed_and_revoking_again_changes_nothing(folder: Path) -> None:
    key_id, _ = make(folder)
    once = revoke_key(folder, key_id)
    assert once.revoked is not None
    assert revoke_key(folder, key_id) == once
    assert list_keys(folder) == (once,)


def test_an_unknown_key_cannot_be_revoked(folder: Path) -> None:
    key_id, _ = make(folder)
    with pytest.raises(NotFoundError, match="no key 'nope'"):
        revoke_key(folder, "nope")
    assert [key.id for key in list_keys(folder) if key.revoked is None] == [key_id]


def test_a_key_stops_when_it_expires(folder: Path) -> None:
    _, secret = make(folder, expires=datetime.now(UTC) + timedelta(seconds=0.3))
    ring = KeyRing(folder)
    assert ring.authenticate(secret)
    time.sleep(0.35)
    with pytest.raises(NotAuthenticatedError):
        ring.authenticate(secret)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": ""}, "name: is empty"),
        ({"purposes": []}, "purposes: is empty; name at least one"),
        ({"roles": []}, "roles: is empty; name at least one"),
        ({"purposes": ["No Name"]}, "purposes: 'No Name' is no name"),
        ({"roles": ["x\n"]}, r"roles: 'x\\n' is no role"),
        (
            {"roles": ["analyst", "admin"]},
            "^roles: 'admin' is no role; there are service, analyst, reviewer, operator, auditor$",
        ),
        ({"roles": ["operator", "auditor"], "purposes": []}, "purposes: is empty"),
        ({"expires": datetime(2020, 1, 1, tzinfo=UTC)}, "expires: is 2020-01-01"),
        ({"expires": datetime(2040, 1, 1)}, "without a time zone"),
    ],
)
def test_a_key_that_could_not_work_is_refused_and_nothing_is_kept(
    folder: Path, values: dict[str, object], message: str
) -> None:
    given = {"name": "shop", "purposes": ["a"], "roles": ["service"], "expires": None} | values
    with pytest.raises(InvalidInputError, match=message):
        create_key(folder, **given)  # type: ignore[arg-type]
    assert list_keys(folder) == ()


def test_a_damaged_file_lets_nobody_in(folder: Path) -> None:
    _, secret = make(folder)
    ring = KeyRing(folder)
    ring.authenticate(secret)
    (folder / "keys.json").write_text('{"version": 1, "keys": [{}]}')
    time.sleep(LOOK_AGAIN_S)
    with pytest.raises(SettingsError, match="is damaged"):
        ring.authenticate(secret)
    with pytest.raises(SettingsError, match="is damaged"):
        make(folder)


def test_a_file_that_others_may_write_to_lets_nobody_in(folder: Path) -> None:
    _, secret = make(folder)
    (folder / "keys.json").chmod(0o666)
    with pytest.raises(SettingsError, match="others may write to it"):
        KeyRing(folder).authenticate(secret)


def test_processes_that_make_keys_at_once_lose_none(folder: Path) -> None:
    program = (
        "import sys, pathlib; from graphsvc.access import create_key\n"
        "for n in range(10):\n"
        "    create_key(pathlib.Path(sys.argv[1]), f'{sys.argv[2]}-{n}', ['a'], ['service'])\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder), name],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for name in ("one", "two", "three")
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len({key.name for key in list_keys(folder)}) == 30
    assert len(json.loads((folder / "keys.json").read_text())["keys"]) == 30
