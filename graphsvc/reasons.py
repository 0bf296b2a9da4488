"""Reasons in plain words: lines of a score gathered into factors, the largest effect first.

Two readers: an analyst, to whom sources are named, and the subject itself, whose adverse-action
notice (ECOA Reg. B § 1002.9(b)(2)) lists at most four factors and never names another subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphsvc.breakdown import LinePart, PointLine

ADVERSE_REASONS = 4
LEARNED_CODE = "LEARNED_MODEL"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason code with its points and a sentence in plain words."""

    code: str
    points: float
    text: str


NO_EVIDENCE = Reason(
    "NO_EVIDENCE",
    0.0,
    "No record, and no listed or trusted subject within reach: the score is the base.",
)


def reasons_of(lines: Iterable[PointLine]) -> tuple[Reason, ...]:
    """Return an analyst's reasons: listings and sources one by one, events and reports gathered."""
    found: list[Reason] = []
    gathered: dict[str, list[PointLine]] = {}
    for line in lines:
        if line.part not in _OF_EVIDENCE or line.points == 0.0:
            continue
        if line.part in _ONE_BY_ONE:
            found.append(Reason(line.code, line.points, line.text))
        else:
            gathered.setdefault(_factor(line), []).append(line)
    found += [_gathered(code, members) for code, members in gathered.items()]
    return tuple(sorted(found, key=lambda reason: -abs(reason.points))) or (NO_EVIDENCE,)


def adverse_action(lines: Sequence[PointLine]) -> tuple[Reason, ...]:
    """Return the four factors that lowered a score most, for the subject itself to read.

    Points are what a factor costs after its cap; nobody but the subject is named.
    """
    kept = _kept_of_association(lines)
    gathered: dict[str, list[PointLine]] = {}
    points: dict[str, float] = {}
    for line in lines:
        if line.part not in _OF_EVIDENCE:
            continue
        code = _factor(line)
        gathered.setdefault(code, []).append(line)
        share = kept if code in _THROUGH_CONTACTS else 1.0
        points[code] = points.get(code, 0.0) + share * line.points
    worst = sorted((cost, code) for code, cost in points.items() if cost < 0.0)
    return tuple(
        Reason(code, cost, _text(code, gathered[code])) for cost, code in worst[:ADVERSE_REASONS]
    )


def _kept_of_association(lines: Sequence[PointLine]) -> float:
    """Return which share of the exposure's points the cap on association leaves."""
    taken = sum(line.points for line in lines if line.code in _THROUGH_CONTACTS)
    back = sum(line.points for line in lines if line.part is LinePart.ASSOCIATION_CAP)
    return 1.0 + max(back, 0.0) / taken if taken < 0.0 else 1.0


def _factor(line: PointLine) -> str:
    return "OPEN_REPORT" if line.part is LinePart.REPORT_CAP else line.code


def _gathered(code: str, lines: Sequence[PointLine]) -> Reason:
    return Reason(code, sum(line.points for line in lines), _text(code, lines))


def _text(code: str, lines: Sequence[PointLine]) -> str:
    """Return a factor in one sentence, without the name of any other subject."""
    dates = sorted(line.at for line in lines if line.at is not None)
    if code.startswith("EVENT_"):
        name = code.removeprefix("EVENT_").replace("_", " ").capitalize()
        times = "once" if len(dates) == 1 else f"{len(dates)} times"
        return f"{name} {times}, the last on {dates[-1]:%Y-%m-%d}."
    if code in ("OWN_BLACKLISTING", "OWN_ALLOWLISTING"):
        return " ".join(dict.fromkeys(line.text for line in lines))
    if code in _PLAIN:
        return _PLAIN[code].format(count=len(dates), reports=_counted(len(dates), "report"))
    return " ".join(line.text for line in lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


_ONE_BY_ONE = frozenset(
    {LinePart.LISTING, LinePart.EXPOSURE, LinePart.TRUST, LinePart.ECHO, LinePart.LEARNED}
)
_OF_EVIDENCE = _ONE_BY_ONE | {
    LinePart.EVENT,
    LinePart.REPORT,
    LinePart.REPORT_CAP,
    LinePart.REJECTED_REPORT,
}
_THROUGH_CONTACTS = frozenset(
    {"EXPOSED_THROUGH_CONTACTS", "EXPOSED_THROUGH_CONTACTS_OWN_ECHO", LEARNED_CODE}
)
_PLAIN = {
    LEARNED_CODE: "What a statistical model makes of its dealings and ties.",
    "UPHELD_REPORT": "{reports} on it found true.",
    "OPEN_REPORT": "{reports} on it not decided yet, weighed by the reporters' own trust.",
    "FALSE_REPORT": "{reports} by it found false.",
    "EXPOSED_THROUGH_CONTACTS": "Dealings or ties with listed subjects.",
    "EXPOSED_THROUGH_CONTACTS_OWN_ECHO": "Its own listing, felt again through its contacts.",
    "TRUSTED_THROUGH_CONTACTS": "Ties with trusted subjects.",
    "TRUSTED_THROUGH_CONTACTS_OWN_ECHO": "Its own trust, felt again through its contacts.",
}
