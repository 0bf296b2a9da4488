"""One programme on one snapshot at one time: values, certificates, points. A pure function."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

import algorithms
from graphsvc.errors import CertificateError
from graphsvc.model import Programme, Purpose, RunCertificate
from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.scorecard import Points, PointScale
from graphsvc.snapshot import Snapshot
from graphsvc.tracing import span

Floats = NDArray[np.float64]


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


def propagate(
    inputs: PropagationInputs, programme: Programme, purpose: Purpose, tolerance: float
) -> Propagated:
    """Spread risk and trust, and turn them into points.

    Args:
        inputs: graphs, own risk and seeds, own record and reports.
        programme: attenuation, hop limits and points.
        purpose: its cap on association.
        tolerance: largest error of any exposure and of any trust value that is acceptable.

    Raises:
        CertificateError: the tolerance could not be certified.
    """
    alpha, beta = programme.trust.alpha, programme.exposure.beta
    try:
        with span("kernel.exposure", subjects=len(inputs.own_risk), links=inputs.links):
            exposure = algorithms.exposure(
                inputs.contacts,
                inputs.own_risk,
                beta,
                tolerance,
                hop_limit=programme.exposure.hop_limit,
            )
        with span("kernel.trust_mass", subjects=len(inputs.trust_seed), links=inputs.links):
            mass = algorithms.trust_mass(
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
    own_share = np.where(inputs.has_contacts, 1.0 - beta, 1.0) * inputs.own_risk
    association_exposure = np.maximum(exposure.values - own_share, 0.0)
    trust = mass.values / (1.0 - alpha)
    association_trust = np.maximum(trust - inputs.trust_seed, 0.0)
    scale = PointScale.of(programme, purpose)
    exposure_certificate = _certificate(exposure.certificate, 1.0)
    trust_certificate = _certificate(mass.certificate, 1.0 - alpha)
    return Propagated(
        exposure=exposure.values,
        trust=trust,
        association_exposure=association_exposure,
        association_trust=association_trust,
        points=scale.points(
            inputs.own, inputs.reports.joint(trust), association_exposure, association_trust
        ),
        exposure_certificate=exposure_certificate,
        trust_certificate=trust_certificate,
        score_bound=scale.score_bound(
            exposure_certificate.bound,
            trust_certificate.bound,
            trust_certificate.bound_1,
            inputs.own.most_records + inputs.reports.most_records,
        ),
    )


def propagate_snapshot(
    snapshot: Snapshot, programme: Programme, purpose: Purpose, as_of: datetime, tolerance: float
) -> tuple[PropagationInputs, Propagated]:
    """Derive the inputs from a snapshot and propagate them."""
    inputs = PropagationInputs.derive(snapshot, programme, as_of)
    return inputs, propagate(inputs, programme, purpose, tolerance)


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
