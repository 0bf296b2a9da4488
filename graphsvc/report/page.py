"""A run's report as one self-contained HTML page: no script, no font, no file beside it."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from graphsvc.report import plots
from graphsvc.report.model import Interval, RunReport


def html_page(report: RunReport) -> str:
    """Return the page. What records say stands in it as text only."""
    changes = report.changes
    return _template().render(
        report=report,
        run=report.run,
        score_plot=Markup(plots.score_plot(report.distribution)),
        band_plot=(
            Markup(plots.band_plot(report.distribution.bands))
            if report.distribution.bands
            else None
        ),
        drift_plot=None if changes is None else Markup(plots.drift_plot(changes)),
        disparity_plots=[
            None if (drawn := plots.disparity_plot(found)) is None else Markup(drawn)
            for found in report.disparity
        ],
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("graphsvc.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "time": _time,
        "points": _points,
        "percent": _percent,
        "interval": _interval,
        "mebibytes": _mebibytes,
    }
    return environment.get_template("page.html.jinja")


def _time(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _points(value: float | None) -> str:
    """Return points with their sign, a dash where there are none."""
    if value is None:
        return "—"
    text = f"{value:+.1f}".replace("-", "−")
    return "0.0" if text in ("−0.0", "+0.0") else text


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f} %"


def _interval(value: Interval | None, scale: float = 1.0, digits: int = 1) -> str:
    """Return the limits of an interval, a dash where there is none."""
    if value is None:
        return "—"
    return f"{scale * value.low:.{digits}f} – {scale * value.high:.{digits}f}"


def _mebibytes(value: int | None) -> str:
    return "—" if value is None else f"{value / 2**20:,.0f} MiB"
