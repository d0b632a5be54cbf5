"""The canonical form, line by line, and what happens to comments and empty lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from convdsl.diagnostics import Findings
from convdsl.language import Source, parse
from convdsl.language.formatter import WIDTH, formatted

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.cnn"))


def fmt(text: str) -> str:
    findings = Findings(Source(text))
    program = parse(findings.source, findings)
    findings.raise_errors()
    return formatted(program)


LINES = [
    ("conv 8 k 3", "conv 8 k3"),
    ("conv 8 k=3 s = 2", "conv 8 k3 s2"),
    ("conv 8 k(3) s ( 2 )", "conv 8 k3 s2"),
    ("conv 8 s(S) k (F)", "conv 8 sS kF"),
    ("conv 8 k(2 * F - 1)", "conv 8 k(2*F-1)"),
    ("conv 8 k=2*F-1", "conv 8 k(2*F-1)"),
    ("conv (8) k3", "conv 8 k3"),
    ("conv (4 * C) k1", "conv 4*C k1"),
    ("conv 8 k 1 x 7 s=2×1 p(0)x(3)", "conv 8 k1x7 s2x1 p0x3"),
    ("conv 8 k ? s=?N p ( ?P )x1", "conv 8 k? s?N p?Px1"),
    ("conv 8 k3 p=same", "conv 8 k3 p same"),
    ("conv 8 k3 p valid relu", "conv 8 k3 p valid relu"),
    ("tconv 8 k3 op 1", "tconv 8 k3 op1"),
    ("conv 8 k=1_0 s=1K", "conv 8 k=1_0 s=1K"),
    ("conv 8 k1 7", "conv 8 k1 7"),
    ("lrn n=5 alpha = 1e-4 beta=0.75 k=2", "lrn n5 alpha=1e-4 beta=0.75 k2"),
    ("scale init=0.5", "scale init=0.5"),
    ("conv 8 s1x2(1/3)", "conv 8 s1x2(1/3)"),
    ("conv 8 s1x2( 3 )x(N-1) p1", "conv 8 s1x2(3)x(N-1) p1"),
    ("repeat input69x9x7", "repeat input69x9x7"),
    ("lrn k=1000000000000000", "lrn k=1000000000000000"),
    ("conv 8 k3 leaky_relu 0.10", "conv 8 k3 leaky_relu 0.10"),
    ("filter [1,0,-1;2 0 -2\n 1 0 -1]", "filter [1 0 -1; 2 0 -2; 1 0 -1]"),
    ("input N x N x 3", "input NxNx3"),
    ("input 28X28X1", "input 28x28x1"),
    ("input (N-1)x(N)x 3", "input (N-1)xNx3"),
    ("input 1K x 1K x 3", "input 1000x1000x3"),
    ("let C=4*( D+1 )-(2-E)", "let C = 4*(D+1)-(2-E)"),
    ("let C = -(A+B)*-C", "let C = -(A+B)*(-C)"),
    ("let C = A-(B*C)-(D//E)%2", "let C = A-B*C-D//E%2"),
    ("expect params==1.5M", "expect params 1.5M"),
    ("expect params = 5", "expect params 5"),
    ("expect rf ≤ 5x5", "expect rf <= 5x5"),
    ("expect layer   macs>1G", "expect layer macs > 1G"),
    ("bottleneck( 64 ,1 )", "bottleneck(64, 1)"),
    ("block stem { conv 8 k3 }", "block stem() { conv 8 k3 }"),
    ("block f( A,B ){ conv A kB }", "block f(A, B) { conv A kB }"),
    ("residual{conv 8 k3 p1}relu", "residual { conv 8 k3 p1 } relu"),
    ("add{conv 8 k1→bn|identity}", "add { conv 8 k1 -> bn | identity }"),
    ("repeat  3{ relu }", "repeat 3 { relu }"),
    ("train{epochs 5}", "train { epochs 5 }"),
    ("train { augment flip ,shift 2,rotate 10 }", "train { augment flip, shift 2, rotate 10 }"),
    ("train { optimizer adam lr = 0.001 }", "train { optimizer adam lr=0.001 }"),
    ('train { data "my  data" }', 'train { data "my  data" }'),
    ("net   Two_3x3", "net Two_3x3"),
]


@pytest.mark.parametrize(("written", "canonical"), LINES)
def test_one_form(written: str, canonical: str) -> None:
    assert fmt(written) == canonical + "\n"
    assert fmt(canonical) == canonical + "\n"


LAYOUTS = {
    "arrows that end or begin a line": ("conv 8 k3 ->\nrelu\n-> bn\n", "conv 8 k3\nrelu\nbn\n"),
    "joined layers stay joined": ("input 8x8x3 → conv 8 k3->relu", "input 8x8x3 -> conv 8 k3 -> relu\n"),
    "one empty line stays": ("\n\nrelu\n\n\n\nbn\n \t\ntanh\n\n", "relu\n\nbn\n\ntanh\n"),
    "none at the edge of braces": ("repeat 2 {\n\nrelu\n\nbn\n\n}\n", "repeat 2 {\n  relu\n\n  bn\n}\n"),
    "branches": ("add { conv 8 k1\n bn | identity\n} relu", "add {\n  conv 8 k1\n  bn\n|\n  identity\n} relu\n"),
    "nested": (
        "block f(C) { add { conv C k1\n|\nresidual { relu }}}",
        "block f(C) {\n  add {\n    conv C k1\n  |\n    residual { relu }\n  }\n}\n",
    ),
    "behind braces on several lines a new line begins": (
        "relu -> repeat 2 {\nbn\n} -> tanh",
        "relu\nrepeat 2 {\n  bn\n}\ntanh\n",
    ),
    "settings": ("train { epochs 5\nbatch 3 }", "train {\n  epochs 5\n  batch 3\n}\n"),
    "empty": ("", ""),
    "nothing but comments": ("  # a\n\n\n#b", "# a\n\n#b\n"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_layout(case: str) -> None:
    written, canonical = LAYOUTS[case]
    assert fmt(written) == canonical
    assert fmt(canonical) == canonical


COMMENTS = {
    "behind a line": ("relu# a\nbn      # b", "relu  # a\nbn    # b\n"),
    "in a column only with its neighbours": ("relu # a\nconv 8 k3\nbn # b", "relu  # a\nconv 8 k3\nbn  # b\n"),
    "between arrows": ("relu -> # a\n# b\nbn\n# c\n-> tanh", "relu  # a\n# b\nbn\n# c\ntanh\n"),
    "around braces": (
        "add{#a\n#b\nrelu#c\n#d\n|#e\n#f\nbn\n#g\n}relu#h\n#i",
        "add {  #a\n  #b\n  relu  #c\n  #d\n|  #e\n  #f\n  bn\n  #g\n} relu  #h\n#i\n",
    ),
    "in empty braces": ("add { # a\n | # b\n }", "add {  # a\n|  # b\n}\n"),
    "in parentheses": ("relu\nf(1, # a\n 2 # b\n) # c\n", "relu\n# a\n# b\nf(1, 2)  # c\n"),
    "in a block's parentheses": ("block f(A, # { | }\n B) { conv A kB }", "# { | }\nblock f(A, B) { conv A kB }\n"),
    "behind the braces, in parentheses": (
        "add {\nrelu | bn\n} scale(1 # a\n)",
        "add {\n  relu\n|\n  bn\n  # a\n} scale=1\n",
    ),
    "first of all": ("# a\n\n# b\nrelu", "# a\n\n# b\nrelu\n"),
}


@pytest.mark.parametrize("case", COMMENTS)
def test_comments_stay(case: str) -> None:
    written, canonical = COMMENTS[case]
    assert fmt(written) == canonical
    assert fmt(canonical) == canonical


def test_a_line_that_does_not_fit_is_broken_from_the_outside() -> None:
    layer = "conv 64 k3 p1 nobias"
    five = " -> ".join([layer] * 5)
    assert fmt(five) == f"{layer}\n" * 5
    four = " -> ".join([layer] * 4)
    assert fmt(f"residual {{ {four} }} relu") == f"residual {{\n  {four}\n}} relu\n"
    assert fmt(f"add {{ {four} | identity }}") == f"add {{\n  {four}\n|\n  identity\n}}\n"


def test_comments_do_not_count_for_the_width() -> None:
    line = " -> ".join(["conv 64 k3 p1"] * 5)
    assert len(line) < WIDTH < len(line) + 50
    written = f"{line}  # {'long ' * 10}".rstrip() + "\n"
    assert fmt(written) == written


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_written_in_it(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert fmt(text) == text
