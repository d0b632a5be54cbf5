"""Names that play with the terminal, that are no text, that look like options or like annotations: every command, every
format, both languages. What is printed holds no control character, and no line of its own making."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl.cli import main
from convdsl.diagnostics import Diagnostic
from convdsl.messages import T, harmful, quoted
from convdsl.report.diagnostics import github
from convdsl.source import Source, Span
from convdsl.teaching.answers import Ended
from convdsl.teaching.session import Session
from convdsl.training.files import FileTrouble
from tests.safety.runs import events

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes there")

NAMES = {
    "escape": b"a\x1b[31mred\x1b[0m",
    "title": b"a\x1b]0;owned\x07",
    "annotation": b"a\n::error file=x::owned",
    "carriage": b"a\rowned",
    "latin": "año".encode("latin-1"),
    "broken": b"\xff\xfe\xc3",
    "direction": "a\u202egpj".encode(),
    "c1": "a\x9b31m".encode(),
    "spaces": b"  a  b  ",
    "braces": b"a{0}{name}%s",
    "quotes": b"a'b\"c`d",
    "long": b"n" * 240,
    "tag": b"[bold]a[]",
}
PROGRAM = "input 8x8x1\nconv 4 k3\nconv N k?\n"


@pytest.fixture(params=sorted(NAMES))
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path / "home"))
    return os.fsdecode(NAMES[request.param])


def commands(name: str) -> Iterator[tuple[str, ...]]:
    program, missing = f"./{name}.cnn", f"./{name}.none"
    yield from (("check", "--format", kind, program) for kind in ("text", "json", "github"))
    yield from (("check", "--show", kind, program) for kind in ("tree", "network", "plan"))
    yield from ((command, missing) for command in ("check", "fmt", "explain", "solve", "run", "grade", "repl"))
    yield "explain", program
    yield "explain", program, "--format", "json"
    yield "explain", program, "--format", "latex"
    yield "solve", program, "--format", "json"
    yield "fmt", "--check", program
    yield "fmt", "--diff", program
    yield "fmt", program
    yield "run", program, "--set", "N=2"
    yield "run", "./right.cnn", "--data", f"./{name}"
    yield "run", "./right.cnn", "--init-from", missing
    yield "run", "./right.cnn", "--resume", "--out", f"./{name}"
    yield "convolve", missing
    yield "convolve", program, "--kernel", missing
    yield "course", "list", "--course", f"./{name}"
    yield "course", "lint", "--course", f"./{name}"
    yield "course", "new", f"./{name} course"
    yield "course", "lint", "--course", f"./{name} course"
    yield "grade", program
    yield "grade", "--csv", "--", program
    yield name, name
    yield "check", f"--{name}"


def test_every_command(name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    language = "es" if sorted(NAMES.values()).index(os.fsencode(name)) % 2 else "en"
    (tmp_path / f"{name}.cnn").write_text(PROGRAM)
    (tmp_path / "right.cnn").write_text("input 8x8x1\nflatten -> dense 2\n")
    (tmp_path / name).mkdir()
    (tmp_path / name / f"{name}.toml").write_text("")
    for words in commands(name):
        with contextlib.suppress(SystemExit):
            main(["--lang", language, *words])
        out, errors = capfdbinary.readouterr()
        for stream in (out, errors):
            text = stream.decode()  # UTF-8, whatever the name was
            assert not harmful().search(text), (words, text)
            assert "Traceback" not in text
            assert not re.search(r"^(::error file=x|owned)", text, re.MULTILINE), (words, text)
        if "json" in words and out:
            json.loads(out)


def test_the_repl(name: str, tmp_path: Path) -> None:
    session = Session()
    for line in (f":load {name}", f":save {name}.cnn", "input 8x8x1", "conv 8 k3", f":save {name}.cnn", f":load {name}.cnn",
                 f":help {name}", f":set {name}", f":lang {name}", f":{name}", name):  # fmt: skip
        assert not isinstance(session.enter(line), Ended)


def test_a_program_of_any_name_is_trained(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    assert events(folder) and (folder / "weights.safetensors").exists()
    with pytest.raises(FileTrouble) as caught:
        events(folder)
    assert not harmful().search(str(caught.value)) and "\n" not in str(caught.value)


def test_what_is_quoted() -> None:
    assert quoted("año 1×1 — 10\u202f000") == "año 1×1 — 10\u202f000"
    assert quoted("a\nb") == '"a\\nb"' and quoted("a\x1b[1m") == '"a\\x1b[1m"' and quoted("a\udcff") == '"a\\xff"'
    assert quoted("C:\\new\n") == '"C:\\\\new\\n"'
    assert str(T("{name}: {reason}", name="a\n::error::", reason="b\x1bc\nd")) == '"a\\n::error::": b\\x1bc\nd'
    assert str(T("{path}", path=Path("a\nb"))) == '"a\\nb"'


def test_annotations_are_of_one_line() -> None:
    source = Source("x\n", "a\n::error::b,c:d.cnn")
    found = Diagnostic(code="E101", source=source, span=Span(0, 1), message=T("A\n::warning::{x}", x="y\r\n::z"))
    (line,) = github(found).splitlines()
    assert line.startswith('::error file="a\\n%3A%3Aerror%3A%3Ab%2Cc%3Ad.cnn",line=1,')


@pytest.mark.parametrize(
    "words", [("check",), ("check", "--format", "json"), ("explain",), ("check", "--show", "tree")]
)
def test_a_reader_that_goes_away(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "long.cnn").write_text("input 999x999x1\n" + "conv 8 k3\n" * 400)
    call = " ".join((sys.executable, "-m", "convdsl", *words, "long.cnn"))
    done = subprocess.run(
        ["bash", "-c", f"{call} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() in ("0", "141") and done.stderr == ""
