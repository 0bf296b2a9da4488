"""`python -m benchmarks.backtest_otc`: would the scores have told the fraud on Bitcoin-OTC?

The ratings that ship with the demo. A fraudster counts as listed from the first negative rating
that a labelled-benign member gave it (`graphsvc.demo.known_fraud`). Trust starts from those who had
joined within the first 60 days, which was known at every time that is tested, and not from the
published benign labels, which were not. Ratings of after each time are not read; dates are
believed, as all of it is imported today. Every programme of the purpose; nothing was fitted to it.
"""

from __future__ import annotations

import csv
import tempfile
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

from graphsvc.app import Service
from graphsvc.backtest import Backtest, Knowledge, Measured, Plan, parse_outcome
from graphsvc.demo.known_fraud import Labels
from graphsvc.ingest import import_files, load_mapping
from graphsvc.logs import configure_logs
from graphsvc.settings import Settings

PURPOSE = "marketplace-integrity"
FIRST, LAST = datetime(2011, 6, 1, tzinfo=UTC), datetime(2014, 6, 1, tzinfo=UTC)
EVERY, HORIZON = timedelta(days=90), timedelta(days=180)
FOUNDERS = timedelta(days=60)


def main() -> None:
    """Print a table as Markdown."""
    configure_logs("console", "warning")
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(Path(folder)):
            print(line)


def lines(folder: Path) -> list[str]:
    """Return the table of every programme, and the best one's by time."""
    settings = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "data")
    with (
        as_file(files("graphsvc.shipped") / "data" / "bitcoin-otc") as data,
        Service.open(settings) as service,
    ):
        labels = Labels.read(data / "otc_network.csv.gz", data / "otc_gt.csv.gz")
        path = folder / "listings.csv"
        _write_listings(labels, path)
        for file, mapping in ((data / "otc_network.csv.gz", "bitcoin-otc"), (path, "listings")):
            import_files([file], load_mapping(mapping), service.store)
        plan = Plan(
            first=FIRST,
            last=LAST,
            every=EVERY,
            horizon=HORIZON,
            outcomes=(
                parse_outcome("listing:marketplace-fraud", service.library.purpose(PURPOSE)),
            ),
            knowledge=Knowledge.DATED,
        )
        names = [programme.name for programme in service.library.programmes_of(PURPOSE)]
        found = [service.backtest(PURPOSE, plan, programme=name) for name in names]
    return [*_table(found), "", *_by_time(found[0])]


def _write_listings(labels: Labels, path: Path) -> None:
    """Write the fraud as it became known, and the founders as verified."""
    labels.write_listings(path, LAST + HORIZON)
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    fraud = [row for row in rows if row[2] == "marketplace-fraud"]
    began = min(labels.joined_at.values())
    until = (LAST + 2 * HORIZON).isoformat()
    founders = sorted(key for key, at in labels.joined_at.items() if at <= began + FOUNDERS)
    verified = [
        [
            *("account", key, "marketplace-verified", "allowlist", "1", "FOUNDER", "backtest"),
            labels.joined_at[key].isoformat(),
            until,
        ]
        for key in founders
    ]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *fraud, *verified])


def _table(found: list[Backtest]) -> list[str]:
    titles = ("programme", "file", "tested", "bad", "AUC", "95 %", "KS", "in the lowest 5 %")
    rows = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for one in found:
        for name, measured in (
            ("all", one.overall),
            ("thin", one.thin_file),
            ("full", one.full_file),
        ):
            rows.append(f"| {one.programme} | {name} | {_cells(measured)} |")
        if one.calibration is not None:
            told = one.calibration
            rows.append(
                f"| {one.programme} | calibration: Brier {told.brier:.5f}, of the base rate "
                f"{told.brier_of_base_rate:.5f} |"
            )
    return rows


def _by_time(found: Backtest) -> list[str]:
    rows = [f"{found.programme} by time", "", "| time | tested | bad | AUC | 95 % | KS | 5 % |"]
    rows.append("|---|" + "---|" * 6)
    rows += [f"| {cut.at:%Y-%m-%d} | {_cells(cut.all)} |" for cut in found.cuts]
    return rows


def _cells(measured: Measured) -> str:
    auc = measured.auc
    return " | ".join(
        (
            f"{measured.subjects:,}",
            f"{measured.bad:,}",
            "–" if auc is None else f"{auc.value:.3f}",
            "–" if auc is None else f"{auc.low:.3f}–{auc.high:.3f}",
            "–" if measured.ks is None else f"{measured.ks:.3f}",
            "–" if not measured.precision else f"{measured.precision[1].value.value:.3f}",
        )
    )


if __name__ == "__main__":
    main()
