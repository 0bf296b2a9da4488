"""Row blocks and messages as rows of a Spark table: each array packed into one binary cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from algorithms.row_block import RowBlock

Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]

_BLOCK_ARRAYS = {
    "indptr": np.uint64,
    "places": np.uint32,
    "weights": np.float64,
    "sums": np.float64,
    "outside": np.int64,
    "own": np.float64,
}
_ROUTE_ARRAYS = {"targets": np.int64, "lengths": np.int64, "positions": np.uint32}

BUILT_SCHEMA = "key long, block long, first long, linking long, longest long, " + ", ".join(
    f"{name} binary" for name in _BLOCK_ARRAYS
)
ROUTE_SCHEMA = "key long, " + ", ".join(f"{name} binary" for name in _ROUTE_ARRAYS)
MESSAGE_SCHEMA = (
    "key long, sender long, z binary, residual_inf double, residual_1 string, mass string"
)
"""Values for the block `key`; a block's message to itself has all of its rows and the norms."""


@dataclass(frozen=True, eq=False)
class HeldBlock:
    """A block with own values, and which of its rows it sends to whom.

    `targets` are keys of blocks; `positions` are the rows for the first of them, then for the next,
    as many for each as `lengths` says.
    """

    key: int
    number: int
    block: RowBlock
    own: Floats
    targets: Int64s
    lengths: Int64s
    positions: NDArray[Any]

    @classmethod
    def unpacked(cls, table: pa.Table) -> HeldBlock:
        """Return the block of a table's one row."""
        arrays = {name: _array(table, name, kind) for name, kind in _BLOCK_ARRAYS.items()}
        own = arrays.pop("own")
        routes = {name: _array(table, name, kind) for name, kind in _ROUTE_ARRAYS.items()}
        first = table["first"][0].as_py()
        return cls(
            key=table["key"][0].as_py(),
            number=table["block"][0].as_py(),
            block=RowBlock(first=first, **arrays),
            own=own,
            **routes,
        )

    def gathered(self, messages: pa.Table) -> Floats:
        """Return the z of the block's rows, then of what it reads from others, in their order."""
        sender = messages["sender"].to_numpy()
        order = np.argsort(sender, kind="stable")
        others = order[sender[order] != self.number]
        own = order[sender[order] == self.number]
        cells = messages["z"]
        parts = [np.frombuffer(cells[int(place)].as_buffer()) for place in (*own, *others)]
        return np.concatenate(parts)

    def messages(
        self, z: Floats, residual_inf: float | None, residual_1: int | None, mass: int | None
    ) -> pa.Table:
        """Return the z of the block's rows for itself, with norms, and for all that read them."""
        parts = (
            np.split(z[self.positions], np.cumsum(self.lengths)[:-1]) if self.lengths.size else []
        )
        others = [None] * len(parts)
        return pa.table(
            {
                "key": pa.array([self.key, *self.targets.tolist()], pa.int64()),
                "sender": pa.array([self.number] * (1 + len(parts)), pa.int64()),
                "z": pa.array([z.tobytes(), *(part.tobytes() for part in parts)], pa.binary()),
                "residual_inf": pa.array([residual_inf, *others], pa.float64()),
                "residual_1": pa.array([_text(residual_1), *others], pa.string()),
                "mass": pa.array([_text(mass), *others], pa.string()),
            }
        )


def packed_block(key: int, number: int, block: RowBlock, own: Floats) -> pa.Table:
    """Return a block as a table of one row, of BUILT_SCHEMA."""
    arrays = {name: getattr(block, name) for name in _BLOCK_ARRAYS if name != "own"} | {"own": own}
    whole = {
        "key": key,
        "block": number,
        "first": block.first,
        "linking": block.linking,
        "longest": block.longest_row,
    }
    return pa.table(
        {name: pa.array([value], pa.int64()) for name, value in whole.items()}
        | {name: pa.array([arrays[name].tobytes()], pa.binary()) for name in _BLOCK_ARRAYS}
    )


def packed_routes(key: int, wanted_by: Int64s, positions: list[bytes]) -> pa.Table:
    """Return who wants which rows of a block as a table of one row, of ROUTE_SCHEMA."""
    itemsize = np.dtype(_ROUTE_ARRAYS["positions"]).itemsize
    lengths = np.array([len(one) // itemsize for one in positions], np.int64)
    return pa.table(
        {
            "key": pa.array([key], pa.int64()),
            "targets": pa.array([wanted_by.tobytes()], pa.binary()),
            "lengths": pa.array([lengths.tobytes()], pa.binary()),
            "positions": pa.array([b"".join(positions)], pa.binary()),
        }
    )


def _array(table: pa.Table, name: str, kind: Any) -> NDArray[Any]:
    cell = table[name][0]
    # A block that nobody reads from has no routes at all.
    return np.frombuffer(cell.as_buffer(), kind) if cell.is_valid else np.zeros(0, kind)


def _text(units: int | None) -> str | None:
    # Too long for any of Spark's numbers; in hexadecimal, as Python limits decimals.
    return None if units is None else hex(units)
