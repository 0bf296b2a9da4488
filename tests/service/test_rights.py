"""What is held can be had, corrected and erased, and an erasure leaves nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from graphsvc.app import Service
from graphsvc.cli.output import plain
from graphsvc.correcting import corrected, correction_id
from graphsvc.disputes import all_disputes
from graphsvc.errors import (
    ConflictError,
    InvalidInputError,
    InvalidRecordError,
    NotFoundError,
    StoreUnavailableError,
    SubjectNotFoundError,
)
from graphsvc.model import (
    AuditAction,
    DisputeStatus,
    EventKind,
    Record,
    RecordType,
    Report,
    Retraction,
    Subject,
)
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
    def killed(*_: object, **__: object) -> None:
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

    def erased_first(*arguments: object, **options: object) -> None:
        monkeypatch.undo()
        service.redress.erase(MALLORY, actor="officer")
        original(*arguments, **options)

    monkeypatch.setattr(service.store, step, erased_first)
    with pytest.raises(ConflictError, match="erased while it was made"):
        service.recompute(PURPOSE, as_of=AS_OF)
    with pytest.raises(SubjectNotFoundError):
        service.scores(PURPOSE).score(MALLORY)
    assert NAME not in everything_stored(service, request)


def test_a_failed_publication_leaves_nothing_staged(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
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
    made = report("shop", NAME, text="told me so")
    about = [stored.record for stored in held.records if not isinstance(stored.record, Report)]
    wanted = [record for record in about_mallory() if not isinstance(record, Report)]
    assert about == wanted
    assert [stored.record for stored in held.made] == [made]
    assert [entry.draft.action for entry in held.reads] == ["read_score", "export"]
    assert held.reads[0].draft.actor == "shop (key 1)"
    assert json.dumps(plain(held))


def test_who_reported_her_is_withheld_with_all_that_could_tell(service: Service) -> None:
    told = {"evidence": ("chat-of-snitch",), "source": "otc"}
    service.store.append(
        [
            report(NAME, "snitch", external_id="snitch-1", text="she lies", **told),
            report(NAME, "snitch", external_id="snitch-2", supersedes="snitch-1", **told),
            Retraction(source="otc", external_id="r-snitch", supersedes="snitch-2", reason="sorry"),
            report(NAME, None, external_id="by an analyst", evidence=("file 7",)),
        ]
    )
    service.redress.open(MALLORY, ("test", f"report:{NAME}:shop:"), grounds="no", actor="a")
    held = service.redress.export(MALLORY, actor="officer")
    text = json.dumps(plain([stored.record for stored in held.records]))
    assert "snitch" not in text
    assert f"report:{NAME}:shop:" not in text
    assert all(word in text for word in ("she lies", "sorry", "by an analyst", "file 7"))
    reports = [stored for stored in held.records if isinstance(stored.record, Report)]
    others = [stored for stored in reports if stored.record.external_id != "by an analyst"]
    assert [s.record.external_id for s in others] == [f"withheld:{s.sequence}" for s in others]
    (withdrawn,) = (
        stored.record
        for stored in held.records
        if isinstance(stored.record, Retraction) and stored.record.reason == "sorry"
    )
    assert withdrawn.supersedes == f"withheld:{others[-1].sequence}"


def test_her_scores_in_every_run_that_still_exists_are_held(service: Service) -> None:
    later = service.recompute(PURPOSE, as_of=AS_OF + timedelta(days=30))
    first = service.runs()[1]
    held = service.redress.export(MALLORY, actor="officer")
    assert [(score.run_id, score.as_of) for score in held.scores] == [
        (later.run_id, later.as_of),
        (first.run_id, AS_OF),
    ]
    assert all(score.purpose == PURPOSE for score in held.scores)
    assert [score.values for score in held.scores] == [
        service.scores(PURPOSE, run_id=score.run_id).score(MALLORY) for score in held.scores
    ]


def test_an_erasure_that_is_refused_leaves_no_mark(service: Service) -> None:
    until = datetime(2100, 1, 1, tzinfo=UTC)
    service.store.append([listed(NAME, "marketplace-fraud", until=until)])
    service.explain(PURPOSE, MALLORY)
    folder = service.settings.data_dir
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    for stranger, error in ((account("typo"), NotFoundError), (MALLORY, ConflictError)):
        with pytest.raises(error):
            service.redress.erase(stranger, actor="officer")
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before
    actions = {entry.draft.action for entry in service.store.audit_entries()}
    assert AuditAction.ERASURE_BEGUN not in actions


@pytest.mark.parametrize("step", ["erase", "append_audit"])
def test_an_erasure_that_was_cut_short_is_brought_to_its_end(
    service: Service,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    original = getattr(service.store, step)
    is_begun = step == "erase"

    def killed(*arguments: Any) -> None:
        nonlocal is_begun
        if is_begun and step == "append_audit":
            raise KeyboardInterrupt
        original(*arguments)
        if is_begun:
            raise KeyboardInterrupt
        is_begun = True

    with monkeypatch.context() as patched:
        patched.setattr(service.store, step, killed)
        with pytest.raises(KeyboardInterrupt):
            service.redress.erase(MALLORY, actor="officer")
    assert service.redress.erase(MALLORY, actor="officer") == 0
    assert NAME not in everything_stored(service, request)
    steps = [entry.draft.action for entry in audit_of(service.store, service.pseudonyms, MALLORY)]
    assert steps == ["erasure_begun", "erased"]
    assert service.explain(PURPOSE, account("shop")).score.subject == account("shop")
    with pytest.raises(NotFoundError):
        service.redress.erase(MALLORY, actor="officer")


def test_what_is_sent_while_she_is_erased_goes_too(
    service: Service, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = service.store.erase

    def sent_first(*arguments: Any) -> None:
        monkeypatch.undo()
        service.store.append([event(EventKind.CHARGEBACK, NAME, external_id="racing")])
        original(*arguments)

    monkeypatch.setattr(service.store, "erase", sent_first)
    assert service.redress.erase(MALLORY, actor="officer") == len(about_mallory()) + 1
    assert NAME not in everything_stored(service, request)


def test_who_was_confused_with_her_keeps_the_corrected_record_without_her_name(
    service: Service, request: pytest.FixtureRequest
) -> None:
    wrong = service.store.record("test", f"otc-known-good:{NAME}")
    assert wrong is not None
    right = corrected(wrong.record, ["subject=account:namesake"], correction_id())
    service.redress.correct(right, actor="officer", as_of=AS_OF)
    service.redress.erase(MALLORY, actor="officer")
    assert NAME not in everything_stored(service, request)
    (kept,) = service.store.records_of(account("namesake"), RecordType.LISTING)
    assert kept.superseded_by is None
    assert cast(str, kept.record.supersedes).startswith("~")


def shared_link(service: Service) -> str:
    """Bob contests a link to her; it was corrected to Carl, and stays suspended."""
    service.store.append(
        [
            trusts("bob", NAME, external_id=f"bob-{NAME}"),
            trusts("z", "bob"),
            listed("carl", "marketplace-fraud"),
        ]
    )
    step, _ = service.redress.open(
        account("bob"), ("test", f"bob-{NAME}"), grounds="never", actor="a", as_of=AS_OF
    )
    service.redress.suspend(step.dispute_id, actor="a", as_of=AS_OF)
    carl = trusts("bob", "carl", external_id="bob-carl", supersedes=f"bob-{NAME}")
    service.store.append([carl])
    service.recompute(PURPOSE, as_of=AS_OF)
    return step.dispute_id


def test_her_erasure_does_not_end_anothers_suspension(
    service: Service, request: pytest.FixtureRequest
) -> None:
    dispute_id = shared_link(service)
    before = service.scores(PURPOSE).score(account("bob")).exposure
    service.redress.erase(MALLORY, actor="officer")
    service.recompute(PURPOSE, as_of=AS_OF)
    assert service.scores(PURPOSE).score(account("bob")).exposure == before == 0.0
    assert NAME not in everything_stored(service, request)
    (standing,) = all_disputes(service.store)
    assert standing.dispute_id == dispute_id
    assert standing.dispute.status is DisputeStatus.SUSPENDED
    assert standing.dispute.contested == ("test", "bob-carl")
    service.redress.decide(
        dispute_id, DisputeStatus.REMOVED, decision="never", actor="b", as_of=AS_OF
    )
    removed = service.store.record("test", "bob-carl")
    assert removed is not None
    assert removed.superseded_by is not None


def test_it_does_not_when_the_erasure_is_tried_again(
    service: Service, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute_id = shared_link(service)

    def refused_once(*_: object) -> None:
        monkeypatch.undo()
        raise ConflictError("a record still mentions it")

    monkeypatch.setattr(service.store, "erase", refused_once)
    service.redress.erase(MALLORY, actor="officer")
    assert NAME not in everything_stored(service, request)
    (standing,) = all_disputes(service.store)
    assert standing.dispute_id == dispute_id
    assert standing.dispute.contested == ("test", "bob-carl")


def test_a_dispute_of_nothing_but_what_goes_goes_with_all_its_steps(service: Service) -> None:
    step, _ = service.redress.open(
        account("shop"), ("test", f"trusts:shop:{NAME}"), grounds="no", actor="a", as_of=AS_OF
    )
    service.redress.suspend(step.dispute_id, actor="a", as_of=AS_OF)
    service.redress.erase(MALLORY, actor="officer")
    assert service.store.records_of(account("shop"), RecordType.DISPUTE) == []
    assert service.store.count_records()[RecordType.DISPUTE] == 0


def test_nothing_is_held_on_a_stranger(service: Service) -> None:
    with pytest.raises(NotFoundError, match="account:stranger: nothing is held"):
        service.redress.export(account("stranger"), actor="a")
    with pytest.raises(NotFoundError):
        service.redress.erase(account("stranger"), actor="a")


def test_a_correction_is_in_the_audit_of_everyone_that_it_names(service: Service) -> None:
    wrong = service.store.record("test", f"trusts:shop:{NAME}")
    assert wrong is not None
    right = corrected(wrong.record, ["dst=account:namesake"], "right")
    service.store.append([event(EventKind.ORDER_COMPLETED, "far", external_id="another's")])
    service.redress.correct(right, actor="officer", as_of=AS_OF)
    stored = service.store.record("test", "right")
    assert stored is not None
    for subject in (account("shop"), MALLORY, account("namesake")):
        (entry,) = audit_of(service.store, service.pseudonyms, subject)
        assert entry.draft.action == "record_corrected"
        assert entry.draft.detail == f"sequence {stored.sequence}"


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
        (["severity="], InvalidRecordError, "severity: is empty"),
        (["subject="], InvalidRecordError, "subject: is empty"),
    ],
)
def test_a_correction_that_makes_no_sense_says_so(
    assignments: list[str], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        corrected(listed("ann", "marketplace-fraud"), assignments, "new")


@pytest.mark.parametrize(
    ("record", "assignment", "wanted"),
    [
        (report("a", "b"), "reporter=", None),
        (report("a", "b", text="t"), "text=", None),
        (report("a", "b", evidence=("x",)), "evidence=y, z", ("y", "z")),
        (report("a", "b", evidence=("x",)), "evidence=", ()),
        (event(EventKind.CHARGEBACK, "a", value=2.0), "value=", None),
        (trusts("a", "b", valid_to=AS_OF), "valid_to=", None),
    ],
)
def test_an_empty_value_takes_an_optional_field_away(
    record: Record, assignment: str, wanted: object
) -> None:
    name = assignment.partition("=")[0]
    assert getattr(corrected(record, [assignment], "new"), name) == wanted


def test_every_type_of_field_can_be_corrected() -> None:
    made = corrected(
        listed("ann", "marketplace-fraud"),
        ["subject=person:bob", "until=2031-02-03T00:00:00Z", "list_kind=allowlist"],
        "new",
    )
    assert str(made.subject) == "person:bob"  # type: ignore[attr-defined]
    assert made.until == datetime(2031, 2, 3, tzinfo=UTC)  # type: ignore[attr-defined]
    assert made.supersedes == "marketplace-fraud:ann"
