"""The folder of a run: what was asked for, where it stands, what came out. Every file is written whole or not at all.

    config.json              program, settings, versions, data and their checksum; written first
    checkpoint.safetensors   weights, optimiser and counts: all that it takes to go on, and config.json again
    checkpoint-before.safetensors   the one before it, until the run is over
    metrics.csv              one line for each epoch
    weights.safetensors      the result, with the program's text, classes and settings
    evaluation.json          figures on the test images

Checkpoints carry a sum over names and contents. One that does not match is set aside, and the run goes on from the one
before it. Nothing in these files depends on the time or the language, so that a run that was broken off and taken up
again leaves the same bytes. One process works in a folder at a time.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.locks import Held, locked
from convdsl.messages import T, reason
from convdsl.training.events import EpochRecord
from convdsl.training.files import (
    Damaged,
    FileTrouble,
    read_metadata,
    read_tensors,
    trouble,
    write_atomically,
    write_tensors,
)
from convdsl.training.state import State, learned, restore, tensors_of
from convdsl.training.trainable import Trainable
from convdsl.training.written import as_text, differences, understood
from convdsl.version import VERSION

RUNS = Path("runs")
FORMAT = "convdsl checkpoint 2"
_LARGEST_CONFIG = 100_000_000
"""Bytes; a program may have 20 MB."""


class RunFolder:
    """One run's folder. `notes` is what there is to say about what was found in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[T] = []
        self.saved = (0, 0)
        """Complete epochs, and steps after them, in the checkpoint."""
        self.config_file = path / "config.json"
        self.checkpoint = path / "checkpoint.safetensors"
        self.before = path / "checkpoint-before.safetensors"
        self.metrics = path / "metrics.csv"
        self.weights = path / "weights.safetensors"
        self.evaluation = path / "evaluation.json"
        self._config: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return str(self.path)

    @property
    def used(self) -> bool:
        """Whether a run has left something here."""
        return any(f.exists() for f in (self.config_file, self.checkpoint, self.before, self.weights))

    @contextmanager
    def held(self, resume: bool) -> Iterator[None]:
        """The folder, made if need be, for this process alone. What a killed process left half-written is removed.

        Raises FileTrouble: where that cannot be, where another process works in it, and where, without `resume`, one
        has done so meanwhile.
        """
        with ExitStack() as stack:
            self._take(stack)
            if self.used and not resume:
                way = T("`--resume` goes on with it; another `--out` begins anew.")
                raise FileTrouble(T("{folder} holds a run already.", folder=self), way)
            yield

    def _take(self, stack: ExitStack) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(self.path / ".lock"))
            for left in self.path.glob(f".*{files.PART}"):
                left.unlink()
        except Held as error:
            raise FileTrouble(
                T("In {folder} another process is at work: number {number}.", folder=self, number=error.holder or "?"),
                T("Wait for its end, or name another folder with `--out`."),
            ) from None
        except OSError as error:
            raise trouble(self.path, error) from None

    # What was asked for.

    def config(self) -> dict[str, Any] | None:
        """What config.json says; without it, what the checkpoint says that it said; None where there is no run at all.

        Raises FileTrouble where it cannot be read, and where it is not what the checkpoint was made with.
        """
        kept = self._kept_configs()
        try:
            config = understood(files.read(self.config_file, _LARGEST_CONFIG))
        except FileNotFoundError:
            if kept:
                return kept[0]
            if self.used:
                raise FileTrouble(
                    T("{path} is missing, so nobody knows what the run was started with.", path=self.config_file),
                    T("Put it back, or begin anew with another `--out`; `--init-from` takes the weights along."),
                ) from None
            return None
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else error
            raise FileTrouble(
                T("{path} cannot be read: {reason}.", path=self.config_file, reason=why), _mended(bool(kept))
            ) from None
        found = [differences(config, one) for one in kept]
        if found and all(found):
            raise FileTrouble(
                T(
                    "{path} was edited since the run began; these differ from what the checkpoint was made with: {names}.",
                    path=self.config_file,
                    names=", ".join(found[0][:8]) + (" …" if len(found[0]) > 8 else ""),
                ),
                _mended(True),
            )
        return config

    def _kept_configs(self) -> list[dict[str, Any]]:
        """The configurations in the checkpoints, the last one first."""
        found = []
        for path in (self.checkpoint, self.before):
            try:
                found.append(understood(read_metadata(path).get("config", "")))
            except ValueError:
                continue
        return found

    def write_config(self, config: Mapping[str, Any]) -> None:
        write_atomically(self.config_file, (as_text(config),))
        self._config = config

    def believe(self, config: Mapping[str, Any]) -> None:
        """Goes on with a configuration that was found here; writes it where its file is missing."""
        if not self.config_file.exists():
            self.notes.append(T("{path} was missing; it is written again from the checkpoint.", path=self.config_file))
            self.write_config(config)
        self._config = config

    # Where it stands.

    def save_state(self, model: Trainable, state: State) -> Path:
        """Writes the checkpoint; the one before it is kept. Raises FileTrouble; what was there can be gone on from then."""
        metadata = {"format": FORMAT, "convdsl": VERSION, "state": state.to_json()}
        try:
            files.give_second_name(self.checkpoint, self.before)
        except OSError as error:
            raise trouble(self.before, error) from None
        write_tensors(
            self.checkpoint, tensors_of(model, state), {**metadata, "config": as_text(self._config).decode("utf-8")}
        )
        self.saved = (state.epoch, state.step)
        return self.checkpoint

    def load_state(self, model: Trainable) -> State | None:
        """The state in the last checkpoint that is in good order, put into `model`; None where there is no checkpoint. One
        that is damaged is set aside, which `notes` says. Raises FileTrouble."""
        problems: list[Damaged] = []
        for path in (self.checkpoint, self.before):
            if not path.exists():
                continue
            try:
                state = self._state_in(path, model)
            except Damaged as error:
                problems.append(error)
                self._set_aside(path, error)
                continue
            self.saved = (state.epoch, state.step)
            if problems:
                self.notes.append(
                    T(
                        "The run goes on from the checkpoint before it: epoch {epoch}, {step} steps.",
                        epoch=state.epoch + 1,
                        step=state.step,
                    )
                )
            return state
        if problems:
            raise FileTrouble(problems[0].message, T("There is no other checkpoint: begin anew with another `--out`."))
        if self.metrics.exists() or self.weights.exists():
            self.notes.append(T("There is no checkpoint in {folder}: the run begins at its beginning.", folder=self))
        return None

    def _state_in(self, path: Path, model: Trainable) -> State:
        tensors, metadata = read_tensors(path, sealed=True)
        if metadata.get("format") != FORMAT:
            raise Damaged(T("{path} is no checkpoint of this version.", path=path))
        try:
            return restore(model, tensors, metadata["state"])
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise FileTrouble(
                T("{path} holds no state of this network: {reason}.", path=path, reason=error),
                T("Begin anew with another `--out`."),
            ) from None

    def _set_aside(self, path: Path, error: FileTrouble) -> None:
        try:
            aside = files.set_aside(path)
        except OSError:
            aside = str(path)
        self.notes.append(T("{problem} It is kept as {path}.", problem=error.message, path=aside))

    # What came out.

    def write_metrics(self, history: list[EpochRecord]) -> None:
        """All epochs so far, as a table."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        names = [n for i, n in enumerate(EpochRecord._fields) if i < 6 or any(r[i] is not None for r in history)]
        table.writerow(names)
        table.writerows([_written(getattr(record, n)) for n in names] for record in history)
        write_atomically(self.metrics, (text.getvalue().encode(),))

    def write_weights(self, model: Trainable, metadata: Mapping[str, Any]) -> Path:
        """The result, usable by `--init-from`, by `Model.load` and by everything else that reads safetensors."""
        written = {k: v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for k, v in metadata.items()}
        write_tensors(self.weights, learned(model), {"format": "convdsl", **written})
        return self.weights

    def write_evaluation(self, figures: Mapping[str, Any]) -> None:
        """The figures; the run is over, and the checkpoint before the last one is removed."""
        write_atomically(self.evaluation, (as_text(figures),))
        self.before.unlink(missing_ok=True)


def _mended(kept: bool) -> T:
    if kept:
        return T(
            "Undo that, or remove the file: `--resume` writes it again from the checkpoint. Another `--out` begins anew."
        )
    return T("Put it back as it was, or begin anew with another `--out`.")


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


def next_path(name: str) -> Path:
    """What the next folder of a network of this name would be called; nothing is made."""
    return RUNS / f"{_plain(name)}-{max((n for n, _ in _numbered(name)), default=0) + 1}"


def latest_folder(name: str) -> RunFolder | None:
    """The folder of the last run of a network of this name, if there is one; a series of runs is none."""
    found = [path for _, path in sorted(_numbered(name)) if not _is_series(path)]
    return RunFolder(found[-1]) if found else None


def latest_series(name: str) -> Path | None:
    """The folder of the last series of runs that differ in their seed, one folder each, of a network of this name."""
    return next((path for _, path in sorted(_numbered(name), reverse=True) if _is_series(path)), None)


def _is_series(path: Path) -> bool:
    return any(path.glob("seed-*"))


def _written(figure: float | None) -> float | str:
    return "" if figure is None else figure


def _numbered(name: str) -> list[tuple[int, Path]]:
    pattern = re.compile(re.escape(_plain(name)) + r"-([0-9]{1,9})")
    if not RUNS.is_dir():
        return []
    matches = ((pattern.fullmatch(path.name), path) for path in RUNS.iterdir())
    return [(int(match[1]), path) for match, path in matches if match]


def _plain(name: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "net"
