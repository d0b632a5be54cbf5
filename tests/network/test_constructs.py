"""What networks need besides layers: kept values, shares of the channels, turns of a repeat, words as parameters."""

from __future__ import annotations

import pytest

from convdsl.diagnostics import Findings
from convdsl.language import parse
from convdsl.language.formatter import formatted
from convdsl.network import analyse
from convdsl.source import Source

INPUT = "input 8x8x4\n"

SHAPES = [
    ("keep a -> conv 8 k3 p1 -> concat { identity | from a }", (8, 8, 12), 296),
    ("keep a -> conv 6 k1 -> keep b -> from a -> conv 6 k1 -> add { identity | from b }", (8, 8, 6), 60),
    ("repeat 3 { conv 4 k3 p1 -> keep s }\nadd { from s } relu", (8, 8, 4), 444),
    ("repeat 3 { conv 4 k3 p1 -> keep s }\nconcat { from s | identity }", (8, 8, 16), 444),
    ("repeat 1 { keep s }\nconcat { from s }", (8, 8, 4), 0),
    ("block b(C) { keep a -> conv C k3 p1 -> concat { from a | identity } }\nb(2)\nb(3)", (8, 8, 9), 239),
    ("freeze { keep a }\nconcat { repeat 2 { conv 3 k1 } | from a }", (8, 8, 7), 27),
    ("split { identity | conv 3 k1 relu } relu", (8, 8, 5), 9),
    ("split { identity | identity | identity | conv 3 k1 }", (8, 8, 6), 6),
    ("split { keep a | add { identity | from a } -> keep b | add { identity | from b } | from b }", (8, 8, 4), 0),
    ("identity -> repeat 0 { conv 77 k9 }", (8, 8, 4), 0),
    ("residual { repeat 0 { conv 77 k9 } }", (8, 8, 4), 0),
    ("block stage(C, N) { conv C k1 -> repeat N-1 { conv C k1 } }\nstage(5, 1)", (8, 8, 5), 25),
    ("repeat 3 as I { conv 4*I k1 }", (8, 8, 12), 20 + 40 + 108),
    ("repeat 2 as I { repeat 2 as J { conv I+J k1 } }", (8, 8, 4), 10 + 9 + 12 + 16),
    ("block unit(C, act) { conv C k1 act }\nunit(2, relu)\nunit(2, identity)", (8, 8, 2), 16),
    (
        "block unit(C, norm, act) { conv C k1 -> norm act }\nunit(2, bn, relu)\nunit(3, ln, prelu)",
        (8, 8, 3),
        10 + 4 + 9 + 9,
    ),
    ("block inner(act) { conv 2 k1 act }\nblock outer(act) { inner(act) -> act }\nouter(hardswish)", (8, 8, 2), 10),
    ("block pooled(pool) { pool 2 }\npooled(maxpool)\npooled(avgpool)", (2, 2, 4), 0),
    ("block padded(mode) { conv 4 k3 p mode }\npadded(same)\npadded(valid)", (6, 6, 4), 296),
    ("block nest(N) { add { identity | maxpool 2 -> nest(N-1) -> upsample 2 } }\nnest(3)", (8, 8, 4), 0),
    ("residual drop=0.2 { conv 4 k1 } relu", (8, 8, 4), 20),
    ("softmax { conv 2 k1 | conv 2 k1 | conv 2 k1 }", (8, 8, 6), 30),
    ("conv 2 k1 -> keep a -> conv 2 k1 -> keep b -> softmax { from a | from b | identity }", (8, 8, 6), 16),
    ("matmul { flatten positions | flatten positions -> transpose -> conv 5 k1 -> slice 5 } relu", (64, 5), 325),
    (
        "flatten positions -> keep a -> matmul { identity | from a -> transpose } -> softmax -> matmul { identity | from a }",
        (64, 4),
        0,
    ),
    ("maxpool 2 -> keep a -> conv 4 k1 -> unpool a", (8, 8, 4), 20),
    ("repeat 2 { maxpool 2 -> keep a } -> repeat 2 { unpool a -> conv 4 k1 relu }", (8, 8, 4), 40),
    ("repeat 2 { maxpool 2 -> keep a -> unpool a }", (8, 8, 4), 0),
    ("maxpool 2 -> keep a -> concat { unpool a | conv 4 k1 -> unpool a }", (8, 8, 8), 20),
    ("block down() { maxpool 2 -> keep a -> conv 4 k1 relu -> unpool a }\ndown() -> down()", (8, 8, 4), 40),
    ("maxpool 3 s3 ceil p1 -> keep a -> unpool a", (8, 8, 4), 0),
    ("absdiff { conv 3 k1 | conv 3 k1 } relu", (8, 8, 3), 30),
    ("repeat 2 { conv 3 k1 -> keep s }\nabsdiff { from s }", (8, 8, 3), 27),
    ("repeat 4 as I { residual drop=0.2*I/4 { conv 4 k1 } }", (8, 8, 4), 80),
    ("add { identity | gap } -> mul { identity | conv 1 k1 sigmoid } -> add { conv 1 k1 | identity }", (8, 8, 4), 10),
    ("flatten positions -> transpose -> conv 64 k1 gelu -> transpose", (64, 4), 64 * 64 + 64),
]


