"""From records in a store to a model that a programme names, by the commands."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from graphsvc.app import Service
from graphsvc.cli.main import app
from graphsvc.learning import Schooling, lessons_from
from graphsvc.model import AuditAction
from graphsvc.settings import Settings
from graphsvc.snapshot import build_snapshot
from tests.service.samples import AS_OF, PURPOSE, account, listed, trusts

DAY = timedelta(days=1)
PLAN = Schooling(as_of=AS_OF, period=90 * DAY, periods=4)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A market in which those who trust nobody but each other are found out, month by month."""
    (tmp_path / "own" / "models").mkdir(parents=True)
    (tmp_path / "own" / "programmes").mkdir()
    found = Settings(
        store=f"sqlite:///{tmp_path / 'store.db'}",
        data_dir=tmp_path / "data",
        definitions_dir=tmp_path / "own",
    )
    for name in ("store", "data_dir", "definitions_dir"):
        monkeypatch.setenv(f"GRAPHSVC_{name.upper()}", str(getattr(found, name)))
    rng = np.random.default_rng(0)
    start = AS_OF - 500 * DAY
    records = []
    for number, (i, j) in enumerate(rng.integers(0, 120, (900, 2)).tolist()):
        if i == j or (i < 40) != (j < 40):
            continue
        began = start + float(rng.uniform(0, 100)) * DAY
        records.append(trusts(i, j, 8.0, external_id=f"t{number}", valid_from=began))
    for i in range(0, 40, 2):
        at = AS_OF - float(rng.uniform(5, 400)) * DAY
        records.append(listed(i, "marketplace-fraud", effective_from=at))
    with Service.open(found) as service:
        service.store.append(records)
    return found


def test_a_lesson_asks_about_the_unlisted_and_knows_who_was_listed_by_then(
    settings: Settings,
) -> None:
    with Service.open(settings) as service:
        purpose = service.library.purpose(PURPOSE)
        snapshot = build_snapshot(service.store, purpose, as_of=AS_OF)
        lessons = lessons_from(lambda at: snapshot, service.library.champion(PURPOSE), PLAN)
    known = [lesson.evidence.bad.size for lesson in lessons]
    assert known == sorted(known)
    for lesson in lessons:
        assert not set(lesson.evidence.bad.tolist()) & set(lesson.subjects.tolist())
        assert lesson.bad.sum() > 0
    # Whom a lesson calls bad, the next one knows.
    for lesson, following in pairwise(lessons):
        bad = set(lesson.subjects[lesson.bad > 0].tolist())
        assert bad <= set(following.evidence.bad.tolist())


def test_a_model_is_trained_by_a_command_and_used_by_the_programme_that_it_prints(
    settings: Settings,
) -> None:
    assert settings.definitions_dir is not None
    file = settings.definitions_dir / "models" / "orders.npz"
    asked = ["learned", "train", "--purpose", PURPOSE, "--to", str(file), "--as-of"]
    done = CliRunner().invoke(app, [*asked, AS_OF.isoformat(), "--knowledge", "dated"])
    assert done.exit_code == 0, done.output
    shown = CliRunner().invoke(app, ["learned", "show", str(file)])
    with Service.open(settings) as service:
        champion = service.library.champion(PURPOSE)
    told = f"{champion.name} v{champion.version}, 2023-01-06 to 2024-01-01, as dated"
    assert told in shown.output
    block = re.search(
        r"learned: \{model: orders, fingerprint: [0-9a-f]{64}, points: -40\}", done.output
    )
    assert block is not None
    shipped = Path(__file__).parents[2] / "graphsvc" / "shipped" / "programmes"
    text = (shipped / f"{champion.name}.yaml").read_text()
    text = text.replace(f"name: {champion.name}", "name: with-orders")
    text = text.replace("champion: true", block[0])
    (settings.definitions_dir / "programmes" / "mine.yaml").write_text(text)
    with Service.open(settings) as service:
        run = service.recompute(PURPOSE, programme="with-orders", as_of=AS_OF)
        scores = service.scores(PURPOSE, programme="with-orders")
        ring = [scores.score(account(i)).learned_points for i in range(1, 40, 2)]
        others = [scores.score(account(i)).learned_points for i in range(40, 120)]
        assert service.replay(run.run_id).is_same
        actions = [entry.draft.action for entry in service.store.audit_entries()]
    assert np.mean(ring) < np.mean(others) < 0.0
    assert AuditAction.TRAINED in actions
