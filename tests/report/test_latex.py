"""What is written for LaTeX can be set by it: no sign that its text fonts lack, and, where there is one, pdflatex agrees."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from convdsl.cli import main
from convdsl.latex import escaped, marked_up, verbatim
from convdsl.messages import use_language
from tests.nets import EXAMPLES

SET_BY_LATEX = re.compile(r"[\x20-\x7e\n¡¿áéíóúüñÁÉÍÓÚÜÑ«»–—ºª]*")
HEAD = r"""\documentclass{article}\usepackage[T1]{fontenc}\usepackage[utf8]{inputenc}\usepackage{amsmath}\begin{document}
"""
PDFLATEX = shutil.which("pdflatex")
PROGRAMS = [
    "input NxNx3 -> conv 6 k5 p? s2 -> maxpool 2 -> dense 10",
    "input 31x31x4 -> conv 8 k3 p same s2 g2 prelu -> tconv 4 k3 s2 p1 -> upsample 2 -> bn -> dense 10",
    "input 100x6 -> conv 4 k3 d2 -> avgpool 2",
    "input 7x9x4 -> conv 2 k3x5 s2x1 -> gap -> dense 3 softmax",
]
MATRIX = "1 2 3; 4 5 6; 7 8 9"


def example(name: str) -> Path:
    return EXAMPLES / f"{name}.cnn"


COMMANDS = [
    *(
        ("explain", str(f), "--format", "latex")
        for f in map(example, ("lenet5", "residual_block", "unet", "mobilenet"))
    ),
    *(("explain", "-e", p, "--format", "latex") for p in PROGRAMS),
    ("explain", str(example("one_5x5")), str(example("two_3x3")), "--format", "latex"),
    ("convolve", MATRIX, "-k", "1/9 [1 1; 1 1]", "--at", "1,1", "--format", "latex"),
    ("convolve", MATRIX, "-k", "sobel_x", "--padding", "1", "--true", "--format", "latex"),
    ("convolve", MATRIX, "--gradient", "sobel", "--padding", "1", "--at", "2,2", "--format", "latex"),
    ("convolve", MATRIX, "-k", "mean", "--padding", "1", "--then", "1 -1", "--format", "latex"),
    ("convolve", MATRIX, "--pool", "max", "2", "--format", "latex"),
]
SHEETS = [
    ("course", "print", "--seed", seed, "--format", "latex", *key) for seed in ("7", "8") for key in ((), ("--key",))
]


def written(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], language: str) -> str:
    use_language(language)
    assert main(["--lang", language, *command]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("command", [*COMMANDS, *SHEETS], ids=lambda c: " ".join(c)[:60])
def test_every_sign_is_one_that_latex_knows(
    command: tuple[str, ...], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = written(capsys, command, language)
    read = SET_BY_LATEX.match(text)
    assert read is not None and read.end() == len(text), text[read.end() : read.end() + 60]


@pytest.mark.skipif(PDFLATEX is None, reason="there is no pdflatex here")
@pytest.mark.parametrize("language", ["en", "es"])
def test_pdflatex_sets_it(language: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    fragments = [written(capsys, command, language) for command in COMMANDS]
    sheets = [written(capsys, command, language) for command in SHEETS[1:2]]
    if language == "es" and not _knows_spanish():
        sheets = []
    for number, text in enumerate([HEAD + "\n\n".join(fragments) + r"\end{document}", *sheets]):
        file = tmp_path / f"{number}.tex"
        file.write_text(text, encoding="utf-8")
        assert PDFLATEX is not None
        done = subprocess.run(
            [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", file.name],
            cwd=tmp_path,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def _knows_spanish() -> bool:
    found = (
        subprocess.run(["kpsewhich", "spanish.ldf"], capture_output=True, check=False)
        if shutil.which("kpsewhich")
        else None
    )
    return found is not None and bool(found.stdout.strip())


def test_what_is_special_is_escaped() -> None:
    assert escaped("50 % of a_b × 2²…") == r"50 \% of a\_b $\times$ 2$^2$\dots{}"
    assert marked_up("write `k_3`") == r"write \texttt{k\_3}"
    assert verbatim("a − b ≤ 3²") == [r"\begin{verbatim}", "a - b <= 3^2", r"\end{verbatim}"]
