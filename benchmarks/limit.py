"""The C++ Gauss–Seidel sweep, compiled by the system's compiler where there is one."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SOURCE = Path(__file__).parent / "cpp" / "gauss_seidel.cc"
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-std=c++17")


def compiler() -> str | None:
    """Return the system's C++ compiler, or None."""
    return next(
        (found for name in ("c++", "g++", "clang++") if (found := shutil.which(name))), None
    )


def load() -> ctypes.CDLL | None:
    """Return the compiled sweep; None where no compiler is at hand."""
    command = compiler()
    if command is None:
        return None
    mark = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:16]
    library = Path(tempfile.gettempdir()) / f"gauss-seidel-{os.getuid()}-{mark}.so"
    if not library.exists():
        partial = library.with_suffix(f".{os.getpid()}")
        subprocess.run([command, *FLAGS, str(SOURCE), "-o", str(partial)], check=True)
        partial.replace(library)
    return ctypes.CDLL(str(library))


def sweeps(
    library: ctypes.CDLL,
    precision: str,
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    weights: NDArray[np.floating] | None,
    sums: NDArray[np.float64],
    by_column: bool,
    base: NDArray[np.float64],
    begin: NDArray[np.float64],
    damping: float,
    stop: float,
    most: int = 1000,
) -> tuple[NDArray[np.float64], int]:
    """Return the values after the sweep whose change was below ``stop``, and the sweeps made.

    ``weights`` has the precision of the sweep: "f32" or "f64".
    """
    out = np.empty(base.size)
    real = ctypes.c_float if precision == "f32" else ctypes.c_double

    def at(array: NDArray[np.generic] | None, kind: type) -> object:
        return None if array is None else array.ctypes.data_as(ctypes.POINTER(kind))

    made = getattr(library, f"gauss_seidel_{precision}")(
        ctypes.c_int64(base.size),
        at(indptr, ctypes.c_int64),
        at(indices, ctypes.c_int32),
        at(weights, real),
        at(sums, ctypes.c_double),
        ctypes.c_int(by_column),
        at(base, ctypes.c_double),
        at(begin, ctypes.c_double),
        ctypes.c_double(damping),
        ctypes.c_double(stop),
        ctypes.c_int(most),
        at(out, ctypes.c_double),
    )
    return out, int(made)
