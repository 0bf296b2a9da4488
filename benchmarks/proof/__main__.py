"""`python -m benchmarks.proof`: every method on every labelled set, and the published tables."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numba

from benchmarks.proof import data, defaults, report, robustness
from benchmarks.proof.sets import SETS

DOCUMENT = Path(__file__).parents[2] / "docs" / "proof.md"


def main() -> None:
    """Write the document and its plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="*", help="parts of the names of sets; all where left out")
    parser.add_argument("--defaults", action="store_true", help="only the shipped defaults anew")
    parser.add_argument("--write", type=Path, default=DOCUMENT, help="file to write")
    parser.add_argument("--threads", type=int, default=1, help="of Numba; no figure depends on it")
    asked = parser.parse_args()
    # On graphs of this size a second thread gains little, and on a busy machine costs much.
    numba.set_num_threads(asked.threads)
    begun = time.perf_counter()
    if asked.defaults:
        _write_defaults(asked.write, asked.write.read_text(encoding="utf-8"))
        return
    results = []
    for each in SETS:
        if asked.sets and not any(part in each.name for part in asked.sets):
            continue
        if not data.available(each.folder):
            continue
        results.append(each.run(each.name, each.description))
        print(f"{each.name}: done after {time.perf_counter() - begun:.0f} s", flush=True)
    attacked = robustness.run_all(asked.sets)
    print(f"attacks: done after {time.perf_counter() - begun:.0f} s", flush=True)
    folder = asked.write.resolve().parent
    # The published tables are made while the document is written; the time of all is told.
    text = report.document(results, folder, float("nan"), attacked)
    if not asked.sets:
        text = _write_defaults(asked.write, text)
    minutes = (time.perf_counter() - begun) / 60.0
    asked.write.write_text(text.replace("nan minutes", f"{minutes:.0f} minutes"), encoding="utf-8")
    print(f"{asked.write}: written after {minutes:.1f} minutes")


def _write_defaults(path: Path, text: str) -> str:
    """Choose the defaults, write them down, and return the text with its section about them."""
    found = defaults.findings()
    if not found:
        return text
    defaults.write(found)
    text = defaults.with_section(text, defaults.section(found))
    path.write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
