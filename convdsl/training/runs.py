"""Runs side by side: what differs between them, and what came out. Change one thing, and compare."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convdsl import files
from convdsl.messages import T
from convdsl.training.comparing import Mean, mean_of
from convdsl.training.ensemble import FILE as ENSEMBLE
from convdsl.training.files import FileTrouble
from convdsl.training.folder import RunFolder

BETTER_HIGH = ("accuracy", "balanced_accuracy", "macro_f1", "r2", "mean_iou", "psnr", "val_accuracy")
"""Figures of which more is better."""
_MOST = 100_000_000


@dataclass(frozen=True)
class Run:
    """One folder. `settings` are lines of a `train` block as values, `statements` the network without them; `figures` are
    what came out on the test images, empty while it is not at its end; `members` counts those of an ensemble; `name` is the
    network's."""

    path: Path
    settings: Mapping[str, Any]
    statements: tuple[str, ...]
    data: str
    params: int | None
    epochs: int
    figures: Mapping[str, float]
    finished: bool = True
    members: int = 0
    name: str = ""

    @property
    def seed(self) -> int | None:
        return self.settings.get("seed")

    def same_but_seed(self) -> str:
        """What runs have in common that differ in their seed only."""
        settings = {name: value for name, value in self.settings.items() if name != "seed"}
        return json.dumps([self.statements, self.data, settings], sort_keys=True)


@dataclass(frozen=True)
class Group:
    """Runs that differ in their seed only, with the mean of each figure."""

    runs: tuple[Run, ...]
    means: Mapping[str, Mean]


def read_runs(folders: Iterable[Path]) -> tuple[list[Run], list[FileTrouble]]:
    """The runs in some folders (each a run itself, or a folder of runs and of series of them), by name; and what could not
    be read."""
    runs, troubles = [], []
    for folder in folders:
        for path in [folder] if _is_run(folder) else _inside(folder):
            try:
                runs.append(_read(path))
            except FileTrouble as trouble:
                troubles.append(trouble)
    return runs, troubles


def _inside(folder: Path) -> list[Path]:
    """The runs in a folder, and those in its folders that are none."""
    found: list[Path] = []
    for path in sorted(_below(folder), key=_natural):
        found += [path] if _is_run(path) else sorted(filter(_is_run, _below(path)), key=_natural)
    return found


def _below(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []


def _is_run(path: Path) -> bool:
    return (path / "config.json").is_file() or (path / ENSEMBLE).is_file()


def _natural(path: Path) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d{1,15})", path.name)]


def _read(path: Path) -> Run:
    folder = RunFolder(path)
    figures = {name: float(v) for name, v in _json(folder.evaluation).items() if isinstance(v, int | float)}
    if (path / ENSEMBLE).is_file():
        from convdsl.training.files import read_tensors

        members = len(json.loads(read_tensors(path / ENSEMBLE)[1].get("members", "[]")))
        return Run(path, {}, (), "", None, 0, figures, members=members)
    config = folder.config()
    assert config is not None
    history, finished = _history(folder.metrics), bool(figures)
    if history and "val_accuracy" in history[-1]:
        figures = {**figures, "val_accuracy": max(row.get("val_accuracy", 0.0) for row in history)}
    network, data = statements(config["program"]), str(config["data"].get("name", ""))
    return Run(path, config["settings"], network, data, config.get("params"), len(history), figures, finished,
               name=str(config.get("net", "")))  # fmt: skip


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(files.read(path, _MOST))
        return content if isinstance(content, dict) else {}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FileTrouble(T("{path} cannot be read: {reason}.", path=path, reason=error)) from None


def _history(path: Path) -> list[dict[str, float]]:
    try:
        lines = files.read(path, _MOST).decode().splitlines()
    except (OSError, ValueError):
        return []
    names = lines[0].split(",") if lines else []
    rows = (dict(zip(names, line.split(","), strict=False)) for line in lines[1:])
    try:
        return [{name: float(value) for name, value in row.items() if value} for row in rows]
    except ValueError:
        return []


