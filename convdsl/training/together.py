"""A run in several processes: each goes the same way with the same files, and the first one alone writes and tells."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from convdsl.engine.ranks import Ranks
from convdsl.messages import T
from convdsl.training.events import EpochRecord
from convdsl.training.folder import RunFolder
from convdsl.training.state import State, restore, tensors_of
from convdsl.training.trainable import Trainable

Made = TypeVar("Made")


class Apart(Exception):
    """The processes cannot train together; the text says why. The first one raises it."""


class Elsewhere(Exception):
    """What is wrong is said by another process."""


class Onlooker(RunFolder):
    """The folder of a run as the other processes see it: they write nothing, and read nothing."""

    def __init__(self) -> None:
        super().__init__(Path())

    @contextmanager
    def held(self, resume: bool) -> Iterator[None]:
        yield

    def config(self) -> dict[str, Any] | None:
        return None

    def write_config(self, config: Mapping[str, Any]) -> None: ...

    def save_state(self, model: Trainable, state: State) -> Path:
        return self.checkpoint

    def write_metrics(self, history: list[EpochRecord]) -> None: ...

    def write_weights(self, model: Trainable, metadata: Mapping[str, Any]) -> Path:
        return self.weights

    def write_evaluation(self, figures: Mapping[str, Any]) -> None: ...


def load_state(folder: RunFolder, model: Trainable, ranks: Ranks) -> State | None:
    """The state of the last checkpoint, put into the model of every process: the first one alone has to see the folder."""
    if ranks.number:
        found = ranks.share(None)
        return None if found is None else restore(model, *found)
    state = folder.load_state(model)
    if ranks.size > 1:
        ranks.share(None if state is None else (tensors_of(model, state), state.to_json()))
    return state


def told_by_first(ranks: Ranks, make: Callable[[], Made]) -> Made:
    """What the first process makes, in all of them. What it raises, it raises there, and Elsewhere in the others."""
    if ranks.number:
        fine, made = ranks.share(None)
        if not fine:
            raise Elsewhere
        return made
    try:
        made = make()
    except Exception:
        ranks.share((False, None))
        raise
    return ranks.share((True, made))[1]


def alike(ranks: Ranks, make: Callable[[], Made], seen: Callable[[Made], Mapping[str, str]]) -> Made:
    """What every process makes for itself. Nobody goes on where one of them cannot, or where what they have `seen` (sums, by
    words for them) is not the same: the first one raises its own error or Apart, the others Elsewhere."""
    if ranks.size == 1:
        return make()
    made: Made
    error: Exception | None = None
    sums: dict[str, str] = {}
    try:
        made = make()
        sums = dict(seen(made))
    except Exception as problem:
        error = problem
    all_of_them = ranks.gather((socket.gethostname(), None if error is None else str(error).strip(), sums))
    wrong = _wrong(all_of_them)
    if wrong is None and error is None:
        return made
    if ranks.number:
        raise Elsewhere
    raise error or Apart(wrong)


def _wrong(found: list[tuple[str, str | None, dict[str, str]]]) -> T | None:
    for number, (host, problem, _) in enumerate(found):
        if problem is not None:
            return T("Process {number} on {host} cannot begin: {problem}", number=number, host=host, problem=problem)
    mine = found[0][2]
    for number, (host, _, sums) in enumerate(found):
        for what, value in sums.items():
            if mine.get(what) != value:
                return T(
                    "The processes do not see the same: of process {number} on {host}, {what} is not what the first has.",
                    number=number, host=host, what=what,
                )  # fmt: skip
    return None


def sum_of(path: Path | None) -> str:
    """Of a file's bytes; of one that is none, its name."""
    if path is None or not path.is_file():
        return str(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
