"""Loops behind CSRGraph: counting sort, transposition, merging of duplicates, checks."""

from typing import TypeAlias

import numpy as np

from algorithms.accelerate import kernel
from algorithms.arguments import Floats, Int32s, Int64s

Rows: TypeAlias = tuple[Int64s, Int32s, Floats | None]

SOUND, BAD_POINTER, BAD_COLUMN, UNSORTED, BAD_WEIGHT, HEAVY_ROW = range(6)
# Twice this is still finite, so that no order of summation can overflow.
HEAVIEST_ROW = 8.0e307


@kernel
def bucket(keys: Int32s, values: Int32s, weights: Floats | None, n: int) -> Rows:
    """Group ``values`` by key, stably (counting sort)."""
    indptr = np.zeros(n + 1, np.int64)
    for e in range(keys.size):
        indptr[keys[e] + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    cursor = indptr[:-1].copy()
    out_values = np.empty(keys.size, np.int32)
    out_weights = None
    if weights is not None:
        out_weights = np.empty(keys.size, np.float64)
    # cursor[i] is the next free place of bucket i.
    for e in range(keys.size):
        at = cursor[keys[e]]
        cursor[keys[e]] = at + 1
        out_values[at] = values[e]
        if weights is not None and out_weights is not None:
            out_weights[at] = weights[e]
    return indptr, out_values, out_weights


@kernel
def transposed(indptr: Int64s, indices: Int32s, weights: Floats | None, n: int) -> Rows:
    """Rows become columns; rows are read in ascending order, so every new row is ascending."""
    out_indptr = np.zeros(n + 1, np.int64)
    for k in range(indices.size):
        out_indptr[indices[k] + 1] += 1
    for i in range(n):
        out_indptr[i + 1] += out_indptr[i]
    cursor = out_indptr[:-1].copy()
    out_indices = np.empty(indices.size, np.int32)
    out_weights = None
    if weights is not None:
        out_weights = np.empty(indices.size, np.float64)
    for i in range(n):
        for k in range(indptr[i], indptr[i + 1]):
            at = cursor[indices[k]]
            cursor[indices[k]] = at + 1
            out_indices[at] = i
            if weights is not None and out_weights is not None:
                out_weights[at] = weights[k]
    return out_indptr, out_indices, out_weights


@kernel
def merged(
    indptr: Int64s, indices: Int32s, weights: Floats | None, n: int
) -> tuple[Int64s, Int32s, Floats, bool]:
    """Sum runs of equal columns, ascending by weight; drop the runs that sum to zero."""
    out_indptr = np.zeros(n + 1, np.int64)
    out_indices = np.empty(indices.size, np.int32)
    out_weights = np.empty(indices.size, np.float64)
    kept = 0
    all_one = True
    for i in range(n):
        k = indptr[i]
        # Every link of the row before k is in the output or was dropped.
        while k < indptr[i + 1]:
            end = k + 1
            while end < indptr[i + 1] and indices[end] == indices[k]:
                end += 1
            w = float(end - k)
            if weights is not None:
                if end - k > 1:
                    weights[k:end].sort()
                w = 0.0
                for at in range(k, end):
                    w += weights[at]
            if w != 0.0:
                out_indices[kept] = indices[k]
                out_weights[kept] = w
                all_one = all_one and w == 1.0
                kept += 1
            k = end
        out_indptr[i + 1] = kept
    return out_indptr, out_indices[:kept], out_weights[:kept], all_one


@kernel
def first_flaw(indptr: Int64s, indices: Int32s, weights: Floats | None, n: int) -> tuple[int, int]:
    """Return (code, position) of the first thing that breaks the CSR promise."""
    for i in range(n):
        if indptr[i + 1] < indptr[i] or indptr[i + 1] > indices.size:
            return BAD_POINTER, i + 1
    for i in range(n):
        last = -1
        total = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            if indices[k] < 0 or indices[k] >= n:
                return BAD_COLUMN, k
            if indices[k] <= last:
                return UNSORTED, k
            last = indices[k]
            if weights is not None:
                if not (weights[k] > 0.0 and weights[k] < np.inf):
                    return BAD_WEIGHT, k
                total += weights[k]
        if total > HEAVIEST_ROW:
            return HEAVY_ROW, i
    return SOUND, 0


@kernel
def row_sums(indptr: Int64s, weights: Floats, n: int) -> Floats:
    """Sum every row's weights, compensated (Neumaier 1974): error 2 u, whatever the degree."""
    sums = np.zeros(n, np.float64)
    for i in range(n):
        total = 0.0
        lost = 0.0
        for k in range(indptr[i], indptr[i + 1]):
            grown = total + weights[k]
            if total >= weights[k]:
                lost += (total - grown) + weights[k]
            else:
                lost += (weights[k] - grown) + total
            total = grown
        sums[i] = total + lost
    return sums


@kernel
def row_numbers(indptr: Int64s, indices: Int32s, n: int) -> Int32s:
    """The row of every link, int32."""
    rows = np.empty(indices.size, np.int32)
    for i in range(n):
        rows[indptr[i] : indptr[i + 1]] = i
    return rows


@kernel
def in_degrees(indices: Int32s, n: int) -> Int64s:
    """How many links reach each subject, int64."""
    degrees = np.zeros(n, np.int64)
    for k in range(indices.size):
        degrees[indices[k]] += 1
    return degrees
