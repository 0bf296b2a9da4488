"""A trained model as a file of plain arrays: weights, what it was trained on, how it is calibrated.

The file is a NumPy archive, read with pickling off: opening one runs nothing. Its fingerprint is
the SHA-256 of what it says, so a programme that names a fingerprint can mean one model only.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import numpy as np

from algorithms.errors import AlgorithmError
from algorithms.learned.calibration import Calibration
from algorithms.learned.features import FEATURES
from algorithms.learned.messages import LINK_FEATURES, Singles

FORMAT = 1
HEADER = "header"


class ModelFileError(AlgorithmError):
    """A model file can't be read, or doesn't fit what it is asked about."""


class NetworkKind(StrEnum):
    """What a network does with a subject's neighbourhood."""

    ALONE = "alone"  # nothing: a subject's own features, the control
    SIGNED = "signed"  # means over trust and over distrust apart (SGCN)
    ATTENTION = "attention"  # weighs each message by what it says (GATv2)


@dataclass(frozen=True)
class TrainedOn:
    """What a model has seen, so that nobody takes it for something else.

    Attributes:
        name: of the data, in the words of whoever trained.
        subjects, links: of the latest lesson.
        answers, bad: answers that it learned from, and how many of them were bad.
        until: the latest time that it has seen, in the unit of the data; None without times.
        data: SHA-256 of all lessons, 64 hex digits.
        schema: which links and labels those were, in the words of whoever trained; "" for arrays.
    """

    name: str
    subjects: int
    links: int
    answers: int
    bad: int
    until: float | None
    data: str
    schema: str = ""

    def __str__(self) -> str:
        until = "" if self.until is None else f" until {self.until:g}"
        return (
            f"{self.name}: {self.subjects:,} subjects, {self.links:,} links{until}, "
            f"{self.answers:,} answers, {self.bad:,} of them bad (data {self.data[:12]})"
        )


@dataclass(frozen=True, eq=False)
class LearnedModel:
    """An ensemble of networks that differ by their seed only.

    Attributes:
        kind: of network.
        features, link_features: names of what it reads, in order.
        centre, scale: float32 (features,), of the training's own features.
        members: the weights of each network by name.
        calibration: from the members' mean logit to a probability.
        trained_on: what it has seen.
    """

    kind: NetworkKind
    features: tuple[str, ...]
    link_features: tuple[str, ...]
    centre: Singles
    scale: Singles
    members: tuple[Mapping[str, Singles], ...]
    calibration: Calibration
    trained_on: TrainedOn

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the model says, 64 hex digits."""
        digest = hashlib.sha256(self._header().encode())
        for name, values in sorted(self._arrays().items()):
            digest.update(f"{name}:{values.shape}:".encode())
            digest.update(values.astype("<f4").tobytes())
        return digest.hexdigest()

    def require_fit(self, features: tuple[str, ...], link_features: tuple[str, ...]) -> None:
        """Refuse features that the model was not trained on.

        Raises:
            ModelFileError: says which differ, and on what it was trained.
        """
        for what, own, given in (
            ("features", self.features, features),
            ("link features", self.link_features, link_features),
        ):
            if own == given:
                continue
            missing = ", ".join(sorted(set(own) - set(given))) or "none"
            unknown = ", ".join(sorted(set(given) - set(own))) or "none"
            raise ModelFileError(
                f"model {self.fingerprint[:12]} reads other {what} than these: missing {missing}; "
                f"unknown to it {unknown}; the order counts too. It was trained on "
                f"{self.trained_on}; train it anew for these"
            )

    def save(self, path: Path) -> None:
        """Write the file; equal models are equal files."""
        header = np.frombuffer(self._header().encode(), np.uint8)
        with path.open("wb") as file:
            np.savez(file, **{HEADER: header}, **self._arrays())  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path, fingerprint: str | None = None) -> LearnedModel:
        """Read a file; nothing in it is run.

        Args:
            path: of the file.
            fingerprint: that it must have; None for any.

        Raises:
            ModelFileError: it is missing, damaged, of another format, reads features that this
                program doesn't make, or has another fingerprint.
        """
        try:
            model = cls._of(path.read_bytes())
        except FileNotFoundError as error:
            raise ModelFileError(f"{path}: no such model file") from error
        except (KeyError, ValueError, TypeError, zipfile.BadZipFile, EOFError) as error:
            raise ModelFileError(f"{path}: is no model file, or damaged: {error}") from error
        if fingerprint is not None and model.fingerprint != fingerprint:
            raise ModelFileError(
                f"{path}: has the fingerprint {model.fingerprint}, but {fingerprint} is asked for: "
                f"another model. This one was trained on {model.trained_on}"
            )
        return model

    @classmethod
    def _of(cls, content: bytes) -> LearnedModel:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            header = json.loads(bytes(archive[HEADER]).decode())
            arrays = {name: archive[name] for name in archive.files if name != HEADER}
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}; this program reads {FORMAT}")
        members: list[dict[str, Singles]] = [{} for _ in range(header["members"])]
        for name, values in arrays.items():
            if "/" in name:
                number, weight = name.split("/", 1)
                members[int(number)][weight] = np.ascontiguousarray(values, np.float32)
        return cls(
            NetworkKind(header["kind"]),
            tuple(header["features"]),
            tuple(header["link_features"]),
            np.ascontiguousarray(arrays["centre"], np.float32),
            np.ascontiguousarray(arrays["scale"], np.float32),
            tuple(members),
            Calibration(**header["calibration"]),
            TrainedOn(**header["trained_on"]),
        )

    def _header(self) -> str:
        said = {
            "format": FORMAT,
            "kind": self.kind.value,
            "features": list(self.features),
            "link_features": list(self.link_features),
            "members": len(self.members),
            "calibration": dataclasses.asdict(self.calibration),
            "trained_on": dataclasses.asdict(self.trained_on),
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":"))

    def _arrays(self) -> dict[str, Singles]:
        found = {"centre": self.centre, "scale": self.scale}
        for number, member in enumerate(self.members):
            found |= {f"{number}/{name}": values for name, values in member.items()}
        return found


def require_known(model: LearnedModel) -> None:
    """Refuse a model whose features this program does not make.

    Raises:
        ModelFileError: says which differ, and on what it was trained.
    """
    model.require_fit(FEATURES, LINK_FEATURES)
