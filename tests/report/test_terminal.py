"""What the terminal shows: excerpts with the place underlined, folded tables, totals."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from convdsl.algebra.numbers import grouped, memory, share, short
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.report.diagnostics import clean, github, print_diagnostics
from convdsl.report.table import print_table
from convdsl.report.terminal import print_analysis
from convdsl.source import Source


def shown(text: str, width: int = 100, name: str = "net.cnn") -> str:
    out = io.StringIO()
    print_diagnostics(Console(file=out, width=width), analyse(Source(text, name)).diagnostics)
    return out.getvalue()


def table(text: str, width: int = 120, expand: bool = False) -> list[str]:
    out = io.StringIO()
    print_table(Console(file=out, width=width), analyse(Source(text, "net.cnn")), expand)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_diagnostic_shows_its_place_formula_and_way_out() -> None:
    lines = shown("input 5x5x1\nconv 8 k7").splitlines()
    assert lines[:5] == [
        "error[E301]: The window is 7 wide, but the input only 5.",
        "  --> net.cnn:2:8",
        " 2 | conv 8 k7",
        "   |        ^^",
        "   = (5 + 2·0 − 7)/1 + 1 = −1",
    ]
    assert lines[5].startswith("   = help: `p1` or `p same`")


def test_branches_are_shown_with_their_sizes() -> None:
    lines = shown("input 8x8x4\nadd {\n  conv 4 k3\n|\n  identity\n}").splitlines()
    assert " 3 |   conv 4 k3" in lines and "   |   ^^^^^^^^^ this branch gives 6×6×4" in lines
    assert "   |   ^^^^^^^^ this branch gives 8×8×4" in lines


def test_wide_letters_and_tabs_do_not_shift_the_underline() -> None:
    lines = shown("input 8x8x3\n\tcnov 4 k3 # 网络").splitlines()
    assert lines[2:4] == [" 2 |     cnov 4 k3 # 网络", "   |     ^^^^"]


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    text = "input 8x8x3 -> " + "relu -> " * 400 + "cnov 3"
    excerpt = next(line for line in shown(text, width=80).splitlines() if line.startswith(" 1 |"))
    assert "cnov 3" in excerpt and len(excerpt) <= 80


def test_a_terminal_gets_sentences_broken_between_words() -> None:
    text = "input 8x8x1 -> conv 8 k3 -> conv 8 k3 p same relu"
    out = io.StringIO()
    print_diagnostics(
        Console(file=out, width=50, force_terminal=True, color_system=None), analyse(Source(text)).diagnostics
    )
    notes = [line for line in out.getvalue().splitlines() if line.startswith(("   = ", "     "))]
    assert any(line.startswith("     ") and line[5] != " " for line in notes) and all(len(line) <= 60 for line in notes)
    assert "   = Away from the borders they can do no more than one convolution" in shown(text, width=50)


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in shown("input 8x8x3\n\x1b[31mconv 3", name="a\x1b[0m.cnn")
    assert clean("a\x1bb\x07") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"


def test_warnings_of_one_kind_are_folded_and_errors_are_not() -> None:
    text = "input 62x62x3 -> " + " -> ".join(["conv 3 k3 s2 relu"] * 3)
    assert shown(text).count("warning[W501]") == 1
    assert "the same at 1:49, 1:70" in shown(text)
    assert shown("cnov 3\ncnov 4\ncnov 5").count("error[E201]") == 3


def test_a_flood_of_errors_is_cut() -> None:
    text = shown("\n".join(f"cnov {i}" for i in range(100)))
    assert text.count("error[E201]") == 20 and "… and 80 more." in text


def test_github_escapes_what_would_end_a_command() -> None:
    (diagnostic,) = analyse(Source("cnov 3", "a,b:c%.cnn")).diagnostics
    assert github(diagnostic).startswith(
        "::error file=a%2Cb%3Ac%25.cnn,line=1,endLine=1,col=1,endColumn=5,title=E201::"
    )


def test_long_networks_are_folded_unless_asked() -> None:
    text = "input 8x8x4\nblock b(C) { residual { conv C k3 p1 -> bn relu -> conv C k3 p1 -> bn } }\nrepeat 20 { b(4) }\ngap"
    folded = table(text)
    assert any("▸ repeat × 20 (100 layers)" in line and "1–100" in line for line in folded)
    assert len(table(text, expand=True)) > 150
    total = 20 * (2 * (4 * 4 * 9 + 4) + 2 * 8)
    assert any(
        line == f"parameters {total:,}  (with 320 running statistics {total + 320:,}, as Keras counts)"
        for line in folded
    )


def test_a_frozen_layer_is_marked_and_not_trainable() -> None:
    lines = table("input 8x8x1 -> freeze { conv 2 k3 } -> dense 10")
    assert any("conv 2 k3 (frozen)" in line for line in lines)
    assert any("(730 trainable)" in line for line in lines)


def test_symbols_leave_formulas() -> None:
    lines = table("input NxNxC -> conv F k3 p1 -> conv 8 k5 s2")
    assert any("9·C·F + F" in line for line in lines)
    assert any("⌊(N − 5)/2⌋ + 1" in line for line in lines)


def test_numbers_in_both_languages() -> None:
    assert (grouped(61706), short(15_470_264_320), short(999_999), short(4_089_184_256)) == (
        "61,706",
        "15.47 G",
        "999,999",
        "4.089 G",
    )
    assert (share(1, 3), share(1, 1000), share(0, 5), memory(246824), memory(100)) == (
        "33 %",
        "<1 %",
        "",
        "241 KiB",
        "100 B",
    )
    use_language("es")
    assert grouped(61706) == "61\u202f706"


@pytest.mark.parametrize("width", (60, 70, 80, 100, 120))
def test_a_narrow_terminal_loses_no_number(width: int) -> None:
    """The shares are left out and names folded: nothing is cut off at the edge."""
    lines = table("input 28x28x192\nconv 128 k3 p1 relu\nmaxpool 3 s1 p1\nconv 128 k5 p2 leaky_relu 0.1", width)
    assert all(len(line) <= width for line in lines)
    first = next(line.split() for line in lines if line.lstrip().startswith("1 "))
    assert {"28×28×128", "221,312", "173.4", "3×3"} <= set(first)
    assert ("%" in lines[2]) == (width >= 100)


def test_a_very_narrow_terminal_leaves_columns_out_and_says_so() -> None:
    text = "input 28x28x192\nconv 128 k3 p1 relu\nmaxpool 3 s1 p1\nconv 128 k5 p2 leaky_relu 0.1"
    for width, said in ((50, "receptive field."), (40, "MACs, receptive field.")):
        lines = table(text, width)
        assert all(len(line) <= width for line in lines)
        assert f"A wider terminal shows more: {said}" in " ".join(lines)
        assert any(line.endswith(" 221,312") or " 221,312 " in line for line in lines)


def test_formulas_are_folded_behind_their_signs() -> None:
    lines = table("input HxWx3 -> conv 16 k3 p1 -> maxpool 2 -> conv 32 k3 p1 -> maxpool 2", 70)
    assert all(len(line) <= 70 for line in lines[:-4])
    assert any(line.rstrip().endswith("4608·") or " 4608·" in line for line in lines)


def test_equal_layers_in_a_row_are_folded() -> None:
    lines = table("input 8x8x4\n" + "conv 4 k3 p1 relu\n" * 60 + "relu")
    assert any("1–60  ▸ conv 4 k3 p1 relu × 60" in line and "8,880" in line for line in lines)
    assert len(table("input 8x8x4\n" + "conv 4 k3 p1 relu\n" * 60, expand=True)) > 60


def test_thousands_of_rows_take_seconds() -> None:
    text = "input 8x8x4\n" + "".join(f"conv {4 + n % 2} k3 p1 relu\n" for n in range(5_000))
    start = time.process_time()
    assert len(table(text)) > 5_000
    assert time.process_time() - start < 10


def test_what_could_not_be_read_is_no_row() -> None:
    lines = table("input 8x8x3\nconv 8 k3\n;\nconv 8 k@3\nrelu")
    assert [line.split()[0] for line in lines[5:7]] == ["1", "4"] and lines[7] == ""


@pytest.mark.parametrize("text", ["input 0x8x3\nconv 8 k3", "input NxNx3\nlet N = 0\nconv 8 k3"])
def test_without_an_input_there_is_no_table(text: str) -> None:
    out = io.StringIO()
    print_analysis(Console(file=out, width=100), analyse(Source(text, "net.cnn")))
    assert out.getvalue().startswith("error[E204]: A size is a whole number from 1 on; here it is 0.")


def test_the_parts_of_a_long_shape_stand_below_each_other() -> None:
    lines = [line.strip() for line in table("input NxNx3 -> conv 6 k5 s2")][1:]
    place = next(i for i, line in enumerate(lines) if "(⌊(N − 5)/2⌋ + 1)×" in line)
    assert lines[place + 1].startswith("(⌊(N − 5)/2⌋ + 1)×6")
    assert table("input 28x28x1 -> conv F kK")[0].endswith("(29 − K)×(29 − K)×F")
