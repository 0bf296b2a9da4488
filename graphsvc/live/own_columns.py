"""What subjects' own evidence comes to, as columns that can be read and written by index."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graphsvc.scoring.inputs import PropagationInputs
from graphsvc.scoring.own import OwnRecord
from graphsvc.scoring.reports import JointReports
from graphsvc.scoring.scorecard import Points, PointScale

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

_RECORD = tuple(field.name for field in fields(OwnRecord) if field.name != "most_records")
LEARNED = "learned"
_REPORTS = tuple(field.name for field in fields(JointReports))


@dataclass(frozen=True, slots=True, eq=False)
class OwnColumns:
    """One row for each subject: points of its record, weights of reports, own risk and seed.

    `most_records` is how many records the subject with most of them has, or had.
    """

    columns: dict[str, NDArray[Any]]
    most_records: int

    @classmethod
    def of(cls, inputs: PropagationInputs, joint: JointReports) -> Self:
        """Return the columns of all subjects of some inputs, as copies."""
        columns: dict[str, NDArray[Any]] = {
            **{name: getattr(inputs.own, name) for name in _RECORD},
            **{name: getattr(joint, name) for name in _REPORTS},
            "risk": inputs.own_risk,
            "seed": inputs.trust_seed,
            "has_contacts": inputs.has_contacts,
            LEARNED: np.zeros(inputs.own_risk.size),
        }
        return cls(
            {name: np.array(column) for name, column in columns.items()},
            inputs.own.most_records + inputs.reports.most_records,
        )

    @property
    def risk(self) -> Floats:
        """Own risk, float64 (n,)."""
        return self.columns["risk"]

    @property
    def seed(self) -> Floats:
        """Trust seed, float64 (n,)."""
        return self.columns["seed"]

    @property
    def learned(self) -> Floats:
        """What the learned model told when the columns were made, float64 (n,)."""
        return self.columns[LEARNED]

    def extended(self, added: int) -> Self:
        """Return the columns with so many rows more, of subjects that nothing is known of."""
        longer = {
            name: np.concatenate([column, np.zeros(added, column.dtype)])
            for name, column in self.columns.items()
        }
        return type(self)(longer, self.most_records)

    def taken(self, index: Int64s) -> Self:
        """Return some rows, as copies."""
        rows = {name: column[index] for name, column in self.columns.items()}
        return type(self)(rows, self.most_records)

    def with_rows(self, index: Int64s, rows: Self) -> Self:
        """Return these columns after writing the first rows of others to an index, in place."""
        for name, column in self.columns.items():
            # A model reads the whole graph: what a few rows are derived from tells it nothing.
            if name != LEARNED:
                column[index] = rows.columns[name][: index.size]
        return type(self)(self.columns, max(self.most_records, rows.most_records))

    def points(self, scale: PointScale, exposure: Floats, trust: Floats) -> Points:
        """Return every row's points, given its exposure and trust, float64 (k,) each."""
        columns = self.columns
        record = OwnRecord(
            **{name: columns[name] for name in _RECORD}, most_records=self.most_records
        )
        reports = JointReports(**{name: columns[name] for name in _REPORTS})
        beta = scale.programme.exposure.beta
        own_share = np.where(columns["has_contacts"], 1.0 - beta, 1.0) * self.risk
        return scale.points(
            record,
            reports,
            np.maximum(exposure - own_share, 0.0),
            np.maximum(trust - self.seed, 0.0),
            self.learned,
        )
