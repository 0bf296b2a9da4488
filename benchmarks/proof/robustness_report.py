"""The section on attacks: tables, a plot, and every figure as CSV beside the document."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.proof import robustness_plot
from benchmarks.proof.attacks import ATTACKS
from benchmarks.proof.robustness import MEASURES, QUIET, Condition, Fall, Robustness

CSV_NAME = "proof-robustness.csv"
PLOT_NAME = "proof-robustness.svg"
LARGE_FALL = 0.1

HEAD = """## Under attack

The bad who are asked about fight back, after the deployment: known labels, asked subjects and
answers stay, and a score without a direction keeps the one that it learned on the quiet network.
The attacks are in `benchmarks/proof/attacks.py`; everybody whom nobody asks about and nobody knows
to be bad is a bystander and can sell a link. No link joins two labelled subjects.

- **ring**, k = 1, 5, 20 fakes for each attacker: they link to their attacker and to five others of
  one ring; a bystander links to one fake in ten.
- **bought links**, 1, 5, 20 for each attacker: bystanders link to him.
- **whitewash**, by ¼, ½, all of the attackers: they leave their past to an old identity; the new
  one has one link, by a bystander.
- **camouflage**, 1, 5, 20 links by each attacker to bystanders, as others link; a rating is the
  mean of those that its target received.
- **slander**, by 1, 5, 20 fakes against each good subject who is asked about, ten to a fake: the
  worst rating; where links are no ratings, money or links from fakes whom a known bad one paid.
- **trusted slander**: the same, each fake with one bought link.

A ring's links and praise have the highest rating, other links the median one. Payments weigh the
median amount and come last in time. Bitcoin-OTC and Facebook: ten repetitions of two folds and
three strengths; amlsim: five cuts, Ethereum: five repetitions of a fold, Hop: three, each with the
two higher strengths. The hidden-link set of Epinions and the next rating of Bitcoin-OTC are left
out: their questions are links, so no subject is bad and nobody could attack.

The programme is the shipped `marketplace-integrity-linear`, with its guards against reports (a
reporter is believed by the square of their trust, decision 21; open reports have a joint cap) and
without, on negative ratings as reports. Its operators are not guarded otherwise.

Tables give AUC and average precision without an attack, and what the strongest of each takes
(positive: the method falls; negative: the attack gives the attackers away), ± half of the 95 %
interval of the paired difference. Every strength, with intervals, is in `proof-robustness.csv`.

![What each attack takes from the AUC of each method](proof-robustness.svg)

Red: the method falls; blue: the attack gives its makers away; no figure: less than 0.005. Methods
in the order of their AUC without an attack, which is beside their names, baselines in italics.
"""

AFTER = """What the figures say:

- **What counts ratings is best in peace and falls furthest in war.** On Bitcoin-OTC the mean rating
  and the goodness of REV2 and fairness–goodness start at 0.96; twenty fakes with praise for each
  fraudster turn the ranking round (to 0.25, 0.10 and 0.05). They know nobody, so every voice
  counts; and fairness does not help, as a fake who praises whom fakes made good is fair.
- **What starts from known good does not hear fakes.** Rings take 0.10 at most from Guha and 0.02
  from trust mass, EigenTrust, the signed walk, MoleTrust and Appleseed there, slander by strangers
  nothing: a fake has only what its bought links bring. Links bought for the attacker himself do
  work: twenty of them take 0.30 from trust mass and EigenTrust, 0.24 from the signed walk.
- **Guha's propagated distrust stands best on Bitcoin-OTC**: 0.93, and 0.91 under the worst of all
  attacks. What is said against a fraudster by those whom the judges trust outlasts what he buys.
- **The programme's guards work, and cost.** With reporters believed by the square of their trust,
  slander takes 0.01 at most, even where each fake has bought a link; with the cap alone it takes
  0.17, without both 0.43. The price is paid in peace: 0.88 where belief in everyone has 0.95 and
  0.90 under the cap, as most honest raters are too little trusted to be heard. And nothing guards
  the association points: twenty bought links take 0.20.
- **Bought friendships break everything on Facebook but what looks for known fakes alone.** Twenty
  leave SybilSCAR-C, the best, 0.62 and all walks from known good below a coin. Exposure and
  distrust mass lose nothing by it, but 0.43 and 0.78 to whitewashing.
- **Whitewashing works where guilt comes by association**: when all come back as strangers, all but
  poison and the balance of money fall below a coin on amlsim. It backfires where strangers are
  suspicious: trust from known good gains 0.03 to 0.09 on Bitcoin-OTC.
- **Dirty money can be sent to anybody.** Forward taint, exposure, SybilSCAR-D and labels within two
  hops lose 0.16 to 0.72 to it. What follows money backwards, to those who paid the known bad, loses
  nothing, because nobody can be made to pay; but it is near a coin in peace.
- **Linearised BP stands best on Hop**: 0.69, and 0.63 under the worst, where labels within two hops
  and SybilSCAR-D, ahead of it in peace, lose 0.72 and 0.66.
