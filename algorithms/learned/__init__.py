"""Learned scores: graph neural networks beside the linear operators, which stay what they are.

Nothing here imports torch but ``networks`` and ``training``, and nobody imports those for you: a
trained model is a file of plain arrays, and ``score`` reads it with numpy and Numba alone.
"""

from algorithms.learned.calibration import (
    Calibration,
    brier_score,
    expected_calibration_error,
    fit_calibration,
)
from algorithms.learned.evidence import Evidence, History
from algorithms.learned.features import FEATURES, Features, features
from algorithms.learned.lessons import Lesson, cross_fitted, dated_lessons, sign_lessons
from algorithms.learned.messages import LINK_FEATURES, Messages
from algorithms.learned.model import LearnedModel, ModelFileError, NetworkKind, TrainedOn
from algorithms.learned.sampling import Sample, sample_neighbours
from algorithms.learned.scoring import LearnedScores, score
from algorithms.learned.told import Told

__all__ = [
    "FEATURES",
    "LINK_FEATURES",
    "Calibration",
    "Evidence",
    "Features",
    "History",
    "LearnedModel",
    "LearnedScores",
    "Lesson",
    "Messages",
    "ModelFileError",
    "NetworkKind",
    "Sample",
    "Told",
    "TrainedOn",
    "brier_score",
    "cross_fitted",
    "dated_lessons",
    "expected_calibration_error",
    "features",
    "fit_calibration",
    "sample_neighbours",
    "score",
    "sign_lessons",
]
