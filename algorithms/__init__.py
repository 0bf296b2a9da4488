"""Pure numpy and Numba operators on graphs: arrays in, arrays and certificates out."""

from algorithms._live import Settled
from algorithms._what_if import WhatIf
from algorithms.arguments import CheckedVector, checked_vector
from algorithms.certificate import Certificate
from algorithms.contributions import Contributions, exposure_contributions, trust_contributions
from algorithms.csr import CSRGraph
from algorithms.decay import Saturation, conductance, decay_factor
from algorithms.dynamic_graph import DynamicGraph
from algorithms.errors import (
    AlgorithmError,
    ConvergenceError,
    InvalidArgumentError,
    InvalidGraphError,
)
from algorithms.exposure import Exposure, exposure
from algorithms.generators import barabasi_albert, rmat
from algorithms.interchange import from_networkx, to_networkx
from algorithms.live_exposure import LiveExposure
from algorithms.live_trust_mass import LiveTrustMass
from algorithms.many import exposure_many, trust_mass_many
from algorithms.memory import MemoryEstimate, memory_estimate
from algorithms.metrics import auc, average_precision, precision_at
from algorithms.normalize import column_stochastic, row_stochastic
from algorithms.ordering import locality_order
from algorithms.paths import (
    Path,
    StrongestPaths,
    strongest_exposure_paths,
    strongest_trust_paths,
)
from algorithms.trust_mass import TrustMass, distrust_mass, trust_mass

__all__ = [
    "AlgorithmError",
    "CSRGraph",
    "Certificate",
    "CheckedVector",
    "Contributions",
    "ConvergenceError",
    "DynamicGraph",
    "Exposure",
    "InvalidArgumentError",
    "InvalidGraphError",
    "LiveExposure",
    "LiveTrustMass",
    "MemoryEstimate",
    "Path",
    "Saturation",
    "Settled",
    "StrongestPaths",
    "TrustMass",
    "WhatIf",
    "auc",
    "average_precision",
    "barabasi_albert",
    "checked_vector",
    "column_stochastic",
    "conductance",
    "decay_factor",
    "distrust_mass",
    "exposure",
    "exposure_contributions",
    "exposure_many",
    "from_networkx",
    "locality_order",
    "memory_estimate",
    "precision_at",
    "rmat",
    "row_stochastic",
    "strongest_exposure_paths",
    "strongest_trust_paths",
    "to_networkx",
    "trust_contributions",
    "trust_mass",
    "trust_mass_many",
]
