"""Who hears from whom: every link twice, once for each end, gathered by the end that listens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.arguments import Floats, Int32s, Int64s
from algorithms.learned.evidence import Evidence

Singles = NDArray[np.float32]
LINK_FEATURES = ("leads here", "is distrust", "rank of weight", "rank of age", "is returned")
# A message's relation: trust and distrust that lead to the listener, and that leave it.
RELATIONS = ("trusted by", "distrusted by", "trusts", "distrusts")


@dataclass(frozen=True, eq=False)
class Messages:
    """Messages by listener, in an order that the links' own order doesn't change.

    Attributes:
        indptr: int64 (n + 1,), messages to subject i are those from indptr[i] to indptr[i + 1].
        sender: int32 (2m,), the other end.
        relation: uint8 (2m,), a place in ``RELATIONS``.
        features: float32 (2m, 5), as ``LINK_FEATURES`` names them, each in [0, 1].
    """

    indptr: Int64s
    sender: Int32s
    relation: NDArray[np.uint8]
    features: Singles

    @property
    def n(self) -> int:
        """Number of subjects."""
        return self.indptr.size - 1

    @classmethod
    def of(cls, evidence: Evidence) -> Messages:
        """Return the messages of all links but those to oneself.

        Weight and age enter as ranks among all links, so that units don't matter and a graph of
        tomorrow looks like one of today.

        >>> Messages.of(Evidence(2, [0], [1], [-1.0], None, [], [])).relation.tolist()
        [3, 1]
        """
        keep = evidence.src != evidence.dst
        src, dst, weight = evidence.src[keep], evidence.dst[keep], evidence.weight[keep]
        is_distrust = weight < 0.0
        rank = ranks(np.abs(weight))
        age = np.zeros(src.size) if evidence.time is None else 1.0 - ranks(evidence.time[keep])
        is_returned = _returned(src, dst, evidence.n)
        listener = np.concatenate([dst, src])
        sender = np.concatenate([src, dst])
        leads_here = np.arange(listener.size) < dst.size
        distrust = np.tile(is_distrust, 2)
        columns = [leads_here, distrust, np.tile(rank, 2), np.tile(age, 2), np.tile(is_returned, 2)]
        table = np.stack([column.astype(np.float32) for column in columns], axis=1)
        relation = (2 * ~leads_here + distrust).astype(np.uint8)
        order = np.lexsort([table[:, 3], table[:, 2], relation, sender, listener])
        indptr = np.zeros(evidence.n + 1, np.int64)
        np.cumsum(np.bincount(listener, minlength=evidence.n), out=indptr[1:])
        return cls(
            indptr,
            sender[order].astype(np.int32),
            relation[order],
            np.ascontiguousarray(table[order]),
        )


def ranks(values: Floats) -> Floats:
    """Return the share of values below each one, equals counting half; in (0, 1).

    >>> ranks(np.array([3.0, 1.0, 1.0, 9.0])).tolist()
    [0.625, 0.25, 0.25, 0.875]
    """
    if values.size == 0:
        return np.zeros(0)
    _, member, size = np.unique(values, return_inverse=True, return_counts=True)
    below = np.cumsum(size) - size
    found: Floats = ((below + size / 2.0) / values.size)[member]
    return found


def _returned(src: Int64s, dst: Int64s, n: int) -> NDArray[np.bool_]:
    return np.isin(src * n + dst, dst * n + src)
