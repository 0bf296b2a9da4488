"""The plots of a report, as inline SVG in the page's own ink, so that light and dark both read."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from graphsvc.report.model import BandShare, Changes, Disparity, Distribution

INK = "#010203"
"""Stands for the page's text colour until the SVG is written."""

NOW, BEFORE, WARN = "#4f83cc", "#c08a3e", "#c2504f"
WIDTH_INCHES = 8.6
LONGEST_LABEL = 34
_DRAWING = Lock()
_STYLE: dict[str, object] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
}


def score_plot(found: Distribution) -> str:
    """Draw the histogram of the scores, this run's filled and the last run's as a line."""
    with _styled("score"):
        figure, axes = _panel(2.6)
        edges = np.array(found.edges)
        axes.stairs(
            _shares(found.counts), edges, fill=True, color=NOW, alpha=0.75, label="this run"
        )
        if found.counts_before is not None:
            before = _shares(found.counts_before)
            axes.stairs(before, edges, color=BEFORE, lw=1.4, label="last run")
        for band in found.bands[1:]:
            axes.axvline(band.starts_at, color=INK, lw=0.5, ls=":", alpha=0.7)
        axes.set_xlabel("score")
        axes.set_ylabel("% of subjects")
        axes.set_xlim(edges[0], edges[-1])
        axes.legend(loc="upper left")
        return _svg(figure, "Histogram of the scores")


def band_plot(bands: Sequence[BandShare]) -> str:
    """Draw the share of the subjects in each band, now and in the last run."""
    with _styled("bands"):
        figure, axes = _panel(0.5 + 0.42 * len(bands))
        places = np.arange(len(bands), dtype=np.float64)
        has_before = any(band.before is not None for band in bands)
        height = 0.36 if has_before else 0.6
        shift = height / 2 if has_before else 0.0
        now = [100.0 * band.share for band in bands]
        axes.barh(places + shift, now, height, color=NOW, label="this run")
        if has_before:
            before = [100.0 * (band.before or 0.0) for band in bands]
            axes.barh(places - shift, before, height, color=BEFORE, label="last run")
            axes.legend(loc="lower right")
        axes.set_yticks(places, [shortened(band.name) for band in bands])
        axes.set_xlabel("% of subjects")
        return _svg(figure, "Share of the subjects in each band")


def drift_plot(changes: Changes) -> str:
    """Draw the shares behind each stability index, a panel for each value."""
    with _styled("drift"):
        figure = Figure(figsize=(WIDTH_INCHES, 2.3), layout="constrained")
        panels = figure.subplots(1, len(changes.drift), squeeze=False)[0]
        for axes, drift in zip(panels, changes.drift, strict=True):
            places = np.arange(len(drift.bins))
            axes.bar(places - 0.2, [100 * one.before for one in drift.bins], 0.4, color=BEFORE)
            axes.bar(places + 0.2, [100 * one.now for one in drift.bins], 0.4, color=NOW)
            axes.set_title(f"{drift.value}: PSI {drift.psi:.3f}", fontsize=9)
            axes.set_xticks(places, [str(place + 1) for place in places], fontsize=7)
            axes.set_xlabel("bin")
        panels[0].set_ylabel("% of subjects")
        return _svg(figure, "Shares of the subjects by bin, in the last run and in this one")


def disparity_plot(found: Disparity) -> str | None:
    """Draw each group's favourable rate with its interval; None where no group has a score."""
    groups = [group for group in found.groups if group.favourable is not None]
    if not groups:
        return None
    with _styled(f"disparity-{found.attribute}"):
        figure, axes = _panel(0.55 + 0.3 * len(groups))
        places = np.arange(len(groups))[::-1]
        for place, group in zip(places, groups, strict=True):
            rate = group.favourable
            assert rate is not None
            color = NOW if group.is_compared else INK
            span = [[100 * (rate.value - rate.low)], [100 * (rate.high - rate.value)]]
            axes.errorbar(100 * rate.value, place, xerr=span, fmt="o", ms=4, color=color, capsize=2)
            if group.favourable_on_own_record is not None:
                alone = 100 * group.favourable_on_own_record
                axes.plot(alone, place, "d", ms=5, mfc="none", color=BEFORE)
        best = max(
            (g.favourable.value for g in groups if g.favourable and g.is_compared), default=0
        )
        if best:
            axes.axvline(80.0 * best, color=WARN, lw=0.9, ls="--")
        axes.set_yticks(places, [shortened(group.group) for group in groups])
        axes.set_ylim(-0.6, len(groups) - 0.4)
        axes.set_xlabel("% with a favourable outcome")
        return _svg(figure, f"Favourable outcomes by {found.attribute}")


def shortened(text: str, most: int = LONGEST_LABEL) -> str:
    """Return a label that leaves room for the plot.

    >>> shortened("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


@contextmanager
def _styled(name: str) -> Iterator[None]:
    # Ids in the SVG come from the salt: two plots on one page must not share any. The settings are
    # the whole process's, so that one report at a time draws.
    settings = {**_STYLE, "svg.hashsalt": name}
    with _DRAWING, mpl.rc_context(settings):  # type: ignore[arg-type]
        yield


def _panel(height_inches: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), layout="constrained")
    return figure, figure.subplots()


def _shares(counts: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return 100.0 * np.array(counts) / max(sum(counts), 1)


def _svg(figure: Figure, title: str) -> str:
    text = io.StringIO()
    FigureCanvasSVG(figure)
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    # The page sets the width; the view box keeps the shape.
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    return svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
