"""Files that were damaged or edited at random: a clear message, or what they said before; never a traceback, never silence.

`CONVDSL_MUTATIONS` sets how many of each kind are tried (60); tests/safety/mutants.py makes them.
"""

from __future__ import annotations

import json
import re
import shutil
import warnings
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from safetensors.numpy import save_file

from convdsl import caches
from convdsl.bridges.pieces import Foreign
from convdsl.bridges.pth import read_pth
from convdsl.cli import main
from convdsl.datasets import DataError, load
from convdsl.messages import use_language
from convdsl.teaching.course import load as load_course
from convdsl.teaching.course import read_course
from convdsl.teaching.progress import Progress
from convdsl.training.files import FileTrouble
from convdsl.training.folder import RunFolder
from convdsl.training.written import differences
from tests.safety.mutants import damaged, each, edited
from tests.safety.runs import PROGRAM, events, experiment, model_of


@pytest.fixture(scope="module")
def halfway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("half") / "run"
    events(folder, steps=4)
    return folder


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

    each(edited(original), original, tried)


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

    each(edited(original), original, tried)


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

    each(damaged(original), original, tried)


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

    each(damaged(original), original, tried)


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

    each(damaged(original), original, tried)


@pytest.mark.parametrize("new", [True, False])
def test_weights_of_pytorch(tmp_path: Path, new: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    path = tmp_path / "w.pth"
    layer = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    torch.save(layer.state_dict(), path, _use_new_zipfile_serialization=new)
    original = path.read_bytes()

    def tried(data: bytes) -> None:
        path.write_bytes(data)
        try:
            found = read_pth(path)
        except Foreign as error:
            assert str(error)
            return
        assert found and sum(value.size for value in found.values()) < 10_000

    each(damaged(original), original, tried)


def test_what_is_wrong_with_weights_of_pytorch_is_said_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    for content, english, spanish in (
        (b"cos\nsystem\n.", "it asks for os.system", "pide os.system"),
        (b"\x80\x02K\x05." * 3, "does not begin as such files do", "no empieza como esos archivos"),
        (b"\x80\x02\x8f.", "what weights do not need (code 143)", "lo que los pesos no necesitan (código 143)"),
        (b"PK\x03\x04", "it is damaged", "está dañado"),
        (b"", "it is damaged", "está dañado"),
    ):
        path.write_bytes(content)
        for language, words in (("en", english), ("es", spanish)):
            use_language(language)
            with pytest.raises(Foreign, match=re.escape(words)):
                read_pth(path)
    use_language(None)


def onnx_of(program: str, folder: Path) -> Any:
    """The graph of a program, without the program itself, which would be read instead."""
    onnx = pytest.importorskip("onnx", reason="the package onnx is not installed")
    (folder / "net.cnn").write_text(program)
    assert main(["export", "onnx", str(folder / "net.cnn"), "-o", str(folder / "net.onnx")]) == 0
    model = onnx.load(folder / "net.onnx")
    del model.metadata_props[:]
    return model


def read_or_refused(path: Path, data: bytes) -> None:
    from convdsl.bridges.onnx.file import read_onnx

    path.write_bytes(data)
    try:
        found = read_onnx(path)
    except Foreign as error:
        assert str(error)
        return
    assert found.analysis.network.nodes


def test_graphs_of_onnx(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    original = onnx_of(PROGRAM, tmp_path).SerializeToString()
    each(damaged(original), original, lambda data: read_or_refused(path, data))


def test_graphs_that_say_what_none_can(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    from tests.safety.graphs import PROGRAMS, changed

    path = tmp_path / "net.onnx"
    models = [onnx_of(program, tmp_path) for program in PROGRAMS]
    graphs = st.builds(lambda number, model: changed(Random(number), model).SerializeToString(),
                       st.integers(0, 2**32), st.sampled_from(models))  # fmt: skip
    each(graphs, b"", lambda data: read_or_refused(path, data))


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

    each(edited(original), original, tried)


def test_courses(tmp_path: Path) -> None:
    template = Path(__file__).resolve().parents[2] / "convdsl" / "teaching" / "course" / "template"
    folder = Path(shutil.copytree(template, tmp_path / "course"))
    for path in sorted(folder.rglob("*.toml")):
        original = path.read_bytes()

        def tried(data: bytes, path: Path = path) -> None:
            path.write_bytes(data)
            course, problems = read_course(folder)
            assert course is not None or (all(str(p) for p in problems) and problems)

        each(damaged(original), original, tried)
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

    each(damaged(original), original, tried)
    assert experiment(tmp_path / "run").net is not None
