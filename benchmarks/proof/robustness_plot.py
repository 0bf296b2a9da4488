"""The picture of who falls under what: a panel for each set, methods by attacks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.gridspec import SubplotSpec

from benchmarks.proof.plots import plt, save
from benchmarks.proof.robustness import QUIET, Robustness
from benchmarks.proof.view import Floats

INCHES_A_ROW, INCHES_A_COLUMN = 0.17, 0.36
# A fall of half an AUC, from all to nothing, is the darkest there need be.
DARKEST = 0.5
WHITE_TEXT_FROM = 0.33


def plot_falls(results: list[Robustness], path: Path) -> None:
    """Draw the fall of AUC of every method under every attack and strength."""
    lines = _lines_of(results)
    heights = [max(len(each.falls) for each in line) + 6 for line in lines]
    figure = plt.figure(figsize=(12, INCHES_A_ROW * sum(heights)))
    grid = figure.add_gridspec(len(lines), 1, height_ratios=heights)
    for place, line in zip(grid, lines, strict=True):
        widths = [len(each.conditions) + 1 for each in line]
        spec: SubplotSpec = place
        parts = spec.subgridspec(1, len(line), width_ratios=widths, wspace=0.45)
        for part, result in zip(parts, line, strict=True):
            _panel(figure.add_subplot(part), result)
    save(figure, path)


def _lines_of(results: list[Robustness]) -> list[list[Robustness]]:
    """Wide sets have a line to themselves; the others share one, two by two."""
    wide = [[each] for each in results if len(each.conditions) > 12]
    narrow = [each for each in results if len(each.conditions) <= 12]
    return wide + [narrow[at : at + 2] for at in range(0, len(narrow), 2)]


def _panel(panel: Axes, result: Robustness) -> None:
    quiet = np.array([each.level(QUIET, "AUC")[0] for each in result.falls])
    falls = np.array(
        [
            [each.fall(condition, "AUC")[0] for condition in result.conditions]
            for each in result.falls
        ]
    )
    panel.imshow(falls, cmap="RdBu_r", vmin=-DARKEST, vmax=DARKEST, aspect="auto")
    _write_figures(panel, falls)
    names = [each.method.name for each in result.falls]
    labels = [f"{name}  {auc:.2f}" for name, auc in zip(names, quiet, strict=True)]
    panel.set_yticks(np.arange(len(names)), labels, fontsize=6)
    for label, each in zip(panel.get_yticklabels(), result.falls, strict=True):
        label.set_style("italic" if each.method.is_baseline else "normal")
    ticks = [f"{at:.0%}" if name == "whitewash" else f"{at:g}" for name, at in result.conditions]
    panel.set_xticks(np.arange(len(ticks)), ticks, fontsize=6)
    _name_attacks(panel, result)
    panel.tick_params(length=0)
    panel.set_title(f"{result.name}, AUC without an attack beside the names", fontsize=8, pad=18)


def _write_figures(panel: Axes, falls: Floats) -> None:
    for (row, column), fall in np.ndenumerate(falls):
        text = f"{fall:.2f}".replace("0.", ".")
        if text in {".00", "-.00"}:
            continue
        color = "white" if abs(fall) > WHITE_TEXT_FROM else "black"
        panel.text(column, row, text, ha="center", va="center", fontsize=5, color=color)


def _name_attacks(panel: Axes, result: Robustness) -> None:
    names = [name for name, _ in result.conditions]
    for name in dict.fromkeys(names):
        first, count = names.index(name), names.count(name)
        panel.text(first + (count - 1) / 2, -0.8, name, ha="center", va="bottom", fontsize=6)
        if first:
            panel.axvline(first - 0.5, color="black", lw=0.7)
