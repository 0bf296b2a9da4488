"""A folder of definitions with a programme that names a learned model, and the model's file."""

from __future__ import annotations

from pathlib import Path

from algorithms.learned import NetworkKind
from tests.algorithms.untaught import untaught

SCHEMA = (
    "purpose marketplace-integrity; links trusts:1.0:linear:10.0; blacklists marketplace-fraud; "
    "allowlists marketplace-verified"
)
MODEL = untaught(NetworkKind.ATTENTION, schema=SCHEMA)
PROGRAMME = """\
name: with-model
purpose: marketplace-integrity
conductances:
  trusts: {conductance: 1.0, weight: linear, weight_scale: 10, carries_trust: true}
exposure: {beta: 0.5, blacklists: [marketplace-fraud]}
trust: {alpha: 0.5, allowlists: [marketplace-verified]}
learned: {model: drawn, fingerprint: FINGERPRINT, points: -40}
bands:
  - {name: critical, from: 350}
  - {name: low, from: 500}
  - {name: fair, from: 600}
  - {name: good, from: 700}
  - {name: excellent, from: 750}
"""


def definitions(folder: Path, fingerprint: str = MODEL.fingerprint) -> Path:
    for name in ("models", "programmes"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    MODEL.save(folder / "models" / "drawn.npz")
    text = PROGRAMME.replace("FINGERPRINT", fingerprint)
    (folder / "programmes" / "mine.yaml").write_text(text)
    return folder