@pytest.mark.parametrize(("program", "output", "params"), SHAPES)
def test_what_it_comes_to(program: str, output: tuple[int, ...], params: int) -> None:
    analysis = analyse(Source(INPUT + program))
    assert all(d.severity == "note" for d in analysis.diagnostics), [str(d.message) for d in analysis.diagnostics]
    assert analysis.report.output == output
    assert analysis.report.total.params == params


WRONG = [
    ("conv 4 k1 -> from a", "E217", "a"),
    ("keep low -> conv 4 k3 -> concat { identity | from lo }", "E217", "lo"),
    ("block b() { keep a -> conv 4 k1 -> add { identity | from a } }\nb()\nconcat { identity | from a }", "E217", "a"),
    ("keep a\nblock b() { from a -> conv 4 k1 }\nb()\nadd { identity | from a }", "E217", "a"),
    ("keep a -> conv 4 k1 -> conv 4 k1 -> from a", "E217", "from"),
    ("keep a -> conv 4 k1 -> keep a -> add { identity | from a }", "E209", "a"),
    ("repeat 2 { conv 4 k1 -> keep a }\nconcat { conv 4 k1 | from a -> conv 4 k1 }", "E217", "from a"),
    ("keep A -> conv 4 k1", "E217", "keep"),
    ("keep", "E217", "keep"),
    ("keep a b", "E217", "keep"),
    ("keep { conv 4 k1 }", "E217", "keep"),
    ("keep a -> from 3", "E217", "from"),
    ("maxpool 2 -> keep a -> conv 3 k1 -> unpool a", "E219", "a"),
    ("maxpool 2 -> keep a -> conv 4 k3 -> unpool a", "E219", "a"),
    ("maxpool 3 s2 -> keep a -> unpool a", "E219", "a"),
    ("maxpool 2 d2 -> keep a -> unpool a", "E219", "a"),
    ("keep a -> maxpool 2 -> unpool a", "E219", "a"),
    ("minpool 2 -> keep a -> unpool a", "E219", "a"),
    ("maxpool 2 -> conv 3 k1 -> keep a -> unpool a", "E219", "a"),
    ("repeat 2 { maxpool 2 -> keep a } -> repeat 3 { unpool a }", "E219", "a"),
    ("maxpool 2 -> unpool a", "E217", "a"),
    ("maxpool 2 -> keep a -> unpool a 2", "E217", "unpool"),
    ("maxpool 2 -> keep a -> unpool a relu", "E217", "unpool"),
    ("maxpool 2 -> keep a -> unpool", "E217", "unpool"),
    ("maxpool 2 -> keep a -> unpool { a }", "E217", "unpool"),
    ("split { identity | identity | identity }", "E303", "split"),
    ("split { conv 4 k1 }", "E212", "split"),
    ("split 2 { identity | identity }", "E205", "2"),
    ("repeat -1 { conv 4 k1 }", "E204", "-1"),
    ("repeat 2 as { conv 4 k1 }", "E203", "as"),
    ("repeat 2 as i { conv 4 k1 }", "E203", "i"),
    ("block unit(C, act) { conv C k1 act }\nunit(2, 3)", "E207", "3"),
    ("block unit(C, act) { conv C k1 act }\nunit(relu, relu)", "E207", "relu"),
    ("block unit(C, relu) { conv C k1 relu }\nunit(2, tanh)", "E209", "relu"),
    ("block unit(act) { conv 4 k1 act }\nunit(rleu)", "E202", "act"),
    ("block nest(N) { maxpool 2 -> nest(N) }\nnest(3)", "E208", "nest(N)"),
    ("block nest(N) { conv 4 k1 -> nest(N-2) }\nnest(3)", "E208", "nest(N-2)"),
    ("block nest(act) { conv 4 k1 act -> nest(act) }\nnest(relu)", "E208", "nest(act)"),
    ("residual drop=2 { conv 4 k1 }", "E204", "2"),
    ("residual drop=no { conv 4 k1 }", "E204", "drop=no"),
    ("residual keep=0.2 { conv 4 k1 }", "E205", "keep=0.2"),
    ("residual { gap }", "E302", "residual"),
    ("slice 3 skip=2", "E305", "3"),
    ("maxout 3", "E303", "3"),
    ("pixelshuffle 3", "E303", "3"),
    ("pixelunshuffle 3", "E303", "3"),
    ("scale init=1 fixed=2", "E206", "init=1"),
    ("flatten -> transpose", "E304", "transpose"),
    ("mean { identity | conv 3 k1 }", "E302", "mean"),
    ("softmax { identity | conv 3 k1 }", "E302", "softmax"),
    ("softmax { identity }", "E212", "softmax"),
    ("softmax { identity | identity } relu", "E205", "relu"),
    ("groupsoftmax 3", "E303", "3"),
    ("matmul { identity | transpose }", "E304", "matmul"),
    ("flatten positions -> matmul { identity | identity }", "E302", "matmul"),
    ("flatten positions -> matmul { identity }", "E212", "matmul"),
    ("flatten positions -> matmul { identity | identity | identity }", "E302", "matmul"),
    ("max { identity | gap }", "E302", "max"),
    ("max 2", "E212", "max"),
    ("absdiff { identity | conv 3 k1 }", "E302", "absdiff"),
    ("absdiff { identity | gap }", "E302", "absdiff"),
    ("absdiff { identity | identity | identity }", "E302", "absdiff"),
    ("absdiff { identity }", "E212", "absdiff"),
    ("keep a -> conv 4 k1 -> absdiff { from a }", "E302", "absdiff"),
    ("absdiff", "E212", "absdiff"),
    ("absdiff 2 { identity | identity }", "E205", "2"),
]


