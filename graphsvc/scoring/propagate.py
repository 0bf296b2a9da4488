"""One programme on one snapshot at one time: values, certificates, points. A pure function."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.errors import CertificateError
from graphsvc.model import Programme, Purpose, RunCertificate, RunMethod
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.learned import learned_probability
from graphsvc.scoring.own import OwnRecord
from graphsvc.scoring.reports import Reports
from graphsvc.scoring.scorecard import Points, PointScale
from graphsvc.snapshot import Snapshot
from graphsvc.tracing import span

Floats = NDArray[np.float64]

_SOLVERS = {
    RunMethod.CORE: (algorithms.exposure, algorithms.trust_mass),
    RunMethod.SWEEPS: (algorithms.exposure_by_sweeps, algorithms.trust_mass_by_sweeps),
}


class Seeds(Protocol):
    """Where risk and trust begin, float64 (n,) each, and which subjects have contacts."""

    @property
    def own_risk(self) -> Floats:
        """Each subject's own risk."""

    @property
    def trust_seed(self) -> Floats:
        """Each subject's own trust."""

    @property
    def has_contacts(self) -> NDArray[np.bool_]:
        """Whether exposure can reach the subject at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Propagated:
    """Every subject's values in snapshot indices, float64 (n,) each, and what they are worth.

    `trust` is in units of a seed: 1 is what a fully trusted seed holds by itself.
    """

    exposure: Floats
    trust: Floats
    association_exposure: Floats
    association_trust: Floats
    points: Points
    exposure_certificate: RunCertificate
    trust_certificate: RunCertificate
    score_bound: float


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How far risk and trust spread, float64 (n,) each; the part of it that takes long.

    `association_exposure` and `association_trust` are what came through contacts, `links` how many
    links conducted. `learned` are the learned model's probabilities, None where there is none.
    """

    exposure: Floats
    trust: Floats
    association_exposure: Floats
    association_trust: Floats
    exposure_certificate: RunCertificate
    trust_certificate: RunCertificate
    links: int
    learned: Floats | None = None

    @classmethod
    def of(
        cls,
        exposure: algorithms.Exposure,
        mass: algorithms.TrustMass,
        seeds: Seeds,
        programme: Programme,
        links: int,
    ) -> Spread:
        """Return what two solutions come to, in the units of scores."""
        alpha, beta = programme.trust.alpha, programme.exposure.beta
        own_share = np.where(seeds.has_contacts, 1.0 - beta, 1.0) * seeds.own_risk
        trust = mass.values / (1.0 - alpha)
        return cls(
            exposure=exposure.values,
            trust=trust,
            association_exposure=np.maximum(exposure.values - own_share, 0.0),
            association_trust=np.maximum(trust - seeds.trust_seed, 0.0),
            exposure_certificate=_certificate(exposure.certificate, 1.0),
            trust_certificate=_certificate(mass.certificate, 1.0 - alpha),
            links=links,
        )


def spread(
    inputs: PropagationInputs,
    programme: Programme,
    tolerance: float,
    method: RunMethod = RunMethod.CORE,
) -> Spread:
    """Spread risk and trust over the graphs.

    Args:
        inputs: graphs, own risk and seeds.
        programme: attenuation and hop limits.
        tolerance: largest error of any exposure and of any trust value that is acceptable.
        method: which of two ways leads there.

    Raises:
        CertificateError: the tolerance could not be certified.
    """
    alpha, beta = programme.trust.alpha, programme.exposure.beta
    exposure_of, mass_of = _SOLVERS[method]
    try:
        with span("kernel.exposure", subjects=len(inputs.own_risk), links=inputs.links):
            exposure = exposure_of(
                inputs.contacts,
                inputs.own_risk,
                beta,
                tolerance,
                hop_limit=programme.exposure.hop_limit,
            )
        with span("kernel.trust_mass", subjects=len(inputs.trust_seed), links=inputs.links):
            mass = mass_of(
                inputs.vouching,
                inputs.trust_seed,
                alpha,
                tolerance * (1.0 - alpha),
                hop_limit=programme.trust.hop_limit,
                transposed=inputs.vouching_reversed,
            )
    except algorithms.ConvergenceError as error:
        raise CertificateError(
            f"programme {programme.name}: a bound of {tolerance:g} was asked for; {error}"
        ) from error
    return Spread.of(exposure, mass, inputs, programme, inputs.links)


def score(
    values: Spread, own: OwnRecord, reports: Reports, programme: Programme, purpose: Purpose
) -> Propagated:
    """Turn what spread, and each subject's own record, into points.

    Args:
        values: what spread.
        own: what each subject's own events and listings are worth.
        reports: the reports, waiting for their reporters' trust.
        programme: points.
        purpose: its cap on association.
    """
    scale = PointScale.of(programme, purpose)
    return Propagated(
        exposure=values.exposure,
        trust=values.trust,
        association_exposure=values.association_exposure,
        association_trust=values.association_trust,
        points=scale.points(
            own,
            reports.joint(values.trust),
            values.association_exposure,
            values.association_trust,
            values.learned,
        ),
        exposure_certificate=values.exposure_certificate,
        trust_certificate=values.trust_certificate,
        score_bound=scale.score_bound(
            values.exposure_certificate.bound,
            values.trust_certificate.bound,
            values.trust_certificate.bound_1,
            own.most_records + reports.most_records,
        ),
    )


def propagate(
    inputs: PropagationInputs,
    programme: Programme,
    purpose: Purpose,
    tolerance: float,
    method: RunMethod = RunMethod.CORE,
    *,
    learned: Floats | None = None,
) -> Propagated:
    """Spread risk and trust, and turn them into points.

    Args:
        inputs: graphs, own risk and seeds, own record and reports.
        programme: attenuation, hop limits and points.
        purpose: its cap on association.
        tolerance: largest error of any exposure and of any trust value that is acceptable.
        method: how risk and trust are spread.
        learned: the learned model's probabilities; None where the programme names none.

    Raises:
        CertificateError: the tolerance could not be certified.
    """
    values = replace(spread(inputs, programme, tolerance, method), learned=learned)
    return score(values, inputs.own, inputs.reports, programme, purpose)


def propagate_snapshot(
    snapshot: Snapshot,
    programme: Programme,
    purpose: Purpose,
    as_of: datetime,
    tolerance: float,
    method: RunMethod = RunMethod.CORE,
    *,
    learned: Floats | None = None,
) -> tuple[PropagationInputs, Propagated]:
    """Derive the inputs from a snapshot and propagate them.

    What a learned model says is asked of it where the programme names one and `learned` is None.

    Raises:
        CertificateError: the tolerance could not be certified.
        ModelMissingError: the programme names a model that is not there.
    """
    inputs = PropagationInputs.derive(snapshot, programme, as_of)
    if learned is None:
        learned = learned_probability(snapshot, programme, as_of)
    return inputs, propagate(inputs, programme, purpose, tolerance, method, learned=learned)


def _certificate(measured: algorithms.Certificate, unit: float) -> RunCertificate:
    """Return a certificate in other units; the division's rounding is far below the slack taken."""
    raised = (1.0 + 2.0**-48) / unit
    return RunCertificate(
        bound=measured.bound_inf * raised,
        bound_1=measured.bound_1 * raised,
        residual=measured.residual_inf * raised,
        tolerance=measured.tolerance / unit,
        sweeps=measured.sweeps,
    )
