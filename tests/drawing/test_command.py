"""`convdsl draw` as a person calls it, and `net.draw()`: files, messages, exit statuses, time, and what is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

import convdsl
from convdsl.cli import main
from convdsl.drawing.picture import CannotDraw, Drawing, choices
from convdsl.network import analyse
from convdsl.source import Source
from tests.drawing.reading import check_nodes, read_svg
from tests.test_architecture import loaded_by

ROOT = Path(__file__).resolve().parent.parent.parent
LENET = str(ROOT / "examples" / "lenet5.cnn")
BROKEN = "input 28x28x1\nconv 8 k5 relu\nadd { conv 16 k3 p1 | conv 8 k1 } relu\nconv 16 k3\n"


def test_every_format_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begins = {
        "svg": b"<svg",
        "pdf": b"%PDF",
        "png": b"\x89PNG",
        "tex": b"% lenet5",
        "mmd": b"flowchart",
        "html": b"<!doctype",
    }
    for ending, begin in begins.items():
        file = tmp_path / f"net.{ending}"
        assert main(["draw", LENET, "-o", str(file)]) == 0
        assert file.read_bytes().startswith(begin)
    assert capsys.readouterr().out == ""


def test_svg_goes_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", LENET]) == 0
    assert len(read_svg(capsys.readouterr().out).boxes) == 8


def test_two_themes_are_two_files_and_a_snippet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", LENET, "-o", str(tmp_path / "net.svg"), "--theme", "both"]) == 0
    assert 'srcset="net.dark.svg"' in capsys.readouterr().out
    light, dark = ((tmp_path / name).read_text(encoding="utf-8") for name in ("net.svg", "net.dark.svg"))
    assert "#ffffff" in light and "#ffffff" not in dark and len(light) == len(dark)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["draw", LENET, "-o", "net.gif"], ".svg, .pdf"),
        (["draw", LENET, "-o", "net"], ".svg, .pdf"),
        (["draw", "nowhere.cnn", "-o", "net.svg"], "nowhere.cnn"),
        (["draw", LENET, "-o", "no/such/folder/net.svg"], "no/such/folder"),
        (["draw", LENET, "--theme", "both"], "--theme both"),
        (["draw", LENET, "--depth", "deep"], "all"),
        (["draw", LENET, "--show", "colours"], "macs"),
        (["draw", LENET, "--style", "cubes"], "blocks"),
        (["draw", LENET, "--width", "0"], "100"),
        (["draw", LENET, "--width", "nan"], "100"),
        (["draw", LENET, "--set", "N=3"], "N"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_wrong_call_is_one_line_and_writes_nothing(
    call: list[str],
    words: str,
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--lang", language, *call]) == 2
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and told.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_program_with_an_error_is_drawn_as_far_as_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "net.cnn"
    program.write_text(BROKEN, encoding="utf-8")
    assert main(["draw", str(program), "-o", str(tmp_path / "net.svg")]) == 1
    assert "error[E302]" in capsys.readouterr().err
    text = (tmp_path / "net.svg").read_text(encoding="utf-8")
    found = read_svg(text)
    check_nodes(analyse(Source(BROKEN, "net.cnn")), found)
    told = dict(found.boxes)
    assert "E302" in told[4,] and "24×24×16" in told[2,] and "?" in told[5,]
    assert "#c4001d" in text


def test_nothing_is_drawn_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "net.cnn"
    program.write_text("input 8x8x3\n", encoding="utf-8")
    assert main(["draw", str(program), "-o", str(tmp_path / "net.svg")]) == 1
    assert "E103" in capsys.readouterr().err and not (tmp_path / "net.svg").exists()


def test_a_style_that_does_not_fit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", LENET, "-o", str(tmp_path / "net.svg"), "--style", "u"]) == 0
    assert "no U" in capsys.readouterr().err


def test_symbols_are_formulas() -> None:
    made = Drawing(
        analyse(Source("input NxNx3 -> conv 64 k3 p1 -> maxpool 2", "net.cnn")), choices(show="sizes,params")
    )
    assert "⌊N/2⌋×⌊N/2⌋×64" in made.svg


def test_tooltips_derive_the_size() -> None:
    made = Drawing(analyse(Source("input 28x28x1 -> conv 8 k3 -> maxpool 3 s2", "net.cnn")), choices())
    assert "(28 + 2·0 − 3)/1 + 1 = 26" in made.svg and "⌊(26 + 2·0 − 3)/2⌋ + 1 = 12" in made.svg


def test_a_net_draws_itself_in_notebooks(tmp_path: Path) -> None:
    net = convdsl.parse("input 28x28x1 -> conv 8 k5 relu -> maxpool 2 -> dense 10 softmax")
    assert net._repr_svg_() == net.draw().svg == net.draw()._repr_svg_()
    drawing = net.draw(style="maps", theme="dark", show=("sizes", "params"), depth="all", legend=True)
    drawing.save(tmp_path / "net.svg")
    assert "Drawing" in repr(drawing) and (tmp_path / "net.svg").read_text(encoding="utf-8") == drawing.svg
    with pytest.raises(CannotDraw, match="light, dark"):
        net.draw(theme="pink")


def test_a_terminal_that_shows_pictures_shows_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a stand-in for the library's picture: the PNG arrives, if the terminal has room, else how to write a file."""
    from convdsl.cli import draw
    from convdsl.report import terminal_picture

    shown: list[bytes] = []

    class Picture:
        def __init__(self, file: object, width: int, height: str) -> None:
            shown.append(file.read())  # type: ignore[attr-defined]

        def __rich_console__(self, console: object, options: object) -> list[object]:
            return []

    monkeypatch.setattr(
        sys, "stdout", types.SimpleNamespace(isatty=lambda: True, write=sys.stdout.write, flush=lambda: None)
    )
    monkeypatch.setattr(terminal_picture, "_kind", lambda: Picture)
    for cell, columns in ((8, "200"), (8, "40")):
        monkeypatch.setattr(terminal_picture, "_cell", lambda cell=cell: cell)
        monkeypatch.setenv("COLUMNS", columns)
        draw._show(Drawing(analyse(Source("input 8x8x3 -> conv 4 k3 -> conv 4 k3 -> dense 9", "net.cnn")), choices()))
    assert len(shown) == 1 and shown[0].startswith(b"\x89PNG")
    assert "-o net.svg" in capsys.readouterr().out


