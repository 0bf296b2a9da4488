"""What is held can be had, corrected and erased, and an erasure leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from graphsvc.app import Service
from graphsvc.cli.output import plain
from graphsvc.correcting import corrected
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    InvalidRecordError,
    NotFoundError,
    StoreUnavailableError,
    SubjectNotFoundError,
)
from graphsvc.model import AuditAction, EventKind, Record, RecordType, Retraction, Subject
from graphsvc.rights import audit_of
from tests.service.samples import AS_OF, PURPOSE, account, event, listed, report, trusts

NAME = "mallory-7f3a"
MALLORY = account(NAME)


def about_mallory() -> list[Record]:
    """Return records of every type that name her, in every place where a record can."""
    return [
        Subject(source="test", external_id=f"reg:{NAME}", subject=MALLORY, display_name=NAME),
        trusts(NAME, "shop"),
        trusts("shop", NAME),
        trusts(NAME, "far", external_id=f"old:{NAME}"),
        trusts(NAME, "far", 5.0, external_id=f"new:{NAME}", supersedes=f"old:{NAME}"),
        event(EventKind.ORDER_COMPLETED, NAME),
        event(EventKind.CHARGEBACK, NAME, external_id=f"wrong:{NAME}"),
        Retraction(
            source="test", external_id=f"r:{NAME}", supersedes=f"wrong:{NAME}", reason="not hers"
        ),
        report(NAME, "shop"),
        report("shop", NAME, text="told me so"),
        listed(NAME, "otc-known-good"),
    ]


def about_others() -> list[Record]:
    return [
        trusts("shop", "far"),
        event(EventKind.ORDER_COMPLETED, "shop"),
        listed("far", "otc-known-good"),
    ]


@pytest.fixture
def service(either_service: Service) -> Service:
    outcomes = either_service.store.append([*about_others(), *about_mallory()])
    assert {outcome.status for outcome in outcomes} == {"accepted"}
    either_service.recompute(PURPOSE, as_of=AS_OF)
    return either_service


def everything_stored(service: Service, request: pytest.FixtureRequest) -> str:
    """Return all that the store's own files or graph hold, and every file beside it, as text."""
    folder = service.settings.data_dir
    texts = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    if service.settings.store.startswith("sqlite"):
        database = Path(service.settings.store.removeprefix("sqlite:///"))
        texts += [path.read_bytes() for path in database.parent.glob(f"{database.name}*")]
        return b"\n".join(texts).decode("latin-1")
    driver = request.getfixturevalue("neo4j_driver")
    return "\n".join([b"\n".join(texts).decode("latin-1"), *_graph(driver)])


def _graph(driver: Any) -> Iterator[str]:
    with driver.session(database="neo4j") as session:
        for row in session.run("MATCH (n) RETURN labels(n) AS labels, properties(n) AS held"):
            yield repr(row.data())
        for row in session.run("MATCH ()-[r]->() RETURN type(r) AS type, properties(r) AS held"):
            yield repr(row.data())


def test_erasing_leaves_nothing_behind(service: Service, request: pytest.FixtureRequest) -> None:
    service.explain(PURPOSE, MALLORY)
    service.redress.open(MALLORY, PURPOSE, grounds=f"I am {NAME}", actor="a")
    service.redress.open(
        account("shop"), ("test", f"trusts:shop:{NAME}"), grounds="not mine", actor="a"
    )
    service.redress.export(MALLORY, actor="a")
    assert NAME in everything_stored(service, request)

    erased = service.redress.erase(MALLORY, actor="officer")

    assert erased == len(about_mallory()) + 2
    assert NAME not in everything_stored(service, request)
    assert service.store.subject_numbers([MALLORY]) == [None]
    with pytest.raises(SubjectNotFoundError):
        service.scores(PURPOSE).score(MALLORY)
    with pytest.raises(NotFoundError):
        service.redress.export(MALLORY, actor="a")


def test_the_rest_is_as_if_she_had_never_been(service: Service, tmp_path: Path) -> None:
    from graphsvc.settings import Settings

    service.redress.erase(MALLORY, actor="officer")
    run = service.recompute(PURPOSE, as_of=AS_OF)
    alone = Settings(store=f"sqlite:///{tmp_path / 'alone.db'}", data_dir=tmp_path / "alone")
    with Service.open(alone) as other:
        other.store.append(about_others())
        assert other.recompute(PURPOSE, as_of=AS_OF).checksum == run.checksum
    kinds = {kind: count for kind, count in service.store.count_records().items() if count}
    assert kinds == {RecordType.LINK: 1, RecordType.EVENT: 1, RecordType.LISTING: 1}
    assert service.store.last_sequence() == len(about_others()) + len(about_mallory())


