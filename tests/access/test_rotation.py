"""Rotation of an API key's secret, and the hour of its last use."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from graphsvc.access import (
    KeyRing,
    create_key,
    last_use,
    list_keys,
    revoke_key,
    rotate_key,
)
from graphsvc.access import keys as keys_module
from graphsvc.access.key_file import change_keys
from graphsvc.access.last_use import LastUse
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    NotAuthenticatedError,
    NotFoundError,
)

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "access"


def make(folder: Path, expires: datetime | None = None) -> tuple[str, str]:
    key, secret = create_key(folder, "shop", ["payment-fraud"], ["service"], expires)
    return key.id, secret


class Clock(datetime):
    """A clock that a test can put forward."""

    ahead = timedelta(0)

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + cls.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> type[Clock]:
    monkeypatch.setattr(keys_module, "datetime", Clock)
    monkeypatch.setattr(Clock, "ahead", timedelta(0))
    return Clock


def test_after_a_rotation_both_secrets_open_the_key_until_the_overlap_ends(
    folder: Path, clock: type[Clock]
) -> None:
    key_id, old = make(folder)
    ring = KeyRing(folder)
    before = ring.authenticate(old)
    rotated, new = rotate_key(folder, key_id, DAY)
    assert new != old
    assert rotated.id == key_id
    assert ring.authenticate(new) == before
    during = ring.authenticate(old)
    assert during.actor == before.actor
    assert during.expires is not None
    clock.ahead = DAY - timedelta(minutes=1)
    assert ring.authenticate(old).key_id == key_id
    clock.ahead = DAY + timedelta(minutes=1)
    assert ring.authenticate(new) == before
    with pytest.raises(NotAuthenticatedError, match=r"^the API key is not valid$"):
        ring.authenticate(old)


def test_without_an_overlap_the_old_secret_ends_at_once(folder: Path) -> None:
    key_id, old = make(folder)
    key, new = rotate_key(folder, key_id, timedelta(0))
    assert key.former == ()
    assert KeyRing(folder).authenticate(new)
    with pytest.raises(NotAuthenticatedError):
        KeyRing(folder).authenticate(old)


def test_a_shorter_overlap_shortens_that_of_earlier_secrets_and_no_secret_is_kept(
    folder: Path,
) -> None:
    key_id, first = make(folder)
    _, second = rotate_key(folder, key_id, 7 * DAY)
    key, third = rotate_key(folder, key_id, timedelta(hours=1))
    assert len({former.until for former in key.former}) == 1
    for secret in (first, second, third):
        assert KeyRing(folder).authenticate(secret).key_id == key_id
        assert secret[-43:] not in (folder / "keys.json").read_text()
    rotate_key(folder, key_id, timedelta(0))
    for secret in (first, second, third):
        with pytest.raises(NotAuthenticatedError):
            KeyRing(folder).authenticate(secret)


def test_revoking_a_key_ends_every_secret_of_it(folder: Path) -> None:
    key_id, old = make(folder)
    _, new = rotate_key(folder, key_id, DAY)
    revoke_key(folder, key_id)
    for secret in (old, new):
        with pytest.raises(NotAuthenticatedError):
            KeyRing(folder).authenticate(secret)
    with pytest.raises(ConflictError, match="is revoked; make a new one"):
        rotate_key(folder, key_id, DAY)


def test_a_rotation_keeps_the_keys_end_or_sets_another(folder: Path, clock: type[Clock]) -> None:
    key_id, old = make(folder, expires=datetime.now(UTC) + 10 * DAY)
    first, _ = rotate_key(folder, key_id, 30 * DAY)
    assert first.expires == list_keys(folder)[0].expires
    assert KeyRing(folder).authenticate(old).expires == first.expires
    clock.ahead = 11 * DAY
    with pytest.raises(NotAuthenticatedError):
        KeyRing(folder).authenticate(old)
    with pytest.raises(ConflictError, match="has expired; give it a new end: --days"):
        rotate_key(folder, key_id, DAY)
    _, new = rotate_key(folder, key_id, DAY, expires=Clock.now() + 5 * DAY)
    assert KeyRing(folder).authenticate(new)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
def test_an_overlap_that_cannot_be_is_refused_and_changes_nothing(
    folder: Path, overlap: timedelta
) -> None:
    key_id, secret = make(folder)
    before = list_keys(folder)
    with pytest.raises(InvalidInputError, match="from nothing to 90 days"):
        rotate_key(folder, key_id, overlap)
    with pytest.raises(NotFoundError, match="no key 'nope'"):
        rotate_key(folder, "nope", DAY)
    assert list_keys(folder) == before
    assert KeyRing(folder).authenticate(secret)


def test_an_operators_key_needs_no_purpose(folder: Path) -> None:
    _, secret = create_key(folder, "prometheus", [], ["operator"])
    assert KeyRing(folder).authenticate(secret).purposes == frozenset()


def test_a_role_that_is_none_counts_for_nothing(folder: Path) -> None:
    _, secret = make(folder)
    path = folder / "keys.json"
    path.write_text(path.read_text().replace('"service"', '"service", "admin"'))
    assert KeyRing(folder).authenticate(secret).roles == {"service"}
    assert list_keys(folder)[0].roles == ("service", "admin")


def test_last_use_is_the_hour_and_is_written_once_an_hour(folder: Path, clock: type[Clock]) -> None:
    key_id, secret = make(folder)
    assert last_use(folder, key_id) is None
    ring = KeyRing(folder)
    ring.authenticate(secret)
    now = datetime.now(UTC)
    assert last_use(folder, key_id) in {
        moment.replace(minute=0, second=0, microsecond=0)
        for moment in (now, now - timedelta(seconds=10))
    }
    (note,) = (folder / "last-use" / key_id).iterdir()
    note.unlink()
    ring.authenticate(secret)
    assert last_use(folder, key_id) is None, "a second request within the hour wrote again"
    clock.ahead = timedelta(hours=1)
    ring.authenticate(secret)
    assert last_use(folder, key_id) is not None


def test_a_refused_secret_is_no_use(folder: Path) -> None:
    key_id, secret = make(folder)
    with pytest.raises(NotAuthenticatedError):
        KeyRing(folder).authenticate(secret[:-1] + ("A" if secret[-1] != "A" else "B"))
    revoke_key(folder, key_id)
    with pytest.raises(NotAuthenticatedError):
        KeyRing(folder).authenticate(secret)
    assert last_use(folder, key_id) is None


def test_however_processes_interleave_the_latest_hour_survives(folder: Path) -> None:
    program = (
        "import sys, pathlib, datetime as d; from graphsvc.access.last_use import LastUse\n"
        "start = d.datetime(2026, 1, 1, tzinfo=d.UTC)\n"
        "hours = range(200) if sys.argv[2] == 'up' else range(198, -1, -1)\n"
        "for hour in hours:\n"
        "    LastUse(pathlib.Path(sys.argv[1])).note('k', start + d.timedelta(hours=hour))\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(folder), way], cwd=ROOT)
        for way in ("up", "down", "up")
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert last_use(folder, "k") == datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=199)


def test_a_folder_that_cannot_be_written_to_costs_the_note_and_not_the_request(
    folder: Path,
) -> None:
    folder.mkdir(parents=True)
    (folder / "last-use").write_text("in the way")
    LastUse(folder).note("k", datetime.now(UTC))
    key_id, secret = make(folder)
    assert KeyRing(folder).authenticate(secret).key_id == key_id


def test_keys_of_before_rotation_are_read(folder: Path) -> None:
    _, secret = make(folder)

    def without_new_fields() -> None:
        import json

        path = folder / "keys.json"
        content = json.loads(path.read_text())
        for key in content["keys"]:
            del key["rotated"], key["former"]
        path.write_text(json.dumps(content))

    without_new_fields()
    assert KeyRing(folder).authenticate(secret)
    assert change_keys(folder, lambda keys: keys)[0].former == ()
