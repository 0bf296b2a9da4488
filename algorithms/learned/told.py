"""Everything that a network is told about evidence: features of subjects, messages of links."""

from __future__ import annotations

from dataclasses import dataclass

from algorithms.learned.evidence import Evidence
from algorithms.learned.features import features
from algorithms.learned.messages import Messages, Singles


@dataclass(frozen=True, eq=False)
class Told:
    """Features and messages of the same evidence; made once, read by many models.

    Attributes:
        features: float32 (n, features), columns as ``FEATURES`` names them.
        messages: who hears from whom.
    """

    features: Singles
    messages: Messages

    @classmethod
    def of(cls, evidence: Evidence) -> Told:
        """Return what networks are told of the evidence.

        >>> Told.of(Evidence(2, [0], [1], [1.0], None, [], [])).features.shape
        (2, 27)
        """
        return cls(features(evidence).values, Messages.of(evidence))
