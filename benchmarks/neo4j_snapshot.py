"""How fast links come out of Neo4j into a snapshot, beside the plain driver on the same rows.

`python -m benchmarks.neo4j_snapshot` starts the real server, fills it once (R-MAT, 2^14 subjects,
16 links each, of the kinds that `benchmarks.batch` uses) and reads it in turn in several ways: the
rows by the driver alone (with neo4j-rust-ext) into lists, the same as columns of one statement, the
links by the store, and all four snapshots. Before that, snapshots of the same records in SQLite are
compared with those of Neo4j, array by array.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from itertools import batched
from pathlib import Path

import neo4j
import numpy as np

from benchmarks.batch import AS_OF, records
from benchmarks.machine import machine
from graphsvc import neo4j_server
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import LinkKind, Purpose
from graphsvc.neo4j_server import ServerInfo
from graphsvc.snapshot.build import build_snapshot
from graphsvc.snapshot.snapshot import GROUPS, Snapshot
from graphsvc.store.neo4j import Neo4jStore
from graphsvc.store.ports import Store
from graphsvc.store.sqlite import SqliteStore
