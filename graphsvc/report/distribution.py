"""How the scores of a run lie: quantiles, a histogram over the programme's range, bands."""

from __future__ import annotations

import numpy as np

from graphsvc.model import Programme
from graphsvc.report.model import BandShare, Distribution
from graphsvc.runs import PublishedScores

BINS = 40
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def distribution(
    scores: PublishedScores, previous: PublishedScores | None, programme: Programme
) -> Distribution:
    """Return how a run's scores lie, beside those of the run before it."""
    card = programme.scorecard
    edges = np.linspace(card.range_low, card.range_high, BINS + 1)
    values = scores.column("score")
    # Another version may have had another range; what lies outside counts to the last bin.
    before = None if previous is None else np.clip(previous.column("score"), edges[0], edges[-1])
    points = np.quantile(values, QUANTILES).tolist() if values.size else []
    return Distribution(
        subjects=values.size,
        mean=float(values.mean()) if values.size else 0.0,
        quantiles={
            f"{share:.0%}": point for share, point in zip(QUANTILES, points, strict=bool(points))
        },
        edges=tuple(edges.tolist()),
        counts=tuple(np.histogram(values, edges)[0].tolist()),
        counts_before=(None if before is None else tuple(np.histogram(before, edges)[0].tolist())),
        bands=band_shares(scores, previous, programme),
    )


def band_shares(
    scores: PublishedScores, previous: PublishedScores | None, programme: Programme
) -> tuple[BandShare, ...]:
    """Return how many subjects stand in each of the programme's bands, the lowest first."""
    now = _band_counts(scores)
    before = None if previous is None else _band_counts(previous)
    return tuple(
        BandShare(
            name=band.name,
            starts_at=band.starts_at,
            subjects=now.get(band.name, 0),
            share=now.get(band.name, 0) / max(len(scores), 1),
            before=(
                None
                if before is None or previous is None
                else before.get(band.name, 0) / max(len(previous), 1)
            ),
        )
        for band in programme.bands
    )


def _band_counts(scores: PublishedScores) -> dict[str, int]:
    counts = np.bincount(scores.band_codes, minlength=len(scores.band_names))
    return dict(zip(scores.band_names, counts.tolist(), strict=False))
