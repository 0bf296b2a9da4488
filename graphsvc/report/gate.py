"""Whether a run may be published as it is, or waits until a person has looked at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphsvc.model import Gate
from graphsvc.report.model import RunReport


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which limits a run passed, in words that name no subject; none where it may be published."""

    reasons: tuple[str, ...]

    @property
    def is_released(self) -> bool:
        """Whether the run may be published without a person."""
        return not self.reasons


def judge(report: RunReport, limits: Gate | None) -> Verdict:
    """Return whether a run keeps its programme's limits.

    A first run has no drift; where either run has fewer subjects than the gate asks for, it is not
    judged. A ratio that a limit asks for and that can't be measured, because no two groups are
    large enough, holds the run: what nobody looked at is not in order. So does one for which no
    attributes are given, unless the gate says that it needs none.

    Args:
        report: of the run.
        limits: of its programme; None lets every run through.
    """
    if limits is None:
        return Verdict(())
    return Verdict(
        (*_certificate(report, limits), *_changes(report, limits), *_disparity(report, limits))
    )


def _certificate(report: RunReport, limits: Gate) -> Iterator[str]:
    most, bound = limits.score_bound_at_most, report.run.score_bound
    if most is not None and bound > most:
        yield f"certificate: a score may be off by {bound:.3g} points, above the limit of {most:g}"


def _changes(report: RunReport, limits: Gate) -> Iterator[str]:
    if report.changes is None:
        return
    fewest = min(report.run.subjects, report.changes.previous.subjects)
    if fewest < limits.drift_from_subjects:
        return
    most = limits.psi_at_most
    for drift in report.changes.drift:
        if most is not None and drift.psi > most:
            yield f"drift: PSI of {drift.value} is {drift.psi:.3f}, above the limit of {most:g}"
    most, share = limits.band_changes_at_most, report.changes.band_changes
    if most is not None and share > most:
        yield f"bands: {share:.1%} of the subjects change theirs, above the limit of {most:.1%}"


def _disparity(report: RunReport, limits: Gate) -> Iterator[str]:
    least = limits.disparity_ratio_at_least
    if least is None or not (report.disparity or limits.needs_attributes):
        return
    measured = [found for found in report.disparity if found.lowest_ratio is not None]
    if not measured:
        yield (
            f"disparity: a ratio of at least {least:g} is asked for and none could be measured; "
            "set GRAPHSVC_AUDIT_ATTRIBUTES to a file with two groups of enough subjects"
        )
    for found in measured:
        ratio = found.lowest_ratio
        if ratio is not None and ratio < least:
            yield (
                f"disparity: by {found.attribute}, the lowest ratio of favourable rates is "
                f"{ratio:.3f}, below the limit of {least:g}"
            )