def statements(program: str) -> tuple[str, ...]:
    """The network of a program, a statement each, without comments, spacing, its name and its `train` block."""
    text = re.sub(r"#[^\n]*", "", program)
    text = re.sub(r"\btrain\s*\{[^{}]*\}", "", text)
    parts = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n|->|;", text))
    return tuple(part for part in parts if part and not part.startswith(("net ", "expect ")))


def differences(runs: Sequence[Run]) -> dict[str, list[str]]:
    """For each thing that is not the same in all runs, what it is in each: `network` (the statements that not all have),
    `data`, and the lines of the `train` block."""
    result: dict[str, list[str]] = {}
    plain = [run for run in runs if not run.members]
    if not plain:
        return result
    common = Counter(plain[0].statements)
    for run in plain[1:]:
        common &= Counter(run.statements)
    own = [", ".join(_without(run.statements, common)) for run in runs]
    if any(own):
        result["network"] = own
    if len({run.data for run in plain}) > 1:
        result["data"] = [run.data for run in runs]
    for name in dict.fromkeys(name for run in plain for name in run.settings):
        values = [run.settings.get(name) for run in runs]
        if name not in ("seed", "data") and any(value != plain[0].settings.get(name) for value in
                                                (run.settings.get(name) for run in plain)):  # fmt: skip
            result[name] = [
                _written(value, values) if not run.members else "" for run, value in zip(runs, values, strict=True)
            ]
    return result


def _without(statements: Sequence[str], common: Counter[str]) -> list[str]:
    left, own = Counter(common), []
    for one in statements:
        if left[one]:
            left[one] -= 1
        else:
            own.append(one)
    return own


def _written(value: Any, others: Sequence[Any]) -> str:
    """A setting as a program writes it; of one with options those that differ."""
    if not isinstance(value, Mapping):
        return "none" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)
    maps = [other for other in others if isinstance(other, Mapping)]
    differ = [n for n in value if n not in ("kind", "monitor") and any(m.get(n) != value[n] for m in maps)]
    words = [str(value["kind"])] if "kind" in value else []
    words += [f"{n}={_written(value[n], ())}" for n in differ if value[n] or "kind" in value]
    return " ".join(words) or ("none" if len(maps) == len(others) else "on")


def groups(runs: Sequence[Run]) -> list[Group]:
    """Runs that differ in their seed only, where there are several that have come to their end."""
    together: dict[str, list[Run]] = {}
    for run in runs:
        if run.finished and not run.members:
            together.setdefault(run.same_but_seed(), []).append(run)
    result = []
    for members in together.values():
        if len({run.seed for run in members}) > 1:
            names = [name for name in members[0].figures if all(name in run.figures for run in members)]
            result.append(Group(tuple(members), {n: mean_of([run.figures[n] for run in members]) for n in names}))
    return result


def main_figures(runs: Sequence[Run]) -> list[str]:
    """The figures that a table shows, the most telling first."""
    there = {name for run in runs for name in run.figures}
    order = ("val_accuracy", "accuracy", "balanced_accuracy", "mean_iou", "psnr", "mse", "mae", "r2", "loss")
    return [name for name in order if name in there]


def ordered(runs: Sequence[Run], by: str | None) -> list[Run]:
    """The runs by a figure (the best first), by `seed`, `epochs`, `params` or a setting; by name without. Raises
    ValueError for what none of them has."""
    if by is None:
        return list(runs)
    if any(by in run.figures for run in runs):
        sign = -1 if by in BETTER_HIGH else 1
        return sorted(runs, key=lambda run: (by not in run.figures, sign * run.figures.get(by, 0.0)))
    if by in ("epochs", "params", "data"):
        return sorted(runs, key=lambda run: (getattr(run, by) is None, getattr(run, by) or (0 if by != "data" else "")))
    if any(by in run.settings for run in runs):
        return sorted(runs, key=lambda run: _sortable(run.settings.get(by)))
    raise ValueError(by)


def _sortable(value: Any) -> tuple[int, float, str]:
    return (0, float(value), "") if isinstance(value, int | float) else (1, 0.0, json.dumps(value, sort_keys=True))
