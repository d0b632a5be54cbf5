"""Files that were damaged or edited at random: a clear message, or what they said before; never a traceback, never silence.

`CONVDSL_MUTATIONS` sets how many of each kind are tried (60).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from convdsl import caches
from convdsl.datasets import DataError, load
from convdsl.messages import use_language
from convdsl.teaching.course import load as load_course
from convdsl.teaching.course import read_course
from convdsl.teaching.progress import Progress
from convdsl.training.files import FileTrouble
from convdsl.training.folder import RunFolder
from convdsl.training.written import differences
from tests.safety.runs import events, experiment, model_of

COUNT = int(os.environ.get("CONVDSL_MUTATIONS", "60"))
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**400,
    "",
    "\ud800",
    "\x1b[31m",
    "x" * 300,
    [],
    {},
    [[]],
    {"a": 1},
    [None],
    "NaN",
)
TOKENS = (
    b"\0",
    b"\xff",
    b"\n",
    b'"',
    b"{",
    b"[",
    b"]",
    b"}",
    b":",
    b"9" * 50,
    b"1e999",
    b"null",
    b"NaN",
    b"\\u0000",
    b"-",
    b"true",
)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, lost, doubled, moved or put in."""
    result = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        size = len(result)
        at = chance.randrange(size + 1)
        end = min(size, at + chance.choice((1, 2, 8, 100, 1000)))
        kind = chance.randrange(6)
        if kind == 0 and at < size:
            result[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del result[at:end]
        elif kind == 2:
            result[at:at] = result[at:end]
        elif kind == 3:
            result[at:at] = chance.choice(TOKENS)
        elif kind == 4:
            result[at:end] = chance.randbytes(end - at)
        else:
            del result[at:]
    return bytes(result)


def edited(data: Any, chance: random.Random) -> Any:
    """JSON with one value replaced, left out or put in somewhere."""
    if isinstance(data, dict) and data and chance.random() < 0.85:
        name = chance.choice(list(data))
        copy = dict(data)
        action = chance.random()
        if action < 0.1:
            del copy[name]
        elif action < 0.15:
            copy["more"] = chance.choice(ODD)
        else:
            copy[name] = edited(copy[name], chance)
        return copy
    if isinstance(data, list) and data and chance.random() < 0.7:
        at = chance.randrange(len(data))
        return [*data[:at], edited(data[at], chance), *data[at + 1 :]]
    return chance.choice(ODD)


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half") / "run"
    events(folder, steps=4)
    return folder


def each(name: str, data: bytes, tried: Callable[[bytes], None], as_json: bool = False) -> None:
    chance = random.Random(f"{name}")
    for number in range(COUNT):
        use_language("es" if number % 2 else "en")
        if as_json and number % 2:
            try:
                changed = json.dumps(edited(json.loads(data), chance)).encode("utf-8", "backslashreplace")
            except (ValueError, OverflowError):
                continue
        else:
            changed = damaged(data, chance)
        if changed != data:
            try:
                tried(changed)
            except BaseException:
                print(name, number, repr(changed[:2000]))
                raise


def test_configurations(halfway: Path, tmp_path: Path) -> None:
    folder = RunFolder(Path(shutil.copytree(halfway, tmp_path / "run")))
    original = folder.config_file.read_bytes()
    true = json.loads(original)

    def tried(data: bytes) -> None:
        folder.config_file.write_bytes(data)
        try:
            found = folder.config()
        except FileTrouble as error:
            assert str(error)
            return
        assert found is not None and differences(found, true) == []

    each("config", original, tried, as_json=True)


def test_configurations_without_a_checkpoint(halfway: Path, tmp_path: Path) -> None:
    """Nothing says then what was edited; what cannot be is refused."""
    folder = RunFolder(tmp_path)
    original = (halfway / "config.json").read_bytes()

    def tried(data: bytes) -> None:
        folder.config_file.write_bytes(data)
        try:
            found = folder.config()
        except FileTrouble as error:
            assert str(error)
            return
        assert found is not None
        assert isinstance(found["program"], str) and all(isinstance(v, int) for _, v in found["call"]["set"])

    each("config alone", original, tried, as_json=True)


def test_checkpoints(halfway: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(halfway, tmp_path / "run"))
    original = (folder / "checkpoint.safetensors").read_bytes()
    model = model_of()
    right = []
    for path in ("checkpoint-before.safetensors", "checkpoint.safetensors"):
        (tmp_path / path).mkdir()
        shutil.copy(folder / path, tmp_path / path / "checkpoint.safetensors")
        state = RunFolder(tmp_path / path).load_state(model)
        assert state is not None
        right.append((state.steps, {n: w.tobytes() for n, w in model.weights.items()}))

    def tried(data: bytes) -> None:
        (folder / "checkpoint.safetensors").write_bytes(data)
        run = RunFolder(folder)
        state = run.load_state(model)
        assert state is not None
        found = (state.steps, {n: w.tobytes() for n, w in model.weights.items()})
        assert found == right[0] and len(run.notes) == 2 and all(map(str, run.notes))
        for aside in folder.glob("*.damaged-*"):
            aside.unlink()

    each("checkpoint", original, tried)


@pytest.mark.parametrize("foreign", [False, True])
def test_weights(tmp_path: Path, foreign: bool) -> None:
    model = model_of()
    model.reinitialise(3)
    path = tmp_path / "w.safetensors"
    tensors = {**model.weights, **model.buffers}
    if foreign:
        save_file(tensors, path)
    else:
        model.save(path)
    original = path.read_bytes()

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        model.reinitialise(4)
        try:
            model.load(path)
        except (FileTrouble, ValueError) as error:
            assert str(error)
            return
        now = {**model.weights, **model.buffers}
        assert all(np.isfinite(w).all() for w in now.values())
        assert foreign or all((now[n] == tensors[n]).all() for n in tensors)

    each(f"weights {foreign}", original, tried)


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    draw = np.random.default_rng(0)
    np.savez_compressed(path, images=draw.integers(0, 255, (30, 5, 5), np.uint8), labels=np.arange(30) % 3)
    original = path.read_bytes()

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = load(str(path))
            except DataError as error:
                assert str(error)
                return
        assert len(found.train_images) and np.isfinite(found.train_images).all()

    each("npz", original, tried)


def test_progress(tmp_path: Path) -> None:
    course = load_course()
    path = tmp_path / "progress.json"
    progress = Progress.open(course, path)
    for exercise in course.exercises[:6]:
        progress.skip(exercise)
    true = dict(progress.records)
    original = path.read_bytes()

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        found = Progress.open(course, path)
        assert found.records == true or str(found.notice) != "None"
        for left in tmp_path.glob("progress.d*"):
            left.unlink()

    each("progress", original, tried, as_json=True)


def test_courses(tmp_path: Path) -> None:
    template = Path(__file__).resolve().parents[2] / "convdsl" / "teaching" / "course" / "template"
    folder = Path(shutil.copytree(template, tmp_path / "course"))
    for path in sorted(folder.rglob("*.toml")):
        original = path.read_bytes()

        def tried(data: bytes, path: Path = path) -> None:
            path.write_bytes(data)
            course, problems = read_course(folder)
            assert course is not None or (all(str(p) for p in problems) and problems)

        each(path.name, original, tried)
        path.write_bytes(original)


@pytest.mark.parametrize("quick", [False, True])
def test_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    monkeypatch.setenv("CONVDSL_CACHE", str(tmp_path))
    path = caches.folder("kernels") / "entry"
    content = bytes(range(256)) * 8
    caches.keep(path, content, quick=quick)
    original = path.read_bytes()

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        assert caches.load(path, 10_000, quick=quick) is None and list(caches.told())

    each(f"cache {quick}", original, tried)
    assert experiment(tmp_path / "run").net is not None
