"""The shipped defaults: what nested validation chose, as a section of the document and as a file.

`defaults.json` is what a test compares the shipped programmes with: what it says they ship is what
they must declare.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.proof.grid import LinkSetting, Reach, Setting
from benchmarks.proof.nested import TIE, Verdict
from benchmarks.proof.runner import half_interval
from benchmarks.proof.stakes import BENCHES, Answer, Bench, answers, available
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Direction

RESULTS = Path(__file__).with_name("defaults.json")
HEADING = "## The shipped defaults"
DIGITS = 6


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found for one purpose."""

    bench: Bench
    programme: str
    harmless: Answer
    all: Answer

    @property
    def members(self) -> tuple[Setting, ...]:
        """The settings that may be chosen, what was set by hand first."""
        return self.harmless.members

    @property
    def verdict(self) -> Verdict:
        """What nested validation says of them."""
        return self.harmless.verdict

    @property
    def is_taken(self) -> bool:
        """Whether the choice replaces what was set by hand."""
        return self.verdict.is_real and not self.bench.is_stand_in

    @property
    def ships(self) -> Setting:
        """What the shipped programme must declare."""
        return self.members[self.verdict.final if self.is_taken else 0]


def findings() -> list[Finding]:
    """Return what nested validation says of every purpose whose sets are all there."""
    library, found = DefinitionLibrary.load(), []
    for bench in BENCHES:
        if available(bench):
            name = library.champion(bench.purpose).name
            found.append(Finding(bench, name, *answers(bench, library)))
            print(f"{bench.purpose}: {_outcome(found[-1])}", flush=True)
    return found


def write(found: list[Finding], path: Path = RESULTS) -> None:
    """Write what the shipped programmes must declare, and by how much it was chosen."""
    rows = {}
    for each in found:
        lead, half = each.verdict.margin()
        rows[each.bench.purpose] = {
            "programme": each.programme,
            "is_stand_in": each.bench.is_stand_in,
            "margin": round(lead, DIGITS),
            "half_interval": round(half, DIGITS),
            "chosen": asdict(each.members[each.verdict.final]),
            "ships": asdict(each.ships),
        }
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def read_setting(values: dict[str, object]) -> Setting:
    """Return a setting as it stands in the file.

    Raises:
        TypeError: a field is missing, or unknown.
    """
    fields = dict(values)
    links, reach = fields.pop("links"), fields.pop("reach")
    if not isinstance(links, dict) or not isinstance(reach, dict):
        raise TypeError("links and reach must be objects")
    links = LinkSetting(**links | {"direction": Direction(links["direction"])})
    return Setting(links=links, reach=Reach(**reach), **fields)  # type: ignore[arg-type]


def with_section(document: str, section: str) -> str:
    """Return the document with the section in the place of its former text, or at the end."""
    pattern = re.compile(rf"^{re.escape(HEADING)}$.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(document):
        return pattern.sub(lambda _: section + "\n", document).rstrip() + "\n"
    return f"{document.rstrip()}\n\n{section}".rstrip() + "\n"


def section(found: list[Finding]) -> str:
    """Return the section about the shipped defaults."""
    lines = [
        HEADING,
        "",
        "Which setting a shipped programme declares is chosen by nested validation: in each round",
        "a part of every set is put by (a fold of the labels, or what comes after the cut), the",
        "grid is judged on the rest, and what is chosen there is judged on the part put by. The",
        "points judged are the service's own, association and open reports together, from the",
        "records that the shipped import mapping makes. Out of every grid is what breaks a",
        "safeguard: more reach or points than the purpose permits, and whatever lets a ring of",
        "fakes gain or harm more than by hand (`benchmarks/proof/ring.py`). Ties (a lag of one",
        f"standard error and at most {TIE} AUC) go to the shorter reach, then the smaller α = β,",
        "then fewer points. A choice ships where the interval of its margin lies above zero; else",
        "the values set by hand stay. `tests/proof` compares the shipped programmes with this",
        "table. The argument is in `docs/decisions/0045-defaults-from-the-table.md`.",
    ]
    for each in found:
        lines += ["", *_purpose(each)]
    return "\n".join(lines) + "\n"


def _purpose(found: Finding) -> Iterator[str]:
    result = found.verdict
    yield f"### {found.bench.purpose}"
    yield ""
    yield found.bench.note
    yield ""
    yield (
        f"{len(found.members):,} of {len(found.all.members):,} settings, {found.bench.rounds} "
        f"rounds, {len(result.choices)} choices. AUC, ± half of a 95 % interval over rounds:"
    )
    yield ""
    yield "| set | by hand | chosen inside, judged outside | margin | chosen by all, not nested |"
    yield "|---|--:|--:|--:|--:|"
    for at, name in enumerate(result.sets):
        yield _row(name, result, at)
    if len(result.sets) > 1:
        yield _row("all", result, None)
    yield ""
    yield f"- By hand: {described(found.members[0])}."
    yield f"- Chosen by all: {described(found.members[result.final])}."
    (member, times), *_ = Counter(result.choices).most_common()
    yield (
        f"- Most often chosen inside ({times} of {len(result.choices)}; {len(set(result.choices))} "
        f"different): {described(found.members[member])}."
    )
    yield f"- {_left_out(found)}"
    yield f"- {_outcome(found)}"


def _left_out(found: Finding) -> str:
    count = len(found.all.members) - len(found.members)
    if not count:
        return "No setting lets a ring of fakes gain or harm more than by hand."
    lead, half = found.all.verdict.margin()
    return (
        f"Left out, as a ring of fakes would gain or harm more than by hand: {count:,} settings. "
        f"With them the margin would be {lead:+.3f} ± {half:.3f}, and chosen by all: "
        f"{described(found.all.members[found.all.verdict.final])}."
    )


def _outcome(found: Finding) -> str:
    lead, half = found.verdict.margin()
    said = f"{lead:+.3f} ± {half:.3f}"
    if found.bench.is_stand_in:
        return f"Margin {said} on a stand-in: for information; the values set by hand stay."
    if found.is_taken:
        return f"Margin {said}: real. **{found.programme} ships what was chosen by all.**"
    return f"Margin {said}: not above zero. **{found.programme} keeps the values set by hand.**"


def _row(name: str, result: Verdict, at: int | None) -> str:
    columns = [
        values.mean(axis=1) if at is None else values[:, at]
        for values in (result.present, result.nested, result.final_auc)
    ]
    cells = [f"{np.mean(values):.3f} ± {half_interval(values):.3f}" for values in columns]
    lead, half = result.margin(at)
    cells.insert(2, f"{lead:+.3f} ± {half:.3f}")
    return f"| {name} | " + " | ".join(cells) + " |"


def described(setting: Setting) -> str:
    """Return a setting in words."""
    links, reach = setting.links, setting.reach
    hops = "no hop limit" if reach.hop_limit is None else f"{reach.hop_limit} hops"
    days = (
        "no half-life" if links.half_life_days is None else f"half-life {links.half_life_days:g} d"
    )
    reports = (
        f"reports fade by half in {setting.report_half_life_days:g} d"
        if setting.counts_reports
        else "no reports"
    )
    carries = "carry trust" if links.carries_trust else "carry no trust"
    return (
        f"exposure −{setting.exposure_points:g}, trust +{setting.trust_points:g}, half of "
        f"them at {setting.half_points_at:g}; α = β = {reach.damping:g}, {hops}; links "
        f"{links.weight}, felt {links.direction}, {days}, {carries}; {reports}"
    )
