"""A snapshot's links as Parquet files for executors, and what a programme makes of them there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from graphsvc.model import Programme
from graphsvc.scoring.inputs import ConductingLinks, conductances
from graphsvc.snapshot import Snapshot
from graphsvc.spark.blocks import ENTRY_SCHEMA, LINK, OUT_LINK, entries_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LINKS_IN_A_FILE = 1 << 22
LINK_SCHEMA = pa.schema(
    [
        ("src", pa.int64()),
        ("dst", pa.int64()),
        ("kind", pa.int16()),
        ("weight", pa.float64()),
        ("valid_from_us", pa.int64()),
        ("valid_to_us", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class LinkBatch:
    """Some links: subjects by snapshot index, the rest as in a snapshot."""

    src: NDArray[Any]
    dst: NDArray[Any]
    kind: NDArray[Any]
    weight: NDArray[np.float64]
    valid_from_us: NDArray[np.int64]
    valid_to_us: NDArray[np.int64]

    @classmethod
    def of(cls, batch: pa.RecordBatch) -> LinkBatch:
        """Return the links of a batch of LINK_SCHEMA."""
        return cls(*(batch[name].to_numpy() for name in LINK_SCHEMA.names))

    def conducting(self, programme: Programme, as_of_us: int) -> ConductingLinks:
        """Return those that conduct at a time."""
        conductance = conductances(self, programme, as_of_us)
        places = np.flatnonzero(conductance > 0.0)
        return ConductingLinks(
            self.src[places], self.dst[places], self.kind[places], conductance[places]
        )


def write_links(snapshot: Snapshot, folder: Path) -> None:
    """Write a snapshot's links, of any period of validity, to files of LINKS_IN_A_FILE each."""
    folder.mkdir(parents=True)
    links = snapshot.links
    for number, begin in enumerate(range(0, max(snapshot.m, 1), LINKS_IN_A_FILE)):
        here = slice(begin, min(begin + LINKS_IN_A_FILE, snapshot.m))
        place = np.arange(here.start, here.stop)
        columns = {
            "src": np.searchsorted(links.indptr, place, side="right") - 1,
            "dst": links.dst[here],
            "kind": links.kind[here],
            "weight": links.weight[here],
            "valid_from_us": links.valid_from_us[here],
            "valid_to_us": links.valid_to_us[here],
        }
        arrays = [pa.array(columns[one.name]).cast(one.type) for one in LINK_SCHEMA]
        table = pa.Table.from_arrays(arrays, schema=LINK_SCHEMA)
        parquet.write_table(table, folder / f"part-{number:05d}.parquet", compression="zstd")


def contact_entries(links: DataFrame, programme: Programme, as_of_us: int) -> DataFrame:
    """Return the entries (ENTRY_SCHEMA) of the graph that exposure spreads on."""

    def entries(conducting: ConductingLinks) -> Iterator[pa.RecordBatch]:
        yield entries_of(*conducting.contacts(programme), LINK)

    return links.mapInArrow(_of_links(programme, as_of_us, entries), ENTRY_SCHEMA)


def vouching_entries(links: DataFrame, programme: Programme, as_of_us: int) -> DataFrame:
    """Return the entries (ENTRY_SCHEMA) of the graph that trust flows on."""

    def entries(conducting: ConductingLinks) -> Iterator[pa.RecordBatch]:
        src, dst, conductance = conducting.vouching(programme)
        yield entries_of(dst, src, conductance, LINK)
        yield entries_of(src, dst, conductance, OUT_LINK)

    return links.mapInArrow(_of_links(programme, as_of_us, entries), ENTRY_SCHEMA)


def count_conducting(links: DataFrame, programme: Programme, as_of_us: int) -> int:
    """Return how many links conduct at a time."""

    def count(conducting: ConductingLinks) -> Iterator[pa.RecordBatch]:
        yield pa.RecordBatch.from_pydict({"links": [conducting.conductance.size]})

    counted = links.mapInArrow(_of_links(programme, as_of_us, count), "links long")
    total: Any = counted.groupBy().sum("links").first()
    return int(total[0] or 0)


def _of_links(
    programme: Programme,
    as_of_us: int,
    function: Callable[[ConductingLinks], Iterator[pa.RecordBatch]],
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from function(LinkBatch.of(batch).conducting(programme, as_of_us))

    return each