- **Camouflage fools what judges raters, not what judges the rated**: it takes 0.39 from REV2's
  unfairness and nothing from goodness.

What is not shown: the attacks are blind, not fitted to the method that they fight, so
worse can be done with as many links; and what fakes and links cost is not weighed against what
they bring (`attack-curves.md` does that for the programmes).
"""


def section(results: list[Robustness], folder: Path) -> Iterator[str]:
    """Write the plot and the CSV into the folder, and yield the lines of the section."""
    if not results:
        return
    robustness_plot.plot_falls(results, folder / PLOT_NAME)
    _write_csv(results, folder / CSV_NAME)
    yield HEAD
    yield from _worst_cases(results)
    for result in results:
        yield f"### {result.name}, attacked"
        yield ""
        for measure in MEASURES:
            yield from _table(result, measure)
        if result.left_out:
            yield "Left out: " + "; ".join(result.left_out) + "."
            yield ""
    yield from _large_falls(results)
    yield AFTER


def strongest(result: Robustness) -> list[Condition]:
    """Return the strongest condition of each attack, in order."""
    return list({name: (name, at) for name, at in result.conditions}.values())


def _table(result: Robustness, measure: str) -> Iterator[str]:
    conditions = strongest(result)
    names = [f"{name} {_said(name, at)}" for name, at in conditions]
    yield f"| {measure} | no attack | " + " | ".join(names) + " |"
    yield "|---|" + "--:|" * (1 + len(conditions))
    for each in result.falls:
        cells = [_with_half(*each.level(QUIET, measure))]
        cells += [
            _with_half(*each.fall(condition, measure), signed=True) for condition in conditions
        ]
        yield f"| {_name(each)} | " + " | ".join(cells) + " |"
    yield ""


def _worst_cases(results: list[Robustness]) -> Iterator[str]:
    yield "The best method without an attack, and the one whose worst case is best (AUC under its"
    yield "own worst attack; both are chosen by these very figures):"
    yield ""
    yield "| set | best without | AUC | worst case | by | best worst case | AUC | worst case | by |"
    yield "|---|---|--:|--:|---|---|--:|--:|---|"
    for result in results:
        best, steady = result.falls[0], max(result.falls, key=_worst_level)
        cells = [cell for each in (best, steady) for cell in _worst_cells(each)]
        yield f"| {result.name} | " + " | ".join(cells) + " |"
    yield ""


def _worst_level(fall: Fall) -> float:
    return fall.level(QUIET, "AUC")[0] - fall.worst("AUC")[1]


def _worst_cells(fall: Fall) -> list[str]:
    (name, at), _, _ = fall.worst("AUC")
    quiet, worst = fall.level(QUIET, "AUC")[0], _worst_level(fall)
    return [_name(fall), f"{quiet:.3f}", f"{worst:.3f}", f"{name} {_said(name, at)}"]


def _large_falls(results: list[Robustness]) -> Iterator[str]:
    yield "### Who falls by what"
    yield ""
    yield f"Methods that lose more than {LARGE_FALL} AUC to an attack at its strongest, by more"
    yield "than their interval, the hardest hit first; of those above 0.5 without an attack."
    yield ""
    for result in results:
        for name, at in strongest(result):
            lost = sorted(
                ((*each.fall((name, at), "AUC"), _name(each)) for each in result.falls
                 if each.level(QUIET, "AUC")[0] > 0.5),
                reverse=True,
            )  # fmt: skip
            hit = [f"{who} {fall:.2f}" for fall, half, who in lost if fall - half > LARGE_FALL]
            yield f"- {result.name}, {name} {_said(name, at)}: {'; '.join(hit) or 'nobody'}."
    yield ""


def _write_csv(results: list[Robustness], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(
            (
                *("set", "method", "measure", "attack", "strength", "strength_counts"),
                *("repetitions", "mean", "half_interval", "fall", "fall_half_interval"),
            )
        )
        for result in results:
            for each in result.falls:
                rows.writerows(_csv_rows(result, each))


def _csv_rows(result: Robustness, fall: Fall) -> Iterator[list[str]]:
    units = {each.name: each.unit for each in ATTACKS}
    for condition in [QUIET, *result.conditions]:
        name, at = condition
        for measure in MEASURES:
            figures = *fall.level(condition, measure), *fall.fall(condition, measure)
            yield [
                *(result.name, fall.method.name, measure, name, f"{at:g}"),
                *(units.get(name, ""), str(result.repetitions)),
                *(f"{figure:.4f}" for figure in figures),
            ]


def _name(fall: Fall) -> str:
    mark = "*" if fall.method.is_baseline else ""
    return f"{mark}{fall.method.name}{mark}"


def _said(name: str, at: float) -> str:
    return f"{at:.0%}" if name == "whitewash" else f"× {at:g}"


def _with_half(value: float, half: float, *, signed: bool = False) -> str:
    text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return f"{text} ± {half:.3f}".replace("-0.000 ", "+0.000 ")