def test_drawing_loads_nothing_heavy() -> None:
    modules = loaded_by(f"from convdsl.cli import main; main(['draw', {str(ROOT / 'examples' / 'resnet152.cnn')!r}])")
    assert not modules & {"numba", "numpy", "sympy", "matplotlib", "llvmlite", "PIL", "reportlab", "fontTools", "rich"}


def cpu_of(*arguments: str) -> float:
    """The processor's time that a call takes, the least of three: the clock of the wall counts what others do too."""
    found = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run([sys.executable, "-m", "convdsl", *arguments], capture_output=True, check=False)
        after = os.times()
        assert done.returncode == 0, done.stderr
        found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(found)


def test_drawing_costs_little_more_than_checking() -> None:
    """On an idle machine LeNet takes 0.15 s and ResNet-152 0.2 s, most of it to start and to read the program."""
    for name, more in (("lenet5", 0.08), ("resnet152", 0.15)):
        file = str(ROOT / "examples" / f"{name}.cnn")
        assert cpu_of("draw", file) <= cpu_of("check", "--format", "json", file) + more, name


@pytest.mark.parametrize(
    "program",
    [
        "input 8x8x4\nrepeat 50000 { conv 4 k3 p1 relu }\ndense 10",
        "input 8x8x4\nblock a(C) { residual { conv C k3 p1 relu -> conv C k3 p1 } relu }\n"
        "repeat 100 { repeat 100 { a(4) } -> conv 4 k1 }\ndense 10",
        "input 8x8x4\n" + "".join(f"conv {4 + n % 977} k1 relu\n" for n in range(20_000)),
    ],
    ids=["repeat", "nested", "written out"],
)
def test_huge_networks_are_small_pictures(program: str) -> None:
    analysis = analyse(Source(program, "net.cnn"))
    start = time.process_time()
    made = Drawing(analysis, choices())
    check_nodes(analysis, read_svg(made.svg))
    assert time.process_time() - start < 8
    assert len(made.svg) < 300_000 and sum(g.role == "box" for g in made.scene.groups) <= 40
