"""Every write, flush and rename fails once, for everything that writes: nothing is lost, and the next try works.

`CONVDSL_KILLS` sets how many processes are killed in the midst of a training (12), `CONVDSL_FAULTS` how many calls of a
command that takes long fail (4).
"""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from convdsl import caches
from convdsl.cli import main
from convdsl.cli.history import KeptHistory
from convdsl.datasets.dataset import DataError
from convdsl.datasets.download import fetch
from convdsl.language import tables
from convdsl.site import building
from convdsl.teaching.course import load
from convdsl.teaching.progress import Progress
from convdsl.teaching.session import Session
from convdsl.training.files import FileTrouble
from tests.safety.faults import Disk, faulty, killed, points
from tests.safety.rooms import furnish
from tests.safety.runs import content, events, model_of

KILLS = int(os.environ.get("CONVDSL_KILLS", "12"))
FAULTS = int(os.environ.get("CONVDSL_FAULTS", "4"))
UGLY, PRETTY = b"conv 8 k 3->relu\n", b"conv 8 k3 -> relu\n"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the calls are others there")


def command(*words: str) -> None:
    try:
        status = main(list(words))
    except SystemExit as end:
        status = int(end.code or 0)
    if status:
        raise OSError(status, "the command failed")


# What is done, in a folder that is the working one. Each may fail with OSError or FileTrouble, and then be done again.


def rewrite() -> None:
    command("fmt", "a.cnn", "b.cnn")


def save_in_the_repl() -> None:
    session = Session()
    session.load(Path("a.cnn"))
    if not session.program.text.endswith("bn"):
        session.enter("bn")
    for line in (":save", ":save! other.cnn", ":save! old.cnn"):
        answer = session.enter(line)
        if not getattr(answer, "ok", True):
            raise OSError(5, str(getattr(answer, "text", "")))


def new_course() -> None:
    shutil.rmtree("mine", ignore_errors=True)
    command("course", "new", "mine")


def practise() -> None:
    progress = Progress.open(load(), Path("home/progress.json"))
    for exercise in progress.course.exercises[:3]:
        progress.skip(exercise)


def save_weights() -> None:
    model_of().save("w.safetensors")


def keep_in_the_cache() -> None:
    folder = caches.folder("kernels")
    for name in ("one", "two"):
        caches.keep(folder / name, name.encode() * 1000)
    assert [caches.load(folder / n, 10_000) for n in ("one", "two")] in (
        [b"one" * 1000, b"two" * 1000],
        [None, b"two" * 1000],
        [b"one" * 1000, None],
    )


def read_the_grammar() -> None:
    tables.tables.cache_clear()
    assert tables.tables().rules


def grade() -> None:
    shutil.rmtree("feedback", ignore_errors=True)
    shutil.copy("worksheet.csv", "moodle.csv")
    Path("moodle.before.csv").unlink(missing_ok=True)
    command("grade", "101.txt", "102.txt", *CLASS, "--jobs", "1", "--csv", "marks.csv", "--feedback", "feedback",
            "--moodle", "moodle.csv", "--decisions", "decided.csv")  # fmt: skip


def assign() -> None:
    command("course", "assign", "sheet.toml", "--roster", "roster.csv", "-o", "sheets")


def answer_with_pictures() -> None:
    shutil.rmtree("maps", ignore_errors=True)
    Path("maps.npz").unlink(missing_ok=True)
    command("predict", "map-1", "some.npz", "--out", "maps")
    command("predict", "map-1", "some.npz", "--out", "maps.npz")


def draw() -> None:
    command("data", "d.npz", "--augment", "flip", "--out", "sheet.svg")
    command("data", "d.npz", "--augment", "flip", "--out", "sheet.png")
    command("convolve", "p.png", "--gradient", "sobel", "--out", "edges.png")


def put_together() -> None:
    shutil.rmtree("both", ignore_errors=True)
    command("ensemble", "net-1", "net-2", "--data", "d.npz", "--out", "both")


def remember_what_was_typed() -> None:
    path = Path("home/history")
    for text in ("one", "two"):
        if text not in KeptHistory(path).load_history_strings():
            KeptHistory(path).store_string(text)
    if list(KeptHistory(path).load_history_strings()) != ["two", "one"]:
        path.unlink(missing_ok=True)
        raise OSError(5, "it is remembered in this session only")


def fetch_data() -> None:
    def verify(path: Path) -> None:
        if path.read_bytes() != DATA:
            raise DataError("another file")

    address = f"data:application/octet-stream;base64,{base64.b64encode(DATA).decode()}"
    try:
        fetch([address], Path("home/d.bin"), verify, len(DATA))
    except DataError as error:
        raise OSError(5, str(error.message)) from None


