"""Pure numpy and Numba operators on graphs: arrays in, arrays and certificates out."""

from algorithms._live import Settled
from algorithms._what_if import WhatIf
from algorithms.appleseed import Appleseed, appleseed
from algorithms.arguments import CheckedVector, checked_vector
from algorithms.belief import Beliefs, linear_beliefs
from algorithms.certificate import Certificate
from algorithms.contributions import Contributions, exposure_contributions, trust_contributions
from algorithms.csr import CSRGraph
from algorithms.decay import Saturation, conductance, decay_factor
from algorithms.dynamic_graph import DynamicGraph
from algorithms.eigentrust import EigenTrust, eigentrust
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
from algorithms.guha import Distrust, Steps, guha_beliefs, rounded_by_majority
from algorithms.interchange import (
    from_networkx,
    payments_from_networkx,
    ratings_from_networkx,
    ratings_to_networkx,
    signed_from_networkx,
    signed_to_networkx,
    to_networkx,
)
from algorithms.key_places import key_places
from algorithms.link_places import link_places
from algorithms.live_exposure import LiveExposure
from algorithms.live_trust_mass import LiveTrustMass
from algorithms.many import exposure_many, trust_mass_many
from algorithms.memory import MemoryEstimate, memory_estimate
from algorithms.metrics import auc, average_precision, precision_at
from algorithms.moletrust import MoleTrust, moletrust
from algorithms.normalize import column_stochastic, row_stochastic
from algorithms.ordering import locality_order
from algorithms.paths import (
    Path,
    StrongestPaths,
    strongest_exposure_paths,
    strongest_trust_paths,
)
from algorithms.plain_sweeps import exposure_by_sweeps, trust_mass_by_sweeps
from algorithms.ratings import Ratings
from algorithms.rev2 import Behaviour, Rev2, Rev2Weights, rev2
from algorithms.signed_graph import SignedGraph
from algorithms.signed_walk import SignedWalk, signed_walk
from algorithms.sybil_rank import SybilRank, sybil_rank
from algorithms.sybil_scar import SybilScar, sybil_scar
from algorithms.taint import Payments, Taint, fifo_taint, haircut_taint, poison_taint
from algorithms.trust_mass import TrustMass, distrust_mass, trust_mass

__all__ = [
    "AlgorithmError",
    "Appleseed",
    "Behaviour",
    "Beliefs",
    "CSRGraph",
    "Certificate",
    "CheckedVector",
    "Contributions",
    "ConvergenceError",
    "Distrust",
    "DynamicGraph",
    "EigenTrust",
    "Exposure",
    "FairnessGoodness",
    "InvalidArgumentError",
    "InvalidGraphError",
    "LeftOut",
    "LiveExposure",
    "LiveTrustMass",
    "MemoryEstimate",
    "MoleTrust",
    "Path",
    "Payments",
    "Ratings",
    "Rev2",
    "Rev2Weights",
    "Saturation",
    "Settled",
    "SignedGraph",
    "SignedWalk",
    "Steps",
    "StrongestPaths",
    "SybilRank",
    "SybilScar",
    "Taint",
    "TrustMass",
    "WhatIf",
    "appleseed",
    "auc",
    "average_precision",
    "barabasi_albert",
    "checked_vector",
    "column_stochastic",
    "conductance",
    "decay_factor",
    "distrust_mass",
    "eigentrust",
    "exposure",
    "exposure_by_sweeps",
    "exposure_contributions",
    "exposure_many",
    "fairness_goodness",
    "fairness_goodness_left_out",
    "fifo_taint",
    "from_networkx",
    "guha_beliefs",
    "haircut_taint",
    "key_places",
    "linear_beliefs",
    "link_places",
    "locality_order",
    "memory_estimate",
    "moletrust",
    "payments_from_networkx",
    "poison_taint",
    "precision_at",
    "ratings_from_networkx",
    "ratings_to_networkx",
    "rev2",
    "rmat",
    "rounded_by_majority",
    "row_stochastic",
    "signed_from_networkx",
    "signed_to_networkx",
    "signed_walk",
    "strongest_exposure_paths",
    "strongest_trust_paths",
    "sybil_rank",
    "sybil_scar",
    "to_networkx",
    "trust_contributions",
    "trust_mass",
    "trust_mass_by_sweeps",
    "trust_mass_many",
]
