"""Claims that hold for every world: determinism, size, order, validity, what was known when."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphsvc.errors import ConflictError, InvalidRecordError, SettingsError
from graphsvc.model import EventKind, Link, Record, RecordType, Report, ReportStatus, Subject
from graphsvc.model.event import Event
from graphsvc.store.ports import AppendOutcome, AppendStatus
from graphsvc.store.sqlite import SqliteStore
from graphsvc.world import World, WorldSettings, generate, load_world, write_world
from graphsvc.world.records import TYPES
from graphsvc.world.settings import PARAMETERS
from tests.world.reading import concerned, happened_at, of_type

DIGEST = """
import hashlib
from graphsvc.world import WorldSettings, generate
records = generate(WorldSettings(subjects=1_000, seed=5)).records()
print(hashlib.sha256("".join(map(repr, records)).encode()).hexdigest())
"""

any_world = st.builds(
    WorldSettings,
    subjects=st.integers(1_000, 1_600),
    seed=st.integers(0, 2**40),
    start=st.datetimes(datetime(1990, 1, 1), datetime(2020, 1, 1)).map(
        lambda time: time.replace(microsecond=0, tzinfo=UTC)
    ),
    days=st.integers(365, 900),
    business_share=st.floats(0.02, 0.06),
    account_share=st.floats(0.15, 0.28),
    device_share=st.just(0.22),
    address_share=st.floats(0.1, 0.16),
    thin_file_share=st.floats(0, 0.5),
    lone_fraudster_share=st.floats(0, 0.05),
    fraudulent_shop_share=st.floats(0, 0.2),
    colluder_share=st.floats(0, 0.1),
    colluding_group_size=st.floats(3, 30),
    fake_account_share=st.floats(0, 0.3),
    fake_ring_size=st.floats(5, 200),
    attack_links_per_ring=st.integers(0, 50),
    false_reporter_share=st.floats(0, 0.1),
    false_reporter_ring_size=st.floats(4, 100),
    detection=st.floats(0, 1),
    listing_delay_days=st.floats(31, 60),
    shortest_delay_days=st.floats(0.5, 30),
    mistaken_listing_share=st.floats(0, 0.3),
    renewal_share=st.floats(0, 1),
    reciprocity=st.floats(0, 1),
    early_share=st.floats(0, 1),
)


def digest(records: list[Record]) -> str:
    return hashlib.sha256("".join(map(repr, records)).encode()).hexdigest()


def test_the_same_settings_give_the_same_bytes(small: World, tmp_path: Path) -> None:
    again = generate(WorldSettings(subjects=1_000, seed=5))
    for world, name in ((small, "a"), (again, "b")):
        write_world(world, tmp_path / name)
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert len(files) == 9
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_process_with_another_hash_seed_gives_the_same_records(small: World) -> None:
    told = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env=os.environ | {"PYTHONHASHSEED": "12345"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == digest(list(small.records()))


def test_another_seed_gives_another_world(small: World) -> None:
    other = generate(WorldSettings(subjects=1_000, seed=6))
    mine = {replace(record, source="s") for record in small.records()}
    assert len(mine & {replace(record, source="s") for record in other.records()}) < len(mine) / 10


@settings(max_examples=25, deadline=None)
@given(any_world)
@example(WorldSettings(subjects=1_000, fake_account_share=0.0, false_reporter_share=0.0078125))
@example(WorldSettings(subjects=1_000, colluder_share=0.1, colluding_group_size=3, detection=1))
def test_any_settings_give_a_sound_world(asked: WorldSettings) -> None:
    world = generate(asked)
    joined_at = {truth.subject: truth.joined_at for truth in world.truth()}
    assert len(joined_at) == asked.subjects
    seen, identities, last = set(), set(), asked.start
    for record in world.records():
        at = happened_at(record)
        if isinstance(record, Subject):
            seen.add(record.subject)
            at = joined_at[record.subject]
        assert at is not None
        assert asked.start <= last <= at < asked.end
        last = at
        assert record.source == asked.source
        assert seen.issuperset(concerned(record)), "a record names somebody who is not there yet"
        identities.add(record.external_id)
    assert seen == set(joined_at)
    assert len(identities) == sum(world.count_records().values())


def test_every_shipped_event_kind_happens(records: list[Record]) -> None:
    assert {event.kind for event in of_type(records, Event)} == set(EventKind)


def test_the_store_accepts_every_record_and_once_only(small: World, tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "world.db")
    store.migrate()
    sent: list[int] = []
    loaded = load_world(small, store, batch_size=6_000, progress=sent.append)
    total = sum(small.count_records().values())
    assert (loaded.accepted, loaded.unchanged) == (total, 0)
    assert sent == [*range(6_000, total, 6_000), total]
    assert store.count_subjects() == 1_000
    stored = {kind: count for kind, count in store.count_records().items() if count}
    assert stored == small.count_records()
    again = load_world(small, store)
    assert (again.accepted, again.unchanged) == (0, total)
    store.close()


def test_a_store_with_another_world_under_the_same_name_refuses_this_one(
    small: World, tmp_path: Path
) -> None:
    store = SqliteStore.open(tmp_path / "world.db")
    store.migrate()
    other = generate(WorldSettings(subjects=1_000, seed=5, orders_per_person=3.0))
    load_world(other, store)
    with pytest.raises(ConflictError, match="into a store of its own"):
        load_world(small, store)
    store.close()


def test_batches_are_as_large_as_asked_and_come_in_order(small: World) -> None:
    class Sink:
        sizes: list[int]
        ids: list[str]

        def __init__(self) -> None:
            self.sizes, self.ids = [], []

        def append(self, records: list[Record]) -> list[AppendOutcome]:
            self.sizes.append(len(records))
            self.ids += [record.external_id for record in records]
            return [AppendOutcome(AppendStatus.ACCEPTED)] * len(records)

    sink = Sink()
    load_world(small, sink, batch_size=999)
    assert set(sink.sizes[:-1]) == {999}
    assert sink.ids == [record.external_id for record in small.records()]


@pytest.mark.parametrize("record_type", TYPES)
def test_the_records_of_one_type_are_those_of_the_whole_stream(
    small: World, record_type: RecordType
) -> None:
    whole = [record for record in small.records() if record.record_type is record_type]
    assert list(small.records_of_type(record_type)) == whole


def test_what_is_known_at_a_moment_holds_nothing_of_later(world: World) -> None:
    moment = world.settings.start + timedelta(days=400)
    decided_at = {truth.external_id: truth.decided_at for truth in world.report_truth()}
    known = list(world.records(known_at=moment))
    for record in known:
        at = happened_at(record)
        assert at is None or at <= moment
        if isinstance(record, Link) and record.valid_to is not None:
            assert record.valid_to <= moment
        if isinstance(record, Report):
            decided = decided_at[record.external_id]
            is_decided = decided is not None and decided <= moment
            assert is_decided == (record.status is not ReportStatus.OPEN)
    assert any(at is not None and at > moment for at in decided_at.values())


def test_what_is_known_at_a_moment_is_otherwise_what_is_known_in_the_end(small: World) -> None:
    world, moment = small, small.settings.start + timedelta(days=400)

    def without_outcome(record: Record) -> Record:
        if isinstance(record, Report):
            return replace(record, status=ReportStatus.OPEN)
        return replace(record, valid_to=None) if isinstance(record, Link) else record

    known = [without_outcome(record) for record in world.records(known_at=moment)]
    whole = [without_outcome(record) for record in world.records()]
    assert known == whole[: len(known)]
    assert len(known) < len(whole)
    assert list(world.records(world.settings.end)) == list(world.records())


def test_a_moment_without_a_time_zone_is_refused(small: World) -> None:
    with pytest.raises(InvalidRecordError, match=r"known_at: .* without a time zone"):
        next(small.records(known_at=datetime(2024, 5, 1)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"subjects": 999}, "subjects: is 999; 1000 to 1000000 is needed"),
        ({"seed": -1}, "seed: is -1; at least 0 is needed"),
        ({"start": datetime(2024, 1, 1)}, "start: .* a time in UTC is needed"),
        ({"days": 30}, "days: is 30; 365 to 7305 is needed"),
        ({"detection": 1.5}, "detection: is 1.5; 0 to 1 is needed"),
        ({"device_share": 0.15}, "device_share: is 0.15; at least 0.18"),
        ({"account_share": 0.35}, "a quarter of the subjects left for people"),
        ({"reciprocity": float("nan")}, "reciprocity: is nan; 0 to 1 is needed"),
    ],
)
def test_a_setting_out_of_range_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        WorldSettings(**changes)  # type: ignore[arg-type]


def test_every_parameter_is_explained_where_it_is_declared_and_in_the_docs() -> None:
    page = Path("docs/demonstration-world.md").read_text(encoding="utf-8")
    for name in PARAMETERS:
        assert f"        {name}: " in (WorldSettings.__doc__ or "")
        assert f"| `{name}` | {getattr(WorldSettings(), name)} |" in page