def draw_networks() -> None:
    for ending in ("svg", "tex", "mmd", "html"):
        command("draw", "net.cnn", "-o", f"drawn.{ending}")
    command("draw", "net.cnn", "--theme", "both", "-o", "two.svg")


def mend() -> None:
    command("check", "--fix", "slips.cnn")


def go_to_others_and_back() -> None:
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    command("export", "onnx", "net.cnn", "--weights", "net-1", "-o", "out.onnx")
    command("import", "out.onnx", "-o", "back.cnn", "--weights", "back.safetensors")


def look_into_networks() -> None:
    for ending in ("svg", "html", "png"):
        command("look", "map-1", "--data", "d.npz", "--image", "p.png", "-o", f"look.{ending}")


def compare() -> None:
    for ending in ("svg", "html", "csv"):
        command("compare", "net.cnn", "map-1", "-o", f"costs.{ending}")


def convolve() -> None:
    for ending in ("svg", "html", "tex", "gif"):
        command("convolve", "matrix.txt", "--kernel", "1 0; 0 1", "-o", f"window.{ending}")


def make_the_page() -> None:
    building.write(Path("site"), {"a.js": b"a", "python/b.zip": b"b" * 1000, building.MARK: b"1\n"})


def report() -> None:
    Path("net-1/report.html").unlink(missing_ok=True)
    command("run", "net.cnn", "--data", "d.npz", "--resume", "--out", "net-1")
    if not Path("net-1/report.html").exists():
        raise OSError(5, "the run has no report")


CLASS = ("--sheet", "sheet.toml", "--roster", "roster.csv")
DATA = bytes(range(256)) * 100
ACTIONS = (
    rewrite,
    save_in_the_repl,
    new_course,
    practise,
    save_weights,
    keep_in_the_cache,
    read_the_grammar,
    fetch_data,
)
FURNISHED = (remember_what_was_typed, grade, assign, answer_with_pictures, draw, put_together, draw_networks, mend,
             go_to_others_and_back, look_into_networks, compare, convolve, make_the_page, report)  # fmt: skip
"""In a folder where there is one of everything."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tables.tables(), model_of().weights  # what they keep in the cache is kept already
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVDSL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def prepare(folder: Path) -> None:
    for old in folder.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name in ("a.cnn", "b.cnn", "old.cnn"):
        (folder / name).write_bytes(UGLY)
    (folder / "w.safetensors").write_bytes(b"of before")


def everything(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    return {name: b"" if "grammar-" in name else data for name, data in found.items()}  # whose tables are numbered anew


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.__name__)
def test_each_call_fails_once(
    folder: Path, action: Callable[[], None], capsys: pytest.CaptureFixture[str], record_property: Callable[..., None]
) -> None:
    prepare(folder)
    before = everything(folder)
    total = points(action).count
    after = everything(folder)
    record_property("points", total)
    assert total >= 4
    for at in range(total):
        for disk in (Disk(at), Disk(at, error=errno.EIO, short=True)):
            prepare(folder)
            with faulty(disk), contextlib.suppress(OSError, FileTrouble):
                action()
            found = everything(folder)
            if action is not fetch_data:  # which goes on from there
                assert not [name for name in found if name.endswith(".part")], (at, disk.names[at])
            for name, data in before.items():  # the old or the new
                assert found[name] in (data, after[name]), (at, disk.names[at], name)
            if action not in (practise, fetch_data):  # whose file grows: some of it is right too
                assert all(data == after[name] for name, data in found.items() if name not in before), (at, disk.names)
            action()
            assert everything(folder) == after, (at, disk.names[at])
    capsys.readouterr()


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.__name__)
def test_killed_at_a_call(folder: Path, action: Callable[[], None], capsys: pytest.CaptureFixture[str]) -> None:
    prepare(folder)
    before = everything(folder)
    total = points(action).count
    after = everything(folder)
    for at in random.Random(action.__name__).sample(range(total), min(total, max(3, KILLS // 4))):
        prepare(folder)
        assert killed(action, at) != 0
        found = everything(folder)
        for name, data in before.items():
            assert found[name] in (data, after[name]), (at, name)
        action()
        left = {name: data for name, data in everything(folder).items() if not name.endswith((".part", ".lock"))}
        assert left == after, at
    capsys.readouterr()


def test_a_page_that_is_killed_at_any_call_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is known by a mark, which may not be written yet."""
    monkeypatch.chdir(tmp_path)
    total = points(make_the_page).count
    whole = everything(tmp_path)
    for at in range(total):
        shutil.rmtree("site", ignore_errors=True)
        assert killed(make_the_page, at) != 0
        make_the_page()
        found = {name: data for name, data in everything(tmp_path).items() if not name.endswith(".part")}
        assert found == whole, at
    shutil.rmtree("site")
    Path("site").mkdir()
    Path("site/.mine.part").write_bytes(b"not ours")
    with pytest.raises(building.NotOurSite):
        make_the_page()
    assert everything(tmp_path) == {"site/.mine.part": b"not ours"}