@pytest.mark.parametrize(("program", "code", "place"), WRONG)
def test_what_is_wrong_is_said_once_at_its_place(program: str, code: str, place: str) -> None:
    source = Source(INPUT + program)
    found = [d for d in analyse(source).diagnostics if d.severity == "error"]
    assert [d.code for d in found] == [code], [str(d.message) for d in found]
    assert source.text[found[0].span.start : found[0].span.end] == place


@pytest.mark.parametrize("word", ["absdiff", "matmul"])
def test_what_takes_two_branches_does_not_ask_for_more(word: str) -> None:
    found = [
        str(d.message) for d in analyse(Source(f"{INPUT}{word} {{ identity }}")).diagnostics if d.severity == "error"
    ]
    assert found == [f"`{word}` takes two branches, and here there is one."]


FORMS = [
    "keep a",
    "add { identity | from a } relu",
    "repeat N-1 as I { conv I k1 }",
    "block mb(E, C, act) {\n  conv C k1 act\n}",
    "mb(16, 24, relu)",
    "split { identity | conv 3 k1 } relu",
    "residual drop=0.2*I/3 { conv 4 k1 }",
    "slice 16 skip=32",
    "scale fixed=0.17",
    "mul { identity | concat { gmp channels | gap channels } -> conv 1 k7 p3 sigmoid }",
]


@pytest.mark.parametrize("text", FORMS)
def test_it_is_written_in_one_way(text: str) -> None:
    loose = text.replace(" as I", "  as   I").replace(", ", " ,").replace("{ ", "{")
    for written in (text, loose):
        findings = Findings(Source(written))
        assert formatted(parse(findings.source, findings)) == text + "\n"
        assert not findings.items
