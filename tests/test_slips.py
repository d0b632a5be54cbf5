"""The slips of the lectures that a command shows, as docs/course-coverage.md says it: what is typed, and what answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convdsl.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "docs" / "course-coverage.md", ROOT / "docs" / "es" / "cobertura-del-curso.md"]
CORNER = "3 0 1; 1 5 8; 2 7 2"
EDGE = "1 0 -1; 1 0 -1; 1 0 -1"

CAUGHT = [
    (2, ["explain", "-e", "input 28x28x1 -> dense 10", "dense"], "(784 + 1)·10 = 785·10 = 7,850"),
    (4, ["solve", "-e", "input NxNx1 -> conv 1 kF p? -> expect NxNx1"], "p = (F − 1)/2, F odd"),
    (4, ["solve", "-e", "input 9x9x1 -> conv 1 k3 s2 p? -> expect 9x9x1"], "p = 5"),
    (6, ["convolve", CORNER, "-k", EDGE], "=  [ −5 ]"),
    (6, ["convolve", CORNER, "-k", EDGE, "--true"], "=  [ 5 ]"),
    (11, ["convolve", CORNER, "-k", EDGE, "--true"], "rotates the kernel by 180°"),
    (7, ["check", "-e", "input 14400 -> dense 32 relu -> dense 10 softmax -> dense 10 softmax"], "W504"),
    (8, ["check", "-e", "input 32x32x3 -> conv 8 k3 -> input 32x32x3 -> conv 8 k3"], "E209"),
    (9, ["explain", "examples/cifar10_pool.cnn", "examples/cifar10_flat.cnn"], "0.2509"),
    (10, ["convolve", "-1 -2; -3 -4", "--pool", "max", "2"], "=  [ −1 ]"),
    (14, ["explain", "-e", "input 28x28x1 -> conv 1 k5", "conv"], "(25 + 1)·1 = 26·1 = 26"),
    (14, ["explain", "-e", "input 28x28x1 -> local 1 k5", "local"], "= 14,976"),
    (12, ["check", "-e", "input 28x28x1 -> conv 32 kernel size=3"], "error[E202]"),
    (15, ["check", "-e", "input 7x7x1 -> conv 1 k3 stride=2"], "Write `conv 1 k3 s2`"),
    (17, ["check", "-e", "input 28x28x1 -> maxpool 2 filters=32"], "`maxpool` has no option `filters`"),
    (17, ["explain", "-e", "input 28x28x1 -> conv 32 k5 -> maxpool 2"], "params = conv_1\n"),
    (19, ["explain", "-e", "input 16x16x3 -> conv 10 k3 p1", "conv"], "(27 + 1)·10 = 28·10 = 280"),
    (20, ["check", "-e", "input 7x7x1 -> conv 1 k3 s3"], "2.33 is rounded down to 2"),
    (20, ["solve", "-e", "input 7x7x1 -> conv 1 k3 s3 p? -> expect 3x3x1", "--strict"], "p = 1   (the only solution)"),
    (24, ["check", "-e", "input 7x7x1 -> pad 1"], "9×9×1"),
    (27, ["check", "-e", "input 28x28x192 -> conv 32 k5 p2"], "FLOPs 240.9 M"),
    (29, ["convolve", "1 2 3; 4 100 6; 7 8 9", "-k", "0 0 0; 0 1 0; 0 0 0"], "This kernel is `identity`."),
    (29, ["convolve", "1 2 3; 4 100 6; 7 8 9", "-k", "median"], "=  [ 6 ]"),
    (30, ["convolve", CORNER, "-k", EDGE], "This kernel is `prewitt_x`."),
    (31, ["convolve", CORNER, "-k", "1/3 [1 1 1; 1 1 1; 1 1 1]"], "The weights add up to 3"),
    (
        32,
        [
            "convolve",
            "1 2 6 1 6 1; 1 1 1 1 1 1; 3 1 1 1 1 1; 1 1 1 3 1 1; 1 1 1 1 1 1; 1 1 1 1 1 1",
            "--pool",
            "max",
            "2",
        ],
        "6×6 → 3×3",
    ),
    (33, ["explain", "-e", "input 7x7x1 -> conv 1 k3", "conv"], "One output sees a window of the layer before"),
    (35, ["explain", "-e", "input 8x8x1 -> conv 4 k3 -> maxpool 2 -> dense 10"], "params = conv_1 + dense_3"),
    (35, ["check", "-e", "input 8x8x1 -> maxpool 2"], "parameters 0"),
]


@pytest.mark.parametrize(("slip", "command", "said"), CAUGHT, ids=[f"{n}-{c[0]}" for n, c, _ in CAUGHT])
def test_a_command_catches_the_slip(
    slip: int,
    command: list[str],
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(ROOT)
    if command[0] == "check":
        (tmp_path / "net.cnn").write_text(command[2])
        command = ["check", str(tmp_path / "net.cnn")]
    main(command)
    captured = capsys.readouterr()
    assert said in captured.out + captured.err


def slips(page: Path) -> dict[int, list[str]]:
    """Where each slip is caught, by its number."""
    found: dict[int, list[str]] = {}
    for line in page.read_text("utf-8").splitlines():
        match = re.match(r"\| .*\(([0-9, ]+)\) \| (.*) \|$", line)
        for number in match[1].split(",") if match else ():
            assert match is not None and int(number) not in found
            found[int(number)] = re.findall(r"`([^`]+)`", match[2])
    return found


@pytest.mark.parametrize("page", PAGES, ids=["en", "es"])
def test_every_slip_is_in_the_table(page: Path) -> None:
    table = slips(page)
    assert sorted(table) == list(range(1, 37))
    assert all(table.values())


def test_the_table_names_the_commands_that_catch_it() -> None:
    named = {(n, place) for n, places in slips(PAGES[0]).items() for place in places if place.startswith("convdsl ")}
    assert named == {(n, f"convdsl {c[0]}") for n, c, _ in CAUGHT}
