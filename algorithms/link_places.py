"""Where the links between given subjects stand."""

import numpy as np
from numpy.typing import ArrayLike

from algorithms._link_places_kernels import link_places as kernel
from algorithms.arguments import Int32s, Int64s, subject_ids
from algorithms.errors import InvalidArgumentError


def link_places(
    indptr: Int64s, indices: Int32s, src: ArrayLike, dst: ArrayLike
) -> tuple[Int64s, Int64s]:
    """Return for each pair the first place of its links, and that after its last, int64 (k,) each.

    Args:
        indptr: row pointers, int64 (n + 1,).
        indices: columns, int32 (m,), ascending within each row; parallel links stand together.
        src: whole numbers (k,) in [0, n), rows to look in.
        dst: whole numbers (k,) in [0, n), whom to find there.

    Raises:
        InvalidArgumentError: an argument out of its domain; says which and where.

    >>> link_places(np.array([0, 3, 3]), np.array([0, 1, 1], np.int32), [0, 1], [1, 0])
    (array([1, 3]), array([3, 3]))
    """
    n = indptr.size - 1
    rows, columns = (
        subject_ids(name, ids, n).astype(np.int64) for name, ids in (("src", src), ("dst", dst))
    )
    if rows.size != columns.size:
        raise InvalidArgumentError("dst", f"has {columns.size} subjects where src has {rows.size}")
    first, last = np.empty(rows.size, np.int64), np.empty(rows.size, np.int64)
    kernel(indptr, indices, rows, columns, first, last)
    return first, last
