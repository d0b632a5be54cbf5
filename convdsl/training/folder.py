"""The folder of a run: what was asked for, where it stands, what came out. Every file is written whole or not at all.

    config.json              program, settings, versions, data and their checksum; written first
    checkpoint.safetensors   weights, optimiser and counts: all that it takes to go on
    metrics.csv              one line for each epoch
    weights.safetensors      the result, with the program's text, classes and settings
    evaluation.json          figures on the test images

Nothing in these files depends on the time, so that a run that was broken off and taken up again leaves the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.messages import T
from convdsl.training.events import Record
from convdsl.training.files import FileTrouble, read_tensors, trouble, write_atomically, write_tensors
from convdsl.training.state import State, learned, restore, tensors_of

RUNS = Path("runs")
_LARGEST_CONFIG = 100_000_000
"""Bytes; a program may have 20 MB."""


class RunFolder:
    """One run's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.saved = (0, 0)
        """Complete epochs, and steps after them, in the checkpoint."""
        self.config_file = path / "config.json"
        self.checkpoint = path / "checkpoint.safetensors"
        self.metrics = path / "metrics.csv"
        self.weights = path / "weights.safetensors"
        self.evaluation = path / "evaluation.json"

    def __str__(self) -> str:
        return str(self.path)

    @property
    def used(self) -> bool:
        """Whether a run has left something here."""
        return self.config_file.exists() or self.checkpoint.exists() or self.weights.exists()

    def create(self) -> None:
        """Makes the folder; removes what a killed process left half-written. Raises FileTrouble."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for left in self.path.glob(".*.part"):
                left.unlink()
        except OSError as error:
            raise trouble(self.path, error) from None

    def config(self) -> dict[str, Any] | None:
        """What config.json says, None where there is none. Raises FileTrouble."""
        try:
            config = json.loads(files.read(self.config_file, _LARGEST_CONFIG))
            if not isinstance(config, dict) or not {"program", "call", "settings", "data"} <= config.keys():
                raise ValueError(T("it is not the configuration of a run"))
            return config
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise FileTrouble(T("{path} cannot be read: {reason}.", path=self.config_file, reason=error)) from None

    def write_config(self, config: Mapping[str, Any]) -> None:
        self._write_json(self.config_file, config)

    def save_state(self, model: Any, state: State) -> Path:
        """Writes the checkpoint. Raises FileTrouble; the checkpoint before it is untouched then."""
        write_tensors(
            self.checkpoint, tensors_of(model, state), {"format": "convdsl checkpoint", "state": state.to_json()}
        )
        self.saved = (state.epoch, state.step)
        return self.checkpoint

    def load_state(self, model: Any) -> State | None:
        """The state in the checkpoint, put into `model`; None where there is no checkpoint. Raises FileTrouble."""
        if not self.checkpoint.exists():
            return None
        tensors, metadata = read_tensors(self.checkpoint)
        try:
            state = restore(model, tensors, metadata["state"])
        except (KeyError, ValueError, TypeError) as error:
            raise FileTrouble(
                T("{path} holds no state of this network: {reason}.", path=self.checkpoint, reason=error)
            ) from None
        self.saved = (state.epoch, state.step)
        return state

    def write_metrics(self, history: list[Record]) -> None:
        """All epochs so far, as a table."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(Record._fields)
        table.writerows(["" if v is None else v for v in record] for record in history)
        write_atomically(self.metrics, (text.getvalue().encode(),))

    def write_weights(self, model: Any, metadata: Mapping[str, Any]) -> Path:
        """The result, usable by `--init-from`, by `Model.load` and by everything else that reads safetensors."""
        written = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in metadata.items()}
        write_tensors(self.weights, learned(model), {"format": "convdsl", **written})
        return self.weights

    def write_evaluation(self, figures: Mapping[str, Any]) -> None:
        self._write_json(self.evaluation, figures)

    @staticmethod
    def _write_json(path: Path, content: Mapping[str, Any]) -> None:
        write_atomically(path, (json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n",))


def new_folder(name: str) -> RunFolder:
    """runs/NAME-1, or with the next number that is free. Raises FileTrouble."""
    number = max((n for n, _ in _numbered(name)), default=0)
    while True:
        number += 1
        path = RUNS / f"{_plain(name)}-{number}"
        try:
            RUNS.mkdir(exist_ok=True)
            path.mkdir()
            return RunFolder(path)
        except FileExistsError:
            if not RUNS.is_dir():
                raise trouble(path, NotADirectoryError(20, "")) from None
        except OSError as error:
            raise trouble(path, error) from None


def latest_folder(name: str) -> RunFolder | None:
    """The folder of the last run of a network of this name, if there is one."""
    found = sorted(_numbered(name))
    return RunFolder(found[-1][1]) if found else None


def _numbered(name: str) -> list[tuple[int, Path]]:
    pattern = re.compile(re.escape(_plain(name)) + r"-([0-9]{1,9})")
    if not RUNS.is_dir():
        return []
    matches = ((pattern.fullmatch(path.name), path) for path in RUNS.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "net"
