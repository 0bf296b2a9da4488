"""The document of the learned models: what they add, what they don't, and what they cost."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.proof.learned_methods import NAMES, SETTINGS
from benchmarks.proof.runner import MEASURES, Outcome, Result, half_interval

if TYPE_CHECKING:
    from benchmarks.proof.learned import LearnedResult

SHOWN_RIVALS = 3
LEARNED = frozenset(NAMES.values())
HEAD = """# Do learned models predict better?

Made by `make proof-learned`: the protocol, the measures and the sets of `docs/proof.md`, on the
first repetitions of each (the number stands above each table). Every method of `docs/proof.md` but
linearised belief propagation ran on the very same trials; shown are the networks, the best
baselines (*italics*) and the best linear methods. ± is half of a 95 % interval over repetitions
(Student's t).

Three networks, an ensemble of {members} each, the same settings for every set, **nothing tuned**:

- **{alone}**: two dense layers on a subject's own features, which hold the
  counts of its links and what the linear operators say. The control: it shows what of a gain needs
  no graph network.
- **{signed}**: means over trust and over distrust apart; where links have signs.
- **{attention}**: weighs every message by sender, listener, and the link's
  direction, sign, weight and age.

Each is trained on what the view of a trial shows and on nothing else (`docs/learned.md`).
"""

REMARKS = """## What to make of it

- **Bitcoin-OTC's fraudsters are not found better.** REV2's goodness and the mean rating stand
  where they stood; with a hundred and fifty labels a network has little to add to an average,
  and much to overfit.
- **On Facebook SybilSCAR-C, which learns nothing, is best**; the network comes second, without
  certainty. Hearing neighbours is worth something there: the control is far behind it.
- **On AMLSim networks are behind counting links in.** Under one in a hundred is bad, few were
  found before each cut, and half of the fraudulent accounts have no date at all: little to
  learn from.
- **Foretelling the next rating, the control does as well as any network.** What helps is to
  weigh many counts and operators together, and no graph network is needed for that. Over the
  seven cuts the lead is not certain.
- **On Ethereum 0.99 is a warning.** The set was gathered around its labels, and the control
  alone tells nearly all: how an address was sampled shows in its counts. Nobody should expect
  it of a new address.
- **On Hop the lead is large, and proves little.** The project chose its labels by rules on
  these very transfers; a network that has learned the rules foretells the labels, not fraud.
  Hiding the links between labelled wallets takes more of them from one label than from the
  other, too. The control, which hears no neighbours, has two thirds of the lead.
- **On Epinions the lead is certain and tiny**: some thousandths of AUC over REV2's goodness,
  which needs no training.
- **Platt scaling helps only where later answers are like these.** It halves the calibration
  error on Hop and changes little on Epinions. Between one tenth of the ratings and the next,
  and between groups that are held apart (Bitcoin-OTC, Ethereum, and most of all Facebook's
  communities), it makes it worse: a model's probability is as good as the answers that it was
  calibrated on are like those that come.
- So no shipped programme names a model. Nothing here was tuned, and neither were the rivals; of
  three networks the first table praises the best.
"""


def document(results: list[LearnedResult]) -> str:
    """Return the document."""
    names = {kind.value: name for kind, name in NAMES.items()}
    minutes = sum(each.processor_s for each in results) / 60.0
    lines = [HEAD.format(members=SETTINGS.members, **names), _machine(minutes), ""]
    lines += list(_summary(results))
    for each in results:
        lines += list(_table(each))
    lines += list(_calibration(results))
    lines += [REMARKS]
    lines += list(_costs(results))
    return "\n".join(lines).rstrip() + "\n"


def _learned(result: Result) -> list[Outcome]:
    return [each for each in result.outcomes if each.method.name in LEARNED]


def _linear(result: Result) -> list[Outcome]:
    kept = [each for each in result.outcomes if each.method.name not in LEARNED]
    return [each for each in kept if not each.method.is_baseline]


def _summary(results: list[LearnedResult]) -> Iterator[str]:
    yield "## In short"
    yield ""
    yield "Lead in AUC, paired over repetitions. The best rival is chosen by the figures that are"
    yield "compared, which favours it; the best network likewise. “Beats” and “behind” are said"
    yield "where the interval leaves no doubt."
    yield ""
    yield "| set | best network | against best baseline | against best linear method | so it |"
    yield "|---|---|--:|--:|---|"
    for each in results:
        result = each.result
        best = _learned(result)[0]
        leads = [best.margin(rival, "AUC") for rival in (_baselines(result)[0], _linear(result)[0])]
        cells = [
            f"{lead:+.3f} ± {half:.3f} ({rival.method.name})"
            for (lead, half), rival in zip(
                leads, (_baselines(result)[0], _linear(result)[0]), strict=True
            )
        ]
        row = [result.name, best.method.name, *cells, _verdict(leads)]
        yield "| " + " | ".join(row) + " |"
    yield ""
    yield "What hearing neighbours adds to the features alone (AUC of the best network that does,"
    yield "less that of the control):"
    yield ""
    for each in results:
        hearing = [o for o in _learned(each.result) if o.method.name != _ALONE]
        control = next(o for o in _learned(each.result) if o.method.name == _ALONE)
        lead, half = hearing[0].margin(control, "AUC")
        yield f"- {each.result.name}: {lead:+.3f} ± {half:.3f} ({hearing[0].method.name})"
    yield ""


def _baselines(result: Result) -> list[Outcome]:
    return [each for each in result.outcomes if each.method.is_baseline]


_ALONE = next(name for kind, name in NAMES.items() if kind.value == "alone")


def _verdict(leads: list[tuple[float, float]]) -> str:
    if all(lead > half for lead, half in leads):
        return "beats both"
    if any(lead < -half for lead, half in leads):
        return "is behind"
    if any(lead > half for lead, half in leads):
        return "beats one, ties with the other"
    return "ties"


def _table(each: LearnedResult) -> Iterator[str]:
    result = each.result
    repetitions = result.outcomes[0].by_repetition("AUC").size
    yield f"## {result.name}"
    yield ""
    yield f"{result.asked:,} questions in {repetitions} repetitions, {result.share_bad:.1%} bad."
    yield ""
    yield "| method | " + " | ".join(MEASURES) + " |"
    yield "|---|" + "--:|" * len(MEASURES)
    shown = _learned(result) + _baselines(result)[:SHOWN_RIVALS] + _linear(result)[:SHOWN_RIVALS]
    for outcome in sorted(shown, key=lambda one: -one.mean("AUC")):
        name = outcome.method.name
        mark = "**" if name in LEARNED else "*" if outcome.method.is_baseline else ""
        cells = [f"{outcome.mean(m):.3f} ± {outcome.half_width(m):.3f}" for m in MEASURES]
        yield f"| {mark}{name}{mark} | " + " | ".join(cells) + " |"
    yield ""


def _calibration(results: list[LearnedResult]) -> Iterator[str]:
    yield "## Are the probabilities true?"
    yield ""
    yield "Of the ensembles' own probabilities, before and after Platt scaling on answers that came"
    yield "later than all training (a held-out fold where there is no time). Brier score, expected"
    yield "calibration error; smaller is better. In the tables above, the calibration error is that"
    yield "of isotonic regression, as for every method."
    yield ""
    yield "| set | network | Brier, before | after | error, before | after |"
    yield "|---|---|--:|--:|--:|--:|"
    for each in results:
        for name, told in each.told.items():
            before, after = np.array(told.before), np.array(told.after)
            cells = [_mean(part[:, at]) for at in (0, 1) for part in (before, after)]
            yield f"| {each.result.name} | {name} | " + " | ".join(cells) + " |"
    yield ""


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {half_interval(values):.3f}"


def _costs(results: list[LearnedResult]) -> Iterator[str]:
    yield "## What it costs"
    yield ""
    yield "Seconds for one view on one thread, on a machine shared with other work; the peak of a"
    yield "process that does nothing but this set, torch and the other methods included."
    yield ""
    steps = list(dict.fromkeys(step for each in results for step in each.seconds))
    yield "| | " + " | ".join(each.result.name for each in results) + " |"
    yield "|---|" + "--:|" * len(results)
    for step in steps:
        cells = [
            f"{np.mean(each.seconds[step]):.2f}" if step in each.seconds else "–"
            for each in results
        ]
        yield f"| {step} | " + " | ".join(cells) + " |"
    peaks = ["–" if np.isnan(each.peak_mib) else f"{each.peak_mib:,.0f}" for each in results]
    yield "| peak, MiB | " + " | ".join(peaks) + " |"


def _machine(minutes: float) -> str:
    import torch
    import torch_geometric

    return (
        f"Last run: {minutes:.0f} minutes of processor time, on one thread of {os.cpu_count()}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, torch {torch.__version__} on "
        f"the CPU, torch-geometric {torch_geometric.__version__}."
    )
