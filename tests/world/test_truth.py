"""The truth and the records agree: who is bad shows it, and only by what it does."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

import numpy as np

from graphsvc.model import (
    Event,
    EventKind,
    Link,
    LinkKind,
    Listing,
    ListKind,
    Record,
    RecordType,
    Report,
    SubjectKind,
)
from graphsvc.world import Role, SubjectTruth, World
from graphsvc.world.roles import AGE_BANDS, REGIONS, Scheme
from tests.world.reading import concerned, of_type

Truths = dict[str, SubjectTruth]


def test_only_the_stated_share_of_blacklist_entries_is_mistaken(
    world: World, records: list[Record], truth: Truths
) -> None:
    entries = [item for item in of_type(records, Listing) if item.list_kind is ListKind.BLACKLIST]
    first_entries = {(item.subject, item.list_name) for item in entries}
    mistaken = [who for who, _ in first_entries if truth[str(who)].turned_bad_at is None]
    expected = world.settings.mistaken_listing_share * len(first_entries)
    assert abs(len(mistaken) - expected) <= 1


def test_a_blacklisting_follows_the_misdeed_after_the_shortest_delay_at_least(
    world: World, records: list[Record], truth: Truths
) -> None:
    delays = []
    for listing in of_type(records, Listing):
        turned_at = truth[str(listing.subject)].turned_bad_at
        if listing.list_kind is ListKind.BLACKLIST and turned_at is not None:
            delays.append(listing.effective_from - turned_at)
    assert min(delays) >= timedelta(days=world.settings.shortest_delay_days)
    assert len(delays) > 100


def test_an_allowlisting_is_of_somebody_who_had_done_no_wrong_by_then(
    records: list[Record], truth: Truths
) -> None:
    listed = [item for item in of_type(records, Listing) if item.list_kind is ListKind.ALLOWLIST]
    assert not any(truth[str(item.subject)].is_bad_at(item.effective_from) for item in listed)
    assert {item.list_name for item in listed} == {
        "marketplace-verified",
        "payment-verified",
        "hire-verified",
        "credit-verified",
    }


def test_every_blacklist_has_entries_and_some_expire_before_the_end(
    world: World, records: list[Record]
) -> None:
    entries = [item for item in of_type(records, Listing) if item.list_kind is ListKind.BLACKLIST]
    assert {item.list_name for item in entries} == {
        "marketplace-fraud",
        "payment-fraud",
        "hire-fraud",
        "credit-fraud",
    }
    assert any(item.until < world.settings.end for item in entries)


def test_nobody_turns_bad_before_joining_and_only_the_bad_turn(world: World) -> None:
    for one in world.truth():
        bad_role = one.role not in (Role.HONEST, Role.IDENTIFIER)
        assert bad_role == (one.turned_bad_at is not None) == (one.scheme is not None)
        if one.turned_bad_at is not None:
            assert one.joined_at <= one.turned_bad_at < world.settings.end
            assert one.trustworthiness_once_bad is not None
        assert (one.role is Role.IDENTIFIER) == (one.trustworthiness is None)


def test_an_account_is_of_the_nature_of_whoever_holds_it(world: World, truth: Truths) -> None:
    held = [one for one in world.truth() if one.holder and one.subject.kind == SubjectKind.ACCOUNT]
    assert held
    for account in held:
        holder = truth[str(account.holder)]
        assert (account.role, account.scheme, account.group) == (
            holder.role,
            holder.scheme,
            holder.group,
        )


def test_a_ring_of_fakes_has_exactly_the_stated_links_with_the_honest(
    world: World, records: list[Record], truth: Truths
) -> None:
    attacks: Counter[str] = Counter()
    for link in of_type(records, Link):
        ends = truth[str(link.src)], truth[str(link.dst)]
        if {end.role for end in ends} == {Role.FAKE, Role.HONEST}:
            assert ends[1].role is Role.FAKE, "a fake reaches no honest member by itself"
            attacks[ends[1].group or ""] += 1
    rings = {one.group for one in world.truth() if one.role is Role.FAKE}
    assert set(attacks) == rings
    assert set(attacks.values()) == {world.settings.attack_links_per_ring}


def test_a_ring_of_false_reporters_lies_about_one_honest_shop(
    world: World, records: list[Record], truth: Truths
) -> None:
    is_true = {one.external_id: one.is_true for one in world.report_truth()}
    accused: dict[str, set[str]] = defaultdict(set)
    reporters: set[str] = set()
    for report in of_type(records, Report):
        reporter = truth.get(str(report.reporter))
        if reporter is None or reporter.role is not Role.FALSE_REPORTER:
            continue
        if not is_true[report.external_id] and reporter.is_bad_at(report.reported_at):
            accused[reporter.group or ""].add(str(report.subject))
            reporters.add(str(reporter.subject))
    rings = [one for one in world.truth() if one.role is Role.FALSE_REPORTER]
    assert len(reporters) > 0.95 * len(rings)
    for group in {one.group for one in rings}:
        assert any(truth[target].role is Role.HONEST for target in accused[group or ""])


def test_reports_of_what_did_not_happen_are_mostly_rejected_once_decided(world: World) -> None:
    reports = {
        report.external_id: report
        for report in of_type(world.records_of_type(RecordType.REPORT), Report)
    }
    decided = [one for one in world.report_truth() if one.decided_at is not None]
    right = [one for one in decided if one.is_true == (reports[one.external_id].status == "upheld")]
    wrong_share = 1 - len(right) / len(decided)
    assert abs(wrong_share - world.settings.wrong_decision_share) < 0.06
    assert {one.is_true for one in decided} == {True, False}


def test_dishonest_shops_deliver_until_they_turn(records: list[Record], truth: Truths) -> None:
    trades: Counter[tuple[str, bool]] = Counter()
    for event in of_type(records, Event):
        one = truth[str(event.subject)]
        if event.subject.kind != SubjectKind.BUSINESS or one.role is Role.HONEST:
            continue
        # A chargeback comes up to 40 days after the order that it is for.
        turned_at = one.turned_bad_at or datetime.max
        trades[event.kind, event.occurred_at >= turned_at] += 1

    def failed_share(turned: bool) -> float:
        failed = trades[EventKind.CHARGEBACK, turned]
        return failed / (failed + trades[EventKind.ORDER_COMPLETED, turned])

    assert failed_share(turned=False) < 0.02
    assert failed_share(turned=True) > 0.25


def test_trustworthiness_drives_conduct(records: list[Record], truth: Truths) -> None:
    paid: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for event in of_type(records, Event):
        paid[str(event.subject)] += event.kind == EventKind.BILL_PAID
        late[str(event.subject)] += event.kind == EventKind.LATE_PAYMENT
    regular = [who for who in paid if paid[who] + late[who] >= 12 and truth[who].role == "honest"]
    trust = np.array([truth[who].trustworthiness for who in regular], np.float64)
    share = np.array([late[who] / (paid[who] + late[who]) for who in regular])
    assert len(regular) > 300
    assert np.corrcoef(trust, share)[0, 1] < -0.5


def test_a_thin_file_holds_hardly_any_record(
    world: World, records: list[Record], truth: Truths
) -> None:
    mentions = Counter(str(who) for record in records for who in concerned(record))
    people = [one for one in world.truth() if one.subject.kind == SubjectKind.PERSON]
    thin = [mentions[str(one.subject)] for one in people if one.is_thin_file]
    others = [mentions[str(one.subject)] for one in people if not one.is_thin_file]
    assert len(thin) == round(world.settings.thin_file_share * len(people))
    assert np.median(thin) <= 10 < 18 < np.median(others)
    events = Counter(str(event.subject) for event in of_type(records, Event))
    assert max(events[str(one.subject)] for one in people if one.is_thin_file) <= 6
    assert all(one.role is Role.HONEST for one in people if one.is_thin_file)


def test_no_record_holds_what_is_for_audit_or_evaluation_only(
    world: World, records: list[Record]
) -> None:
    text = "\n".join(map(repr, records))
    groups = {one.group for one in world.truth() if one.group is not None}
    forbidden = [*REGIONS, *AGE_BANDS, *groups]
    assert len(forbidden) > 20
    assert [word for word in forbidden if word in text] == []
    fields = {name for record in records for name in type(record).__dataclass_fields__}
    assert not fields & {"region", "age_band", "trustworthiness", "role", "group", "holder"}


def test_a_key_says_nothing_of_the_role(world: World) -> None:
    for kind in (SubjectKind.PERSON, SubjectKind.BUSINESS, SubjectKind.ACCOUNT):
        ones = [one for one in world.truth() if one.subject.kind == kind]
        bad = [place for place, one in enumerate(ones) if one.turned_bad_at is not None]
        # Four standard errors of the mean of evenly spread places.
        margin = 4 / np.sqrt(12 * len(bad))
        assert abs(np.mean(bad) / len(ones) - 0.5) < margin


def test_every_scheme_and_role_occurs(world: World) -> None:
    ones = list(world.truth())
    assert {one.role for one in ones} == set(Role)
    assert {one.scheme for one in ones if one.scheme} == set(Scheme)
    assert {one.region for one in ones if one.region} == set(REGIONS)
    assert {one.age_band for one in ones if one.age_band} == set(AGE_BANDS)


def test_age_is_known_of_people_only(world: World) -> None:
    for one in world.truth():
        assert (one.age_band is not None) == (one.subject.kind == SubjectKind.PERSON)


def test_links_of_fakes_end_when_they_are_listed(records: list[Record], truth: Truths) -> None:
    listed: dict[str, datetime] = {}
    for listing in of_type(records, Listing):
        if listing.list_kind is ListKind.BLACKLIST:
            listed.setdefault(str(listing.subject), listing.effective_from)
    for link in of_type(records, Link):
        src = truth[str(link.src)]
        if src.role is Role.FAKE and link.kind is not LinkKind.USES_DEVICE:
            assert link.valid_from is not None
            assert str(link.src) not in listed or link.valid_from < listed[str(link.src)]
