"""What must hold between documents: of a programme under its purpose, of a policy on its scores.

Each check yields problems with the path of the field; whoever knows the file adds file and line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphsvc.advice import first_rule, without_any_record
from graphsvc.model import Condition, Policy, Programme, Purpose, Valence
from graphsvc.scoring.scorecard import PointScale


class Problem(NamedTuple):
    """What is wrong, and the path of the field that says it."""

    path: tuple[str | int, ...]
    text: str


def programme_problems(programme: Programme, purpose: Purpose) -> Iterator[Problem]:
    """Yield all that keeps a programme from being used for its purpose.

    It may name only what the purpose permits, spread no further, point every kind of evidence the
    way that its valence says, and have only bands that some subject can come into.
    """
    yield from _forbidden_kinds(programme, purpose)
    yield from _contradicting_lists(programme, purpose)
    yield from _wrong_signs(programme)
    yield from _too_far(programme, purpose)
    yield from _bands(programme, purpose)


def policy_problems(
    policy: Policy, purpose: Purpose, programmes: Sequence[Programme]
) -> Iterator[Problem]:
    """Yield all that keeps a policy from being used on the scores of these programmes.

    A rule must be able to hold, the last must always hold, and nobody may get an adverse advice
    for having no record.
    """
    last = len(policy.rules) - 1
    for at, rule in enumerate(policy.rules):
        when = ("rules", at, "when")
        if rule.when.is_empty and at < last:
            yield Problem(when, "always holds, so that no rule after it is ever reached")
        if rule.advice.is_adverse and rule.when.width_at_least is not None:
            yield Problem(
                (*when, "width_at_least"),
                f"{rule.advice} because little is known: nobody may be worse off for having no "
                "record",
            )
        for programme in programmes:
            for field, text in _never_holds(rule.when, programme):
                yield Problem((*when, field), text)
    if not policy.rules[last].when.is_empty:
        yield Problem(
            ("rules", last, "when"), "may fail, and no rule comes after it; end with one without"
        )
        return
    for programme in programmes:
        rule = first_rule(policy, without_any_record(programme, purpose))
        if rule.advice.is_adverse:
            yield Problem(
                ("rules", policy.rules.index(rule)),
                f"gives {rule.advice} under {programme.name} to a subject without any record: "
                "nobody may be worse off for that",
            )


def _forbidden_kinds(programme: Programme, purpose: Purpose) -> Iterator[Problem]:
    refusal = f"is not permitted by purpose {purpose.name}"
    for link_kind in sorted(set(programme.conductances) - purpose.link_kinds):
        yield Problem(("conductances", link_kind.value), refusal)
    for event_kind in sorted(set(programme.events) - purpose.event_kinds):
        yield Problem(("events", event_kind.value), refusal)
    for name in sorted(set(programme.listings) - purpose.list_names):
        yield Problem(("listings", name), refusal)
    for path, names in _named_lists(programme):
        for name in sorted(names - purpose.list_names):
            yield Problem(path, f"{name} {refusal}")
    if programme.reports is not None and not purpose.report_categories:
        yield Problem(("reports",), f"purpose {purpose.name} permits no reports")


def _contradicting_lists(programme: Programme, purpose: Purpose) -> Iterator[Problem]:
    both = programme.exposure.blacklists & programme.trust.allowlists
    for name in sorted(both):
        yield Problem(("trust", "allowlists"), f"{name} is a blacklist of this programme too")


def _wrong_signs(programme: Programme) -> Iterator[Problem]:
    for kind, rule in sorted(programme.events.items()):
        path = ("events", kind.value, "points")
        if kind.valence is Valence.BAD and rule.points > 0.0:
            yield Problem(
                path,
                f"is {rule.points:g}, but {kind} speaks against a subject: more bad evidence would "
                "raise the score; 0 or less is right",
            )
        if kind.valence is Valence.GOOD and rule.points < 0.0:
            yield Problem(
                path,
                f"is {rule.points:g}, but {kind} speaks for a subject: more good evidence would "
                "lower the score; 0 or more is right",
            )
    for name, points in sorted(programme.listings.items()):
        if name in programme.exposure.blacklists and points > 0.0:
            yield Problem(
                ("listings", name),
                f"is {points:g} on a blacklist: more bad evidence would raise the score; 0 or less "
                "is right",
            )
        if name in programme.trust.allowlists and points < 0.0:
            yield Problem(
                ("listings", name),
                f"is {points:g} on an allowlist: more good evidence would lower the score; 0 or "
                "more is right",
            )


def _too_far(programme: Programme, purpose: Purpose) -> Iterator[Problem]:
    for path, damping, hop_limit in (
        (("exposure", "beta"), programme.exposure.beta, programme.exposure.hop_limit),
        (("trust", "alpha"), programme.trust.alpha, programme.trust.hop_limit),
    ):
        if damping > purpose.attenuation:
            yield Problem(
                path, f"{damping} is above the attenuation {purpose.attenuation} of {purpose.name}"
            )
        if purpose.hop_limit is not None and (hop_limit is None or hop_limit > purpose.hop_limit):
            yield Problem(
                (path[0], "hop_limit"),
                f"{hop_limit} is beyond the limit of {purpose.hop_limit} hops of {purpose.name}",
            )


def _bands(programme: Programme, purpose: Purpose) -> Iterator[Problem]:
    if not programme.bands:
        return
    card, span = programme.scorecard, PointScale.of(programme, purpose).score_span()
    lowest = min(max(span.low, card.range_low), card.range_high)
    highest = max(min(span.high, card.range_high), card.range_low)
    starts = [band.starts_at for band in programme.bands]
    names = [band.name for band in programme.bands]
    if starts[0] > card.range_low:
        yield Problem(
            ("bands", 0, "from"),
            f"is {starts[0]:g}; the first band must begin at {card.range_low:g}, the lowest score",
        )
    for at, start in enumerate(starts):
        if names[at] in names[:at]:
            yield Problem(("bands", at, "name"), f"{names[at]} is the name of another band")
        if at and start <= starts[at - 1]:
            yield Problem(
                ("bands", at, "from"), f"is {start:g}, not above that of the band before it"
            )
        elif start > highest:
            yield Problem(
                ("bands", at, "from"),
                f"is {start:g}: unreachable, no points add up to more than {highest:g}",
            )
        elif at + 1 < len(starts) and start < starts[at + 1] <= lowest:
            yield Problem(
                ("bands", at, "from"),
                f"is {start:g}: unreachable, no points add up to less than {lowest:g}, where the "
                "next band has begun",
            )


def _never_holds(condition: Condition, programme: Programme) -> Iterator[tuple[str, str]]:
    card = programme.scorecard
    names = {band.name for band in programme.bands}
    for band in sorted((condition.bands or frozenset()) - names):
        yield "bands", f"{band} is no band of {programme.name}; it has: {', '.join(sorted(names))}"
    least, most = condition.score_at_least, condition.score_below
    if least is not None and least > card.range_high:
        yield "score_at_least", f"is {least:g}; {programme.name} ends at {card.range_high:g}"
    if most is not None and most <= card.range_low:
        yield "score_below", f"is {most:g}; {programme.name} begins at {card.range_low:g}"
    if least is not None and most is not None and least >= most:
        yield "score_below", f"is {most:g}, not above score_at_least"


def _named_lists(
    programme: Programme,
) -> Iterator[tuple[tuple[str, ...], frozenset[str]]]:
    yield ("exposure", "blacklists"), programme.exposure.blacklists
    yield ("trust", "allowlists"), programme.trust.allowlists
