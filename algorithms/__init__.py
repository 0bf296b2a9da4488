"""Pure numpy and Numba operators on graphs: arrays in, arrays and certificates out."""

from algorithms.arguments import CheckedVector, checked_vector
from algorithms.belief import Beliefs, linear_beliefs
from algorithms.certificate import Certificate
from algorithms.contributions import Contributions, exposure_contributions, trust_contributions
from algorithms.csr import CSRGraph
from algorithms.decay import Saturation, conductance, decay_factor
from algorithms.errors import (
    AlgorithmError,
    ConvergenceError,
    InvalidArgumentError,
    InvalidGraphError,
)
from algorithms.exposure import Exposure, exposure
from algorithms.fairness_goodness import (
    FairnessGoodness,
    LeftOut,
    fairness_goodness,
    fairness_goodness_left_out,
)
from algorithms.generators import barabasi_albert, rmat
from algorithms.interchange import from_networkx, to_networkx
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
from algorithms.ratings import Ratings
from algorithms.rev2 import Behaviour, Rev2, Rev2Weights, rev2
from algorithms.sybil_rank import SybilRank, sybil_rank
from algorithms.sybil_scar import SybilScar, sybil_scar
from algorithms.taint import Payments, Taint, fifo_taint, haircut_taint, poison_taint
from algorithms.trust_mass import TrustMass, distrust_mass, trust_mass

__all__ = [
    "AlgorithmError",
    "Behaviour",
    "Beliefs",
    "CSRGraph",
    "Certificate",
    "CheckedVector",
    "Contributions",
    "ConvergenceError",
    "Exposure",
    "FairnessGoodness",
    "InvalidArgumentError",
    "InvalidGraphError",
    "LeftOut",
    "MemoryEstimate",
    "Path",
    "Payments",
    "Ratings",
    "Rev2",
    "Rev2Weights",
    "Saturation",
    "StrongestPaths",
    "SybilRank",
    "SybilScar",
    "Taint",
    "TrustMass",
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
    "fairness_goodness",
    "fairness_goodness_left_out",
    "fifo_taint",
    "from_networkx",
    "haircut_taint",
    "linear_beliefs",
    "locality_order",
    "memory_estimate",
    "poison_taint",
    "precision_at",
    "rev2",
    "rmat",
    "row_stochastic",
    "strongest_exposure_paths",
    "strongest_trust_paths",
    "sybil_rank",
    "sybil_scar",
    "to_networkx",
    "trust_contributions",
    "trust_mass",
    "trust_mass_many",
]
