"""Every command with every path that is none: a message, in time, and everything that was there stays as it was."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl.messages import harmful
from tests.safety.rooms import call, furnish

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="files are of other kinds there")
SECONDS = 20

CLASS = "--sheet sheet.toml --roster roster.csv"
READING = tuple(
    line.split()
    for line in f"""
check PATH
check --format json PATH
check --show plan PATH
check net.cnn PATH
fmt PATH
fmt --check PATH
explain PATH
explain net.cnn PATH
solve PATH
repl PATH
repl --course PATH
convolve PATH
convolve matrix.txt --kernel PATH
convolve p.png --kernel PATH
run PATH
run net.cnn --data PATH --out o
run net.cnn --data d.npz --init-from PATH --out o
run net.cnn --data d.npz --resume --out PATH
predict PATH some.npz
predict net-1 PATH
predict net-1 some.npz PATH
evaluate PATH
evaluate net-1 --data PATH
ensemble net-1 PATH --data d.npz
runs PATH
data PATH
grade PATH
grade 101.txt PATH
grade 101.txt --sheet PATH --roster roster.csv
grade 101.txt --sheet sheet.toml --roster PATH
grade 101.txt {CLASS} --moodle PATH
grade 101.txt --decisions PATH
grade 101.txt --course PATH
course list --course PATH
course lint --course PATH
course print --course PATH
course export --course PATH
course exam --sheet PATH
course assign PATH --roster roster.csv -o o
course assign sheet.toml --roster PATH -o o
check --fix PATH
draw PATH
draw PATH -o o.svg
export onnx PATH -o o.onnx
export onnx net.cnn --weights PATH -o o.onnx
import PATH
import PATH --net net.cnn
import net.onnx --net net.cnn --map PATH
""".strip().splitlines()
)
WRITING = tuple(
    line.split()
    for line in f"""
run net.cnn --data d.npz --out PATH
predict map-1 some.npz --out PATH
predict map-1 some.npz --out PATH.npz
ensemble net-1 net-2 --data d.npz --out PATH
data d.npz --augment flip --out PATH.png
data d.npz --augment flip --out PATH.svg
convolve p.png --gradient sobel --out PATH.png
grade 101.txt --csv PATH
grade 101.txt --decisions PATH
grade 101.txt {CLASS} --feedback PATH
grade 101.txt {CLASS} --feedback PATH.zip
grade 101.txt {CLASS} --moodle PATH
course new PATH
course assign sheet.toml --roster roster.csv -o PATH
fmt PATH
check --fix PATH
draw net.cnn -o PATH.svg
draw net.cnn -o PATH.html
draw net.cnn --theme both -o PATH.svg
export onnx net.cnn -o PATH
import net.onnx -o PATH
import net.onnx --weights PATH
""".strip().splitlines()
)
KINDS = ("pipe", "zero", "full", "folder", "dangling", "loop", "missing", "empty", "socket", "long", "nul", "surrogate",
         "below a file", "nothing", "endless", "another's", "link", "noise", "dash")  # fmt: skip


def hostile(kind: str) -> str:
    """The path to something of a kind, in the working folder; made where it is not there."""
    shutil.rmtree("h", ignore_errors=True)
    os.makedirs("h")
    path = f"h/{kind.replace(' ', '-')}"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        os.mkdir(path)
        Path(path, "kept").write_bytes(b"kept")
    elif kind == "dangling":
        os.symlink("nowhere", path)
    elif kind == "loop":
        os.symlink("loop", path)
    elif kind == "empty":
        Path(path).touch()
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.close()
    elif kind == "endless":
        Path(path).touch()
        os.truncate(path, 1 << 42)
    elif kind == "link":
        Path("h/kept").write_bytes(b"kept")
        os.symlink("kept", path)
    elif kind == "noise":
        Path(path).write_bytes(bytes(range(256)) * 40)
    elif kind == "another's" and os.geteuid() == 0:
        Path(path).write_bytes(b"of somebody")
        os.chown(path, 12345, 12345)
    special = {
        "zero": "/dev/zero",
        "full": "/dev/full",
        "long": "n" * 5000,
        "nul": "a\0b",
        "surrogate": "h/a\udcff\udc80",
        "below a file": "a.cnn/b",
        "nothing": "",
        "dash": "-",
        "root": "/",
    }
    return special.get(kind, path)


def everything() -> dict[str, bytes]:
    """The contents of all files below the working folder."""
    return {
        str(path): path.read_bytes()
        for path in Path(".").rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 30
    }


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("room")
    before = os.getcwd()
    os.chdir(folder)
    try:
        furnish(folder)
        yield folder
    finally:
        os.chdir(before)


class TooLong(BaseException):
    pass


def too_long(*_: object) -> None:
    raise TooLong


def complaints(words: list[str], kind: str, capsys: pytest.CaptureFixture[str], before: dict[str, bytes]) -> list[str]:
    """What is wrong with the answer to a call; what was written is removed again."""
    named = hostile(kind)
    call_of = [word.replace("PATH", named) for word in words]
    kept = {**before, **{name: data for name, data in everything().items() if name.startswith("h/")}}
    wrong = []
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        status = call("--lang", "es" if len(words) % 2 else "en", *call_of)
    except TooLong:
        return ["it takes too long"]
    except BaseException:
        return [traceback.format_exc(limit=-6)]
    finally:
        signal.alarm(0)
    out, errors = capsys.readouterr()
    if status not in (0, 1, 2) or (status and not (out or errors)):
        wrong.append(f"ends with {status}, and says {errors!r}")
    if harmful().search(out + errors) or "Traceback" in out + errors or "fault of convdsl" in out + errors:
        wrong.append(f"prints {out + errors!r}")
    now = everything()
    changed = [name for name, data in kept.items() if now.get(name) != data]
    overwrites = ("grade", "fmt", "export", "import")  # a file that is named to be written over
    if changed and not (status == 0 and words[0] in overwrites):
        wrong.append(f"{changed} changed, with {status}")
    for name in set(now) - set(before):
        os.unlink(name)
    for name, data in before.items():
        if now.get(name) != data:
            Path(name).write_bytes(data)
    for folder in ("h", "o", "runs"):
        shutil.rmtree(folder, ignore_errors=True)
    return wrong


@pytest.mark.parametrize("kind", (*KINDS, "root"))
def test_reading(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    _try(READING, kind, room, monkeypatch, capsys)


@pytest.mark.parametrize("kind", KINDS)
def test_writing(room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    _try(WRITING, kind, room, monkeypatch, capsys)


def _try(
    calls: tuple[list[str], ...],
    kind: str,
    room: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(room.parent / "home"))
    shutil.rmtree("h", ignore_errors=True)
    before = everything()
    found = {}
    for words in calls:
        if wrong := complaints(words, kind, capsys, before):
            found[" ".join(words)] = wrong
    assert not found, "\n".join(f"{call}: {said}" for call, wrongs in found.items() for said in wrongs)
