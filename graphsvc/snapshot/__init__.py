"""One purpose's permitted evidence at one sequence number, as memory-mapped arrays.

What the purpose does not permit never enters the file, so that nothing computed from it can know.
"""

from graphsvc.snapshot.build import advance_snapshot, build_snapshot
from graphsvc.snapshot.shelf import SnapshotShelf
from graphsvc.snapshot.snapshot import Snapshot

__all__ = ["Snapshot", "SnapshotShelf", "advance_snapshot", "build_snapshot"]
