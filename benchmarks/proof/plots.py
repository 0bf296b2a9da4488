"""The plots of the document, as SVG that is the same for the same figures."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from benchmarks.proof import published
from benchmarks.proof.runner import Result

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "proof"
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["font.size"] = 8

from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def plot_auc(results: list[Result], path: Path) -> None:
    """Draw AUC with its interval, a panel for each set."""
    columns = 2
    rows = -(-len(results) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(11, 3.6 * rows), squeeze=False)
    for panel, result in zip(axes.flat, results, strict=False):
        places = np.arange(len(result.outcomes))[::-1]
        for place, outcome in zip(places, result.outcomes, strict=True):
            color = "tab:orange" if outcome.method.is_baseline else "tab:blue"
            half = np.nan_to_num(outcome.half_width("AUC"))
            panel.errorbar(outcome.mean("AUC"), place, xerr=half, fmt="o", ms=3, color=color)
        panel.axvline(0.5, color="grey", lw=0.7)
        panel.set_yticks(places, [outcome.method.name for outcome in result.outcomes], fontsize=6)
        panel.set_xlim(0.0, 1.02)
        panel.set_title(f"{result.name}: AUC (baselines orange)")
    for panel in axes.flat[len(results) :]:
        panel.axis("off")
    save(figure, path)


def plot_reliability(results: list[Result], path: Path) -> None:
    """Draw told against true for the best method and the best baseline of each set."""
    figure, axes = plt.subplots(1, len(results), figsize=(2.6 * len(results), 2.8), squeeze=False)
    for panel, result in zip(axes.flat, results, strict=True):
        panel.plot([0, 1], [0, 1], color="grey", lw=0.7)
        for is_baseline, color in ((False, "tab:blue"), (True, "tab:orange")):
            count, told, true = result.best(is_baseline=is_baseline).reliability.T
            seen = count > 0
            name = "best baseline" if is_baseline else "best method"
            panel.plot(
                told[seen] / count[seen],
                true[seen] / count[seen],
                "o-",
                ms=3,
                color=color,
                label=name,
            )
        panel.set_title(result.name, fontsize=7)
        panel.set_xlabel("probability told")
    axes[0, 0].set_ylabel("share that was bad")
    axes[0, 0].legend(fontsize=6)
    save(figure, path)


def plot_published(
    removed: list[tuple[float, np.ndarray]],
    sweep: list[tuple[int, tuple[float, ...]]],
    path: Path,
) -> None:
    """Draw both robustness tables."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    share = [100 * row[0] for row in removed]
    values = np.array([row[1] for row in removed])
    left.plot(share, values[:, 0], "o-", ms=3, label="RMSE, fairness × goodness")
    left.plot(share, values[:, 1], "s-", ms=3, label="Pearson, fairness × goodness")
    left.set_xlabel("ratings removed, %")
    left.legend(fontsize=7)
    counts = [row[0] for row in sweep]
    for at, name in enumerate(published.SYBIL_METHODS):
        right.plot(counts, [row[1][at] for row in sweep], "o-", ms=3, label=name)
    right.set_xlabel("attack links added")
    right.set_ylabel("AUC")
    right.legend(fontsize=7)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG that is the same for the same figures, and let it go."""
    figure.tight_layout()
    # A date would make each run another file.
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)