def test_every_published_run_is_without_her_and_still_sound(service: Service) -> None:
    before = {run.run_id: run for run in service.runs()}
    shop = service.scores(PURPOSE).score(account("shop"))
    first_id = service.scores(PURPOSE).run.run_id
    service.redress.erase(MALLORY, actor="officer")
    after = {run.run_id: run for run in service.runs()}
    assert set(before) < set(after)
    redacted = after[first_id]
    assert redacted.subjects == before[first_id].subjects - 1
    assert redacted.checksum != before[first_id].checksum
    assert service.scores(PURPOSE, run_id=first_id).score(account("shop")) == shop


def test_a_run_of_before_says_that_it_cannot_be_explained_any_more(service: Service) -> None:
    first_id = service.scores(PURPOSE).run.run_id
    service.redress.erase(MALLORY, actor="officer")
    with pytest.raises(ConflictError, match="erased since"):
        service.explain(PURPOSE, account("shop"), run_id=first_id)
    assert service.explain(PURPOSE, account("shop")).score.subject == account("shop")


def test_the_audit_knows_her_by_a_keyed_hash_only_and_stays_sound(service: Service) -> None:
    from graphsvc.access.audit_check import verify_chain

    service.redress.export(MALLORY, actor="a")
    service.redress.erase(MALLORY, actor="officer")
    entries = list(audit_of(service.store, service.pseudonyms, MALLORY))
    assert [entry.draft.action for entry in entries] == ["export", "erasure_begun", "erased"]
    assert all(NAME not in json.dumps(plain(entry)) for entry in entries)
    assert verify_chain(service.store).position >= 4


def test_who_comes_back_can_be_erased_again(
    service: Service, request: pytest.FixtureRequest
) -> None:
    for _ in range(3):
        assert service.redress.erase(MALLORY, actor="officer") == len(about_mallory())
        assert NAME not in everything_stored(service, request)
        outcomes = service.store.append(about_mallory())
        assert {outcome.status for outcome in outcomes} == {"accepted"}
        service.recompute(PURPOSE, as_of=AS_OF)


def test_what_a_killed_recomputation_staged_goes_too(
    service: Service, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "publish_run", killed)
        patched.setattr(service.store, "discard_staged_run", killed)
        with pytest.raises(KeyboardInterrupt):
            service.recompute(PURPOSE, as_of=AS_OF)
    service.redress.erase(MALLORY, actor="officer")
    assert NAME not in everything_stored(service, request)


