"""What a student who slips is told: the code, the place, what is wrong, and the text to write, in both languages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from convdsl.diagnostics import Diagnostic
from convdsl.layers import LAYERS, Layer
from convdsl.layers.arguments import Choice, Flag, Real
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.source import Source

HERE = "input 28x28x1 -> "


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language(None)


def diagnostics(program: str) -> tuple[Diagnostic, ...]:
    return analyse(Source(program, "student.cnn")).diagnostics


def only(program: str) -> Diagnostic:
    found = diagnostics(program)
    assert len(found) == 1, [f"{d.code}: {d.message}" for d in found]
    return found[0]


def marked(program: str, diagnostic: Diagnostic) -> str:
    return program[diagnostic.span.start : diagnostic.span.end]


# A line, what is underlined, the code, and the line that the help offers.
HABITS = [
    # Keras and PyTorch
    ("Conv2D(64, kernel_size=3)", "Conv2D(64, kernel_size=3)", "E109", "conv 64 k3"),
    ("Conv2D(64, 3)", "Conv2D(64, 3)", "E109", "conv 64 k3"),
    ("Conv2D(64, (3, 5), activation='relu', padding='same')", None, "E109", "conv 64 k3x5 p same relu"),
    ("Conv2D(8, 3, strides=(2, 2), use_bias=False)", None, "E109", "conv 8 k3 s2 nobias"),
    ("nn.Conv2d(1, 64, 3, padding=1)", "nn.Conv2d(1, 64, 3, padding=1)", "E109", "conv 64 k3 p1"),
    ("x = layers.Dense(10, activation='softmax')(x)", None, "E109", "dense 10 softmax"),
    ("model.add(Conv2D(64, (3, 3)))", None, "E109", "conv 64 k3"),
    ("MaxPooling2D(pool_size=(2, 2))", None, "E109", "maxpool 2"),
    ("nn.MaxPool2d(3, stride=2, ceil_mode=True)", None, "E109", "maxpool 3 s2 ceil"),
    ("Flatten()", "Flatten()", "E109", "flatten"),
    ("Dense(10)", "Dense(10)", "E109", "dense 10"),
    ("nn.Linear(784, 10)", None, "E109", "dense 10"),
    ("nn.Dropout(p=0.5)", None, "E109", "dropout 0.5"),
    ("conv(64, 3)", "conv(64, 3)", "E109", "conv 64 k3"),
    ("conv(64, k3, relu)", "conv(64, k3, relu)", "E109", "conv 64 k3 relu"),
    ("flatten()", "flatten()", "E109", "flatten"),
    ("conv2d 64 3x3", "conv2d", "E201", "conv 64 k3x3"),
    ("Conv 64 K3", "Conv", "E201", "conv 64 k3"),
    ("Dense 10", "Dense", "E201", "dense 10"),
    ("batch_norm", "batch_norm", "E201", "bn"),
    ("leakyrelu 0.1", "leakyrelu", "E201", "leaky_relu 0.1"),
    ("maxpooling 2", "maxpooling", "E201", "maxpool 2"),
    ("pool 2", "pool", "E201", "maxpool 2"),
    ("conv(filters=8, kernel=3, stride=1, padding=1)", None, "E109", "conv 8 k3 p1"),
    ("Sequential([Conv2D(8, 3), Flatten(), Dense(10)])", None, "E109", "conv 8 k3 -> flatten -> dense 10"),
    ("nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU())", None, "E109", "conv 8 k3 -> relu"),
    ("max pool 2", "max", "E201", "maxpool 2"),
    ("fully connected 10", "fully", "E201", "dense 10"),
    ("leaky relu 0.1", "leaky", "E201", "leaky_relu 0.1"),
    ("batch norm", "batch", "E201", "bn"),
    # Spanish
    ("convolucion 8 k3", "convolucion", "E201", "conv 8 k3"),
    ("convolución 8 ventana=3 paso=2", "convolución", "E201", "conv 8 k3 s2"),
    ("conv 8 k3 relleno 1", "relleno", "E202", "conv 8 k3 p1"),
    ("agrupamiento 2", "agrupamiento", "E201", "maxpool 2"),
    ("capa densa 10", "capa", "E201", "dense 10"),
    ("conv 8 filtros k3", "filtros", "E202", "conv 8 k3"),
    ("densa 10", "densa", "E201", "dense 10"),
    ("aplanar", "aplanar", "E201", "flatten"),
    # options
    ("conv 64 3", "3", "E205", "conv 64 k3"),
    ("conv 64 3x3", "3x3", "E205", "conv 64 k3x3"),
    ("conv 64 3 2 1", "3", "E205", "conv 64 k3 s2 p1"),
    ("conv 64 k3 padding=same", "padding", "E202", "conv 64 k3 p same"),
    ("conv 64 k3 padding same", "padding", "E202", "conv 64 k3 p same"),
    ("conv 64 k3 same", "same", "E202", "conv 64 k3 p same"),
    ("conv 64 kernel_size=3 strides=2", "kernel_size", "E202", "conv 64 k3 s2"),
    ("conv 64 k3 activation=relu", "activation", "E202", "conv 64 k3 relu"),
    ("conv 64 k3 activation relu", "activation", "E202", "conv 64 k3 relu"),
    ("conv 64 k3relu", "k3relu", "E202", "conv 64 k3 relu"),
    ("conv 64 k3 ReLU", "ReLU", "E202", "conv 64 k3 relu"),
    ("conv 64 k3 RELU", "RELU", "E205", "conv 64 k3 relu"),
    ("conv 64 K3", "K3", "E205", "conv 64 k3"),
    ("conv 64 k3 no bias", "no", "E202", "conv 64 k3 nobias"),
    ("conv 64 k3 bias=false", "bias", "E202", "conv 64 k3 nobias"),
    ("conv 64 k3 leaky_relu=0.1", "leaky_relu", "E202", "conv 64 k3 leaky_relu 0.1"),
    ("conv n k3", "n", "E202", "conv N k3"),
    ("maxpool 2 2", "2", "E205", "maxpool 2 s2"),
    ("conv 8 k3s2p1", "k3s2p1", "E202", "conv 8 k3 s2 p1"),
    ("conv 8 k3x", "k3x", "E202", "conv 8 k3"),
    ("conv 8 k3 psame", "psame", "E202", "conv 8 k3 p same"),
    ("conv 8 k3 p=SAME", "p=SAME", "E204", "conv 8 k3 p same"),
    ("conv 8 k3 p Same", "p Same", "E204", "conv 8 k3 p same"),
    ("conv 8 filters 3x3", "filters 3x3", "E204", "conv 8 k3x3"),
    ("dense 784 10", "10", "E205", "dense 10"),
    ("dropout p=0.5", "p", "E202", "dropout 0.5"),
    ("upsample 2 mode=bilinear", "mode", "E202", "upsample 2 bilinear"),
    ("reshape 28 28 1", "28", "E205", "reshape 28x28x1"),
    ("bn 64", "64", "E205", "bn"),
    ("conv3 8", "conv3", "E201", "conv 8 k3"),
    ("conv64 k3", "conv64", "E201", "conv 64 k3"),
    ("conv64k3", "conv64k3", "E201", "conv 64 k3"),
    ("conv 8 k3 maxpool 2", "maxpool", "E202", "conv 8 k3 -> maxpool"),
    ("conv 64", "conv", "E203", "conv 64 k3"),
    ("conv k3", "conv", "E203", "conv 8 k3"),
    ("conv", "conv", "E203", "conv 8 k3"),
    ("maxpool", "maxpool", "E203", "maxpool 2"),
    ("dropout", "dropout", "E203", "dropout 0.5"),
    ("softmax 10", "10", "E205", "dense 10 softmax"),
    # punctuation
    ("conv 64 k=3, s=1", ",", "E101", "conv 64 k=3 s=1"),
    ("conv 64, k3, s1", ",", "E101", "conv 64 k3 s1"),
    ("conv 64 k(3,3)", "(3,3)", "E101", "k3x3"),
    ("conv 64 k2*F-1", "k2*F-1", "E101", "k(2*F-1)"),
    ("conv 64 k=", "k=", "E101", "k3"),
    ("dropout 0,5", "0,5", "E101", None),
    ("dropout .5", ".5", "E101", "0.5"),
    ("dropout 50%", "50%", "E101", "0.5"),
    ("conv 64 k3.5", "k3.5", "E101", "k3"),
    ("filter [[1,0,-1],[1,0,-1]]", "[[1,0,-1],[1,0,-1]]", "E101", "[1 0 -1; 1 0 -1]"),
    ("8 conv k3", "8", "E101", "conv 8 k3"),
    ("3x3 conv 8", "3", "E101", "conv 8 k3x3"),
    ("3x3 conv, 8", "3", "E101", "conv 8 k3x3"),
    ("8 filtros de 3x3", "8 filtros de 3x3", "E101", "conv 8 k3x3"),
    ("conv 3x3 8 relu", "3x3", "E204", "conv 8 k3x3 relu"),
    ("conv3x3 8", "conv3x3 8", "E101", "conv 8 k3x3"),
    ("conv 8@3x3", "conv 8@3x3", "E101", "conv 8 k3x3"),
    ("dense 128 relu -> 10", "10", "E101", "dense 10"),
    ("dense 10, softmax", ",", "E101", "dense 10 softmax"),
    ("dense 10 + softmax", "+", "E101", "->"),
    ("conv 8 k3 p 'same'", "'", "E101", "conv 8 k3 p same"),
    ('conv 8 k3 p "same"', '"same"', "E101", "conv 8 k3 p same"),
    ("CONV 64 k3", "CONV", "E101", "conv 64 k3"),
    ("3 { conv 1 k3 p1 }", "3", "E101", "repeat 3 { … }"),
    ("repeat(3) { conv 1 k3 p1 }", "repeat(3)", "E101", "repeat 3 { … }"),
    ("residual (conv 1 k3 p1)", "(", "E101", "residual { … }"),
    ("residual conv 1 k3 p1", "residual", "E212", "residual { conv 8 k3 p1 }"),
    ("add { conv 1 k3 p1 , identity }", ",", "E101", "|"),
    ("dense 10 ->", "->", "E101", None),
]


@pytest.mark.parametrize(("line", "place", "code", "offered"), HABITS)
def test_a_habit_is_answered_with_the_text_to_write(
    line: str, place: str | None, code: str, offered: str | None
) -> None:
    program = HERE + line
    found = only(program)
    assert found.code == code
    assert place is None or marked(program, found) == place
    assert found.help is not None
    assert offered is None or f"`{offered}`" in str(found.help)


@pytest.mark.parametrize(("line", "place", "code", "offered"), HABITS)
def test_it_is_said_in_spanish_too(line: str, place: str | None, code: str, offered: str | None) -> None:
    found = only(HERE + line)
    english = (str(found.message), str(found.help))
    use_language("es")
    assert (str(found.message), str(found.help)) != english
    prose = re.sub(r"`[^`]*`", "", f"{found.message} {found.help}")
    assert not re.search(r"\b(the|is|are|not|write|there|here)\b", prose)


LINES = [o for _, _, c, o in HABITS if o and c in ("E109", "E201", "E202", "E203", "E205") and "->" not in o]


@pytest.mark.parametrize("line", LINES)
def test_what_is_offered_is_right(line: str) -> None:
    assert not analyse(Source(f"input 28x28x1 -> {line}", "t")).failed


INPUTS = [
    ("input(28,28,1)", "(28,28,1)", "input 28x28x1"),
    ("input (28, 28, 1)", "(28, 28, 1)", "input 28x28x1"),
    ("input 28 28 1", "28 28 1", "input 28x28x1"),
    ("input 28, 28, 1", "28, 28, 1", "input 28x28x1"),
    ("input [28 28 1]", "[28 28 1]", "input 28x28x1"),
    ("input: 28x28x1", ": 28x28x1", "input 28x28x1"),
    ("input = 28x28x1", "= 28x28x1", "input 28x28x1"),
    ("INPUT 28x28x1", "INPUT", "input 28x28x1"),
    ("input nxnx3", "nxnx3", "NxNx3"),
    ("input 28x28x", "x", "input 28x28x3"),
    ("input 28px28x3", "px28", "input 28x28x3"),
    ("input 28x28x3 RGB", "RGB", "input 28x28x3"),
    ("input", "input", "input 28x28x3"),
    ("// a net", "//", None),
    ("# a net\n/* a net */", "/", None),
    ("C = 3", "C", "let C = 3"),
    ("let C 3", "let C 3", "let C = 3"),
    ("let c = 3", "c", "C"),
    ("block b(c) { conv 8 k3 }", "c", "C"),
    ("net my net", "my net", "net my_net"),
    ('net "my net"', '"my net"', "net my_net"),
    ("net", "net", "net lenet5"),
    ("train", "train", "train { epochs 5 }"),
    ("1. conv 8 k3", "1", None),
    ("- conv 8 k3", "-", None),
    ("x = conv 8 k3", "x =", "conv 8 k3"),
    ("expect params => 10", "=>", ">="),
    ("expect 26 26 8", "26 26 8", "expect 26x26x8"),
    ("expect (26, 26, 8)", "(26, 26, 8)", "expect 26x26x8"),
    ("expect params: 80", ":", "expect params 80"),
    ("expect 80 params", "params", "expect params 80"),
    ("expect params", "expect params", "expect params 80"),
    ("expect 26x26x8 and params 80", "and", None),
    ("expect params != 80", "!", None),
    ("block b C { conv C k3 }", "C", "block b(C) { … }"),
    ("block b(C) conv C k3", "block", "block b(C) { … }"),
    ("block (C) { conv C k3 }", "block", "block unit(C) { conv C k3 }"),
    ("block b(C=3) { conv C k3 }", "=", None),
    ("train {\n  lr: 0.01\n}", "lr: 0.01", "lr 0.01"),
    ("train {\n  epochs = 5,\n}", "epochs = 5,", "epochs 5"),
    ('input "28x28x3"', '"28x28x3"', "input 28x28x3"),
    ('"conv" 8 k3', '"conv"', "conv 8 k3"),
    ("conv 8 k3 % a comment", "%", None),
    ("conv 8 k3 -- a comment", "--", None),
    ("expect params = 7,850", "7,850", "7850"),
]


@pytest.mark.parametrize(("line", "place", "offered"), INPUTS)
def test_whole_lines(line: str, place: str, offered: str | None) -> None:
    program = f"{line}\nconv 8 k3"
    found = only(program)
    assert found.code == "E101"
    assert marked(program, found) == place
    assert offered is None or f"`{offered}`" in str(found.help)
    use_language("es")
    prose = re.sub(r"`[^`]*`", "", f"{found.message} {found.help}")
    assert not re.search(r"\b(the|is|are|not|write|there|here)\b", prose, re.IGNORECASE)


@pytest.mark.parametrize("arrow", ["=>", ">", "-->", "-", "=", ";", "|", "|>", "—>", "+", "⇒"])
def test_what_is_no_arrow(arrow: str) -> None:
    program = f"input 28x28x1 {arrow} conv 8 k3"
    found = only(program)
    assert found.code == "E101"
    assert marked(program, found) == arrow
    assert "`->`" in str(found.help)


@pytest.mark.parametrize(
    "line",
    [
        "import torch.nn as nn",
        "model = Sequential()",
        "model.compile(optimizer='adam')",
        "class Net(nn.Module):",
        "def forward(self, x):",
        "self.fc = other(3)",
    ],
)
def test_lines_of_python(line: str) -> None:
    found = only(f"{line}\ninput 28x28x1\nconv 8 k3")
    assert found.code == "E109" and "`convdsl run`" in str(found.help)


def test_letters_that_only_look_latin() -> None:
    for program, plain in [("\u0441onv 8 k3", "c"), ("conv 8 k\uff13", "3")]:
        found = only(HERE + program)
        assert (found.code, str(found.help)) == ("E108", f"It only looks like `{plain}`: write that.")


def test_the_end_of_a_network_is_not_marked() -> None:
    for line in ("outputs 10", "salida", "end", "return x"):
        assert "nothing marks it" in str(only(f"{HERE}dense 10\n{line}").help)


def test_a_title_hides_nothing() -> None:
    assert [d.code for d in diagnostics("Una red para MNIST\ninput 28x28x1\nconv 8 k3")] == ["E201"]


def test_keywords_by_other_names() -> None:
    for line, offered in [
        ("entrada 28x28x1", "input 28x28x1"),
        ("Input 28x28x1", "input 28x28x1"),
        ("red lenet", "net lenet"),
        ("bloque b(C) { conv C k3 }", "block b(C) { conv C k3 }"),
        ("repetir 3 { conv 1 k3 p1 }", "repeat 3 { conv 1 k3 p1 }"),
        ("entrenar { epochs 5 }", "train { epochs 5 }"),
    ]:
        found = next(d for d in diagnostics(f"{line}\nconv 8 k3") if d.code == "E201")
        assert str(found.help) == f"Here it is written `{offered}`."


def test_a_block_is_called_with_its_values() -> None:
    program = "input 8x8x3\nb 3 1\nblock b(C, S) { conv C k3 s(S) }"
    found = only(program)
    assert (found.code, marked(program, found)) == ("E201", "b")
    assert "`b(3, 1)`" in str(found.help)


def test_mistyped_names_are_recognised() -> None:
    assert "`conv`" in str(only(HERE + "cnov 64 k3").help)
    assert "`tanh`" in str(only(HERE + "conv 64 k3 tahn").help)
    assert "`gaussian`" in str(only(HERE + "filter gauss").help)
    assert "`sobel_x`" in str(only(HERE + "filter sobel").help)
    assert "`params`" in str(only(HERE + "dense 10\nexpect parameters 7850").help)
    assert "recurrent" in str(only(HERE + "lstm 8").help)
    assert "on the line of its layer" in str(only(HERE + "conv 8 k1\nk3").help)


def test_expectations_help_to_be_written() -> None:
    assert str(only(HERE + "dense 10\nexpect output 10").help) == "Write `expect 10`."
    assert str(only(HERE + "dense 10\nexpect 7850").help) == "Write `expect params 7850`."
    assert "`7850`" in str(only(HERE + "dense 10\nexpect params 7.850").help)
    assert "`expect params 7850`" in str(only(HERE + "dense 10\nexpect params 7840").help)


@pytest.mark.parametrize("expectation", ["rf 2.5", "jump 0.5", "params 7.5", "2.5", "rf 1e9"])
def test_what_cannot_be_is_not_as_expected(expectation: str) -> None:
    assert "If the network is right, write `expect" in str(only(f"{HERE}conv 8 k3\nexpect {expectation}").help)


def test_values_that_are_out_of_range_say_the_range() -> None:
    assert "0 and 0.999" in str(only(HERE + "dropout 50").message)
    assert str(only(HERE + "dropout 50").help) == "A share of 50 % is written 0.5."
    assert "at least 1" in str(only(HERE + "conv 64 k0").message)
    assert "at least 0" in str(only(HERE + "conv 64 k3 p-1").message)
    assert "write 3" in str(only(HERE + "conv 64 k=3.0").message)


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
def test_an_option_without_its_value(layer: type[Layer]) -> None:
    """Whatever the option, what is missing is said, and the example that is given can be written."""
    for name, argument in layer.arguments.items():
        if isinstance(argument, (Flag, Choice)):
            continue
        (found, *_) = diagnostics(f"input 8x8x4 -> {layer.name} {name}")
        assert found.code in ("E201", "E202", "E203", "E205"), (name, found.message)
        offered = re.search(r"It takes .*: `(.+)`", str(found.help or ""))
        if isinstance(argument, Real):
            assert offered and argument.accept(float(offered[1].split("=")[1])) is not None


def test_all_errors_at_once_and_none_that_follows_from_another() -> None:
    program = "Input 28x28x1\ncnov 8 k3\nconv 8 3\nmaxpool 2 2\ndense\ndense 10 tahn"
    assert [d.code for d in diagnostics(program)] == ["E201", "E201", "E205", "E205", "E203", "E202"]
    assert [d.code for d in diagnostics("net my net\ninput 8x8x1\nconv 8 k3")] == ["E101"]
    assert [d.code for d in diagnostics("input 5x5x1\nconv 8 k7\nmaxpool 9\ndense 3")] == ["E301"]


def test_the_window_that_does_not_fit() -> None:
    program = "input 5x5x3\nconv 8 k7 relu"
    found = only(program)
    assert (found.code, marked(program, found), found.formula) == ("E301", "k7", "(5 + 2·0 − 7)/1 + 1 = −1")
    assert "`p1`" in str(found.help) and "at most 5" in str(found.help)
    for mended in ("k7 p1", "k7 p same", "k5"):
        assert not analyse(Source(program.replace("k7", mended), "t")).failed


def test_branches_show_all_their_sizes() -> None:
    program = "input 8x8x4\nadd { conv 4 k3 | identity }"
    found = only(program)
    assert found.code == "E302"
    assert found.formula == "6×6×4 ≠ 8×8×4"
    assert [str(label.text) for label in found.labels] == ["this branch gives 6×6×4", "this branch gives 8×8×4"]


def test_a_program_full_of_slips_is_answered_in_seconds() -> None:
    lines = ["conv 8 3 padding=same", "Conv2D(8, 3)", "convolucion 8 3", "cnov 8 k3", "conv 8, k3"] * 4000
    started = time.perf_counter()
    diagnostics("input 8x8x1\n" + "\n".join(lines))
    assert time.perf_counter() - started < 20


def test_the_help_where_factors_do_not_fit_names_the_channels() -> None:
    """`dense` gives values in a row: what `mul` needs is 1×1×C."""
    for branch in ("dense 4 sigmoid", "conv 3 k1 sigmoid"):
        analysis = analyse(Source(f"input 8x8x4\nmul {{ globalavgpool -> {branch} | identity }}", "net.cnn"))
        (found,) = (d for d in analysis.diagnostics if d.code == "E302")
        assert "is 1×1×4: end that branch in `conv 4 k1`" in str(found.help)


def test_a_number_that_is_too_large_has_no_other_value() -> None:
    huge = "9" * 20
    for program in (
        f"input 8x8x{huge}\nconv 8 k3\nexpect 6x6x8",
        f"input 8x8x3\nlet C = {huge}\nconv C k3\nexpect 6x6x8",
        f"input 8x8x3\nrepeat {huge} {{ conv 3 k3 }}\nexpect 8x8x3",
        f"input 8x8x3\nconv 8 k3\nexpect params {huge}",
        f"input 8x8x3\nconv 8 k{huge} p1\nexpect 6x6x8",
    ):
        found = only(program)
        assert found.code == "E106" and str(found.help) == "Numbers go up to 10^15."


def test_an_empty_branch_is_said_once() -> None:
    for line in (
        "add { conv 8 k3 | }",
        "concat { | conv 8 k3 | conv 4 k5 }",
        "residual { }",
        "mul { conv 4 k3 | } relu",
    ):
        assert only(f"input 8x8x4\n{line}\nexpect 6x6x8").code == "E212"


def test_residual_is_called_residual() -> None:
    shrinks = only("input 8x8x4\nconv 8 k1 relu\nresidual { conv 8 k3 -> relu }")
    assert str(shrinks.message) == "The branch of `residual` changes the size, so that its input cannot be added."
    assert "`add { … | conv 8 k1 s2 }`" in str(shrinks.help) and shrinks.formula == "6×6×8 ≠ 8×8×8"
    grows = only("input 8x8x4\nresidual { conv 8 k3 p1 }")
    assert "End the branch in 4 channels" in str(grows.help) and "`add { … | conv 8 k1 }`" in str(grows.help)
    assert str(only("input 8x8x4\nresidual { conv 4 k3 p1 } foo").message) == "`residual` has no option `foo`."


def test_padding_by_another_name_keeps_its_word() -> None:
    found = only(HERE + "conv 8 pad same")
    assert "`p same`" in str(found.help) and "p2" not in str(found.help)
    assert "`p2`" in str(only(HERE + "conv 8 pad 2").help)


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("conv 4 k3 p same lower", "Write `same_lower`, in one word."),
        ("conv 4 k3 p=same lower relu", "Write `same_lower`, in one word."),
        ("maxpool 2 p same lower", "Write `same_lower`, in one word."),
        ("conv 4 k3 p same upper", "`p same` puts the odd one at the end"),
        ("conv 4 k3 same", "p same`."),
        ("conv 4 k3 valid relu", "p valid relu`."),
        ("dense 4 same", "It is written like this: `dense 10 softmax`"),
    ],
)
def test_a_padding_in_words_is_one_word_behind_its_p(line: str, help: str) -> None:
    assert help in str(only(HERE + line).help)


@pytest.mark.parametrize("kind", ["shared", "block"])
def test_a_block_inside_of_braces_is_one_fault(kind: str) -> None:
    """Its calls find it nevertheless."""
    assert only(f"input 8x8x4\nfreeze {{ {kind} a {{ conv 4 k3 }} }}\na()").code == "E213"
    assert only(f"input 8x8x4\nrepeat 2 {{ {kind} a {{ conv 4 k3 p1 relu }}\na() }}").code == "E213"


@pytest.mark.parametrize(
    ("data", "path"),
    [("a.npz", "a.npz"), ("photos/train", "photos/train"), ("../d/e.npz", "../d/e.npz"), ("~/d", "~/d"), ("/d/e", "/d/e"),
     ("C:\\x", "C:\\x"), ("my photos/a b.npz", "my photos/a b.npz"), ("'a/b'", "a/b"), ("= a.npz,", "a.npz"),
     ("photos/", "photos/")],
)  # fmt: skip
def test_a_path_without_quotes_is_given_them(data: str, path: str) -> None:
    for line in (f"train {{\n  data {data}\n  epochs 3\n}}", f"train {{ data {data} }}"):
        assert f'Write `data "{path}"`.' in str(only(HERE + f"dense 2\n{line}").help)


def test_equal_lines_are_each_complained_about() -> None:
    program = "input 8x8x3\nadd { conv 8 k9 | conv 8 k9 }"
    assert [(d.code, d.span.start) for d in diagnostics(program)] == [("E301", 25), ("E301", 37)]
    program = "input 9x9x3 -> conv 8 k2 s2\nconv 8 k2 s2"
    assert [marked(program, d) for d in diagnostics(program) if d.code == "W501"] == ["s2"]


def test_holes_in_equal_lines_are_different_ones() -> None:
    assert set(analyse(Source("input 8x8x3\nconv 8 k?\nconv 8 k?")).network.holes) == {"k", "k_2"}


def test_a_hundred_thousand_layers() -> None:
    started = time.process_time()
    analysis = analyse(Source("input 8x8x4\n" + "conv 4 k3 p1 relu\n" * 100_000))
    assert len(analysis.network.nodes) == 100_000 and not analysis.failed
    assert time.process_time() - started < 40
    assert len(analyse(Source("input 8x8x4\nrepeat 199999 { relu }")).network.nodes) == 199_999
    assert only("input 8x8x4\nrepeat 200005 { relu }").code == "E105"


@pytest.mark.parametrize("written", ["28x28x6", "28 x 28 x 6", "28×28×6"])
def test_a_size_alone_is_read_as_a_size(written: str) -> None:
    found = diagnostics(written)[0]
    assert (found.code, str(found.message)) == ("E101", "A size alone is no layer.") and "`input 28x28x6`" in str(
        found.help
    )


def test_times_before_a_brace_is_a_repetition() -> None:
    assert "`repeat 2 { … }`" in str(diagnostics("input 8x8x1\n2 x { conv 8 k3 }")[0].help)


@pytest.mark.parametrize(
    "line",
    ["a 8x8x3, b 8x8x3", "8x8x3, 8x8x3", "8x8x3 and 8x8x3", "left: 8x8x3; right: 8x8x3", "a 10, b 10", "NxNx3, NxNx1"],
)
def test_several_inputs_are_not_there_and_something_else_is(line: str) -> None:
    wrong = diagnostics(f"input {line}\nconv 8 k3")[0]
    assert (wrong.code, str(wrong.message)) == ("E101", "A network has one input here.")
    instead = re.search("`(input .*)`", str(wrong.help))
    assert instead is not None and not diagnostics(f"{instead[1]} -> dense 2")


def test_an_input_has_no_name() -> None:
    assert str(only("input image 8x8x3\nconv 8 k3").help) == "Write `input 8x8x3`."
    assert str(only("input a -> conv 8 k3").help) == "Write `A`."
    assert str(only("input 28, 28, 1\nconv 8 k3").help) == "Write `input 28x28x1`."


def test_two_sizes_behind_an_option_are_one_window() -> None:
    wrong = only("input 8x8x1\nconv 8 k3,5 s2")
    assert str(wrong.message) == "Sizes are joined by `x`, not by commas." and str(wrong.help) == "Write `k3x5`."
    assert str(only("input 8x8x1\nconv 8 k3, s2").help) == "Write `conv 8 k3 s2`."


@pytest.mark.parametrize(
    ("line", "says"),
    [("conv 8 k 3,5", "Write `k3x5`."), ("conv 8 k3 p1,2 relu", "Write `p1x2`."), ("maxpool 3 s=2,1", "Write `s2x1`."),
     ("conv 8 k3 p 0,1,0,1 relu", "`pad before=0x0 after=1x1 -> conv 8 k3 relu`."),
     ("conv 8 k3 p=1,0,2,0", "`pad before=2x1 after=0x0 -> conv 8 k3`."), ("maxpool 3 s2 p0,1,0,1", "`p same_lower` in front."),
     ("pad 0,1,0,1", "`pad before=0x0 after=1x1`."), ("dropout 0,5", "with a point: 0.5.")],
)  # fmt: skip
def test_numbers_between_commas_are_sizes_sides_or_decimals(line: str, says: str) -> None:
    assert str(only(f"input 8x8x1\n{line}").help).endswith(says)


def test_a_number_that_is_too_large_is_said_once() -> None:
    for line in ("bn elu 10000000000000010.25", "bn 99999999999999999999", "lrn elu 10000000000000010.25"):
        found = analyse(Source(f"input 5\n{line}\n")).diagnostics
        assert next(d.code for d in found if d.severity == "error") == "E106"