# With one of everything.


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished")
    before = os.getcwd()
    os.chdir(folder)
    try:
        furnish(folder)
    finally:
        os.chdir(before)
    return folder


@pytest.mark.parametrize("action", FURNISHED, ids=lambda a: a.__name__)
def test_calls_of_commands_fail(
    furnished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[..., None],
    action: Callable[[], None],
) -> None:
    """Some of the calls in turn (`CONVDSL_FAULTS`: that many; some commands take a second)."""
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "home"))

    def anew(name: str) -> Path:
        folder = Path(shutil.copytree(furnished, tmp_path / name))
        monkeypatch.chdir(folder)
        return folder

    folder = anew("right")
    before = everything(folder)
    total = points(action).count
    after = everything(folder)
    record_property("points", total)
    assert total >= 4
    for at in sorted(random.Random(action.__name__).sample(range(total), min(total, FAULTS))):
        folder = anew(str(at))
        disk = Disk(at, error=errno.ENOSPC if at % 2 else errno.EIO, short=at % 2 == 1)
        with faulty(disk), contextlib.suppress(OSError, FileTrouble):
            action()
        found = everything(folder)
        assert not [name for name in found if name.endswith(".part")], (at, disk.names[at])
        assert all(found[name] in (data, after[name]) for name, data in before.items()), (at, disk.names[at])
        action()
        assert everything(folder).keys() == after.keys(), (at, disk.names[at])
        shutil.rmtree(folder)
    capsys.readouterr()


# A training.


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole") / "run"
    events(folder, epochs=1)
    return content(folder)


def go_on(folder: Path) -> None:
    from convdsl.training.folder import RunFolder

    events(folder, epochs=1, resume=RunFolder(folder).used)


def test_a_training_at_each_call(tmp_path: Path, whole: dict[str, bytes], record_property: Callable[..., None]) -> None:
    total = points(lambda: events(tmp_path / "count", epochs=1)).count
    record_property("points", total)
    assert total > 40
    for at in range(total):
        folder = tmp_path / str(at)
        with faulty(Disk(at, short=at % 2 == 1)), contextlib.suppress(FileTrouble):
            events(folder, epochs=1)
        go_on(folder)
        assert content(folder) == whole, at


def test_going_on_at_each_call(tmp_path: Path, whole: dict[str, bytes]) -> None:
    events(tmp_path / "half", epochs=1, steps=3)
    total = points(
        lambda: events(Path(shutil.copytree(tmp_path / "half", tmp_path / "count")), epochs=1, resume=True)
    ).count
    for at in range(total):
        folder = Path(shutil.copytree(tmp_path / "half", tmp_path / str(at)))
        with faulty(Disk(at, error=errno.EIO)), contextlib.suppress(FileTrouble):
            events(folder, epochs=1, resume=True)
        go_on(folder)
        assert content(folder) == whole, at


def test_killed_in_a_training(tmp_path: Path, whole: dict[str, bytes]) -> None:
    """At every call in turn and at moments that are chosen at random, several times in one training."""
    chance = random.Random(5)
    total = points(lambda: events(tmp_path / "count", epochs=1)).count
    done = number = 0
    while done < KILLS:
        folder = tmp_path / f"run-{number}"
        for _ in range(3):
            if chance.random() < 0.6:
                killed(lambda folder=folder: go_on(folder), at=chance.randrange(total))  # type: ignore[misc]
            else:
                killed(lambda folder=folder: go_on(folder), after=chance.random() * 0.15)  # type: ignore[misc]
            done += 1
        go_on(folder)
        assert content(folder) == whole, number
        shutil.rmtree(folder)
        number += 1


def test_what_counts_as_a_call() -> None:
    """The stand-in sees all that the writer does: otherwise nothing would be tested."""
    import ast

    from convdsl import files

    assert files.__file__
    names = {
        node.attr
        for node in ast.walk(ast.parse(Path(files.__file__).read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    harmless = {"fspath", "path", "urandom", "lstat", "stat", "fstat", "unlink", "fdopen", "strerror", "geteuid", "getegid",
                "name", "stat_result", "PathLike"}  # fmt: skip
    assert {n for n in names if n.islower()} <= harmless | {
        "open",
        "write",
        "fsync",
        "close",
        "chmod",
        "chown",
        "link",
        "replace",
    }
