"""Where a table was measured: it says as much as the figures do."""

import os
import platform

import numpy as np


def machine() -> str:
    """Return the processor, its cores and how busy it is."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        pass
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"{model}, {os.cpu_count()} cores, load {load:.1f} at the start, numpy {np.__version__}"