@pytest.mark.parametrize("step", ["stage_run_chunk", "publish_run"])
def test_a_run_in_the_making_does_not_bring_her_back(
    service: Service,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    original = getattr(service.store, step)

    def erased_first(*arguments: object) -> None:
        monkeypatch.undo()
        service.redress.erase(MALLORY, actor="officer")
        original(*arguments)

    monkeypatch.setattr(service.store, step, erased_first)
    with pytest.raises(ConflictError):
        service.recompute(PURPOSE, as_of=AS_OF)
    with pytest.raises(SubjectNotFoundError):
        service.scores(PURPOSE).score(MALLORY)
    assert NAME not in everything_stored(service, request)


def test_a_failed_publication_leaves_nothing_staged(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailableError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(service.store, "publish_run", full)
        with pytest.raises(StoreUnavailableError):
            service.recompute(PURPOSE, as_of=AS_OF)
    assert service.store.discard_staged_runs() == 0


def test_of_two_erasures_at_once_neither_undoes_the_other(
    service: Service, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    victor = account("victor-9b1c")
    service.store.append([event(EventKind.CHARGEBACK, victor.key, external_id="v")])
    first_id = service.recompute(PURPOSE, as_of=AS_OF).run_id
    original = service.store.stage_run_chunk

    def other_erasure_first(*arguments: Any) -> None:
        monkeypatch.undo()
        service.redress.erase(victor, actor="officer")
        original(*arguments)

    monkeypatch.setattr(service.store, "stage_run_chunk", other_erasure_first)
    service.redress.erase(MALLORY, actor="officer")
    for gone in (MALLORY, victor):
        with pytest.raises(SubjectNotFoundError):
            service.scores(PURPOSE, run_id=first_id).score(gone)
        assert gone.key not in everything_stored(service, request)
    assert service.scores(PURPOSE, run_id=first_id).score(account("shop"))


def test_who_is_on_a_blacklist_is_not_erased_by_a_slip(service: Service) -> None:
    until = datetime(2100, 1, 1, tzinfo=UTC)
    service.store.append([listed(NAME, "marketplace-fraud", until=until)])
    before = service.store.count_records()
    with pytest.raises(ConflictError, match="is on marketplace-fraud until 2100-01-01"):
        service.redress.erase(MALLORY, actor="officer")
    assert service.store.count_records() == before
    assert service.redress.erase(MALLORY, actor="officer", even_if_blacklisted=True) == 12


def test_all_that_is_held_can_be_had_with_every_read(service: Service) -> None:
    service.note("shop (key 1)", AuditAction.READ_SCORE, purpose=PURPOSE, subject=MALLORY)
    service.note("shop (key 1)", AuditAction.READ_SCORE, purpose=PURPOSE, subject=account("shop"))
    held = service.redress.export(MALLORY, actor="officer")
    ids = [stored.record.external_id for stored in held.records]
    wanted = [record for record in about_mallory() if not isinstance(record, Retraction)]
    made = [record for record in wanted if record == report("shop", NAME, text="told me so")]
    assert ids == [record.external_id for record in wanted if record not in made]
    assert [stored.record for stored in held.made] == made
    assert [entry.draft.action for entry in held.reads] == ["read_score", "export"]
    assert held.reads[0].draft.actor == "shop (key 1)"
    assert json.dumps(plain(held))


def test_who_reported_her_is_withheld(service: Service) -> None:
    held = service.redress.export(MALLORY, actor="officer")
    (found,) = (s.record for s in held.records if s.record.record_type is RecordType.REPORT)
    assert found.reporter is None  # type: ignore[attr-defined]
    assert '"account:shop"' not in json.dumps(plain(found))


def test_nothing_is_held_on_a_stranger(service: Service) -> None:
    with pytest.raises(NotFoundError, match="account:stranger: nothing is held"):
        service.redress.export(account("stranger"), actor="a")
    with pytest.raises(NotFoundError):
        service.redress.erase(account("stranger"), actor="a")


def test_a_correction_takes_the_place_of_the_wrong_record(service: Service) -> None:
    before = service.scores(PURPOSE).score(MALLORY).score
    wrong = service.store.record("test", f"otc-known-good:{NAME}")
    assert wrong is not None
    right = corrected(wrong.record, ["severity=0.25"], "right")
    changes = service.redress.correct(right, actor="officer", as_of=AS_OF)
    assert service.scores(PURPOSE).score(MALLORY).score < before
    assert MALLORY in {change.subject for change in changes}
    assert service.store.record("test", f"otc-known-good:{NAME}").superseded_by is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("assignments", "error", "words"),
    [
        ([], InvalidInputError, "names no field"),
        (["colour=red"], InvalidInputError, "one of subject, list_name"),
        (["source=me"], InvalidInputError, "source=me"),
        (["severity"], InvalidInputError, "field=value"),
        (["severity=much"], InvalidRecordError, "severity: is 'much'"),
        (["severity=7"], InvalidRecordError, "from 0 to 1"),
        (["until=never"], InvalidRecordError, "until: is 'never'"),
        (["list_kind=greylist"], InvalidRecordError, "list_kind"),
    ],
)
def test_a_correction_that_makes_no_sense_says_so(
    assignments: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        corrected(listed("ann", "marketplace-fraud"), assignments, "new")


def test_every_type_of_field_can_be_corrected() -> None:
    made = corrected(
        listed("ann", "marketplace-fraud"),
        ["subject=person:bob", "until=2031-02-03T00:00:00Z", "list_kind=allowlist"],
        "new",
    )
    assert str(made.subject) == "person:bob"  # type: ignore[attr-defined]
    assert made.until == datetime(2031, 2, 3, tzinfo=UTC)  # type: ignore[attr-defined]
    assert made.supersedes == "marketplace-fraud:ann"
