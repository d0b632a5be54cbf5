"""The `train` block: what it says, and what is answered to what it cannot say."""

from __future__ import annotations

import subprocess
import sys

import pytest

from convdsl.diagnostics import Diagnostic, Findings
from convdsl.engine.optimizer import Optimizer
from convdsl.network import analyse
from convdsl.source import Source
from convdsl.training.configure import LEARNING_RATES, assemble, lines_from, merge, training_settings
from convdsl.training.lines import LINES, Number
from convdsl.training.settings import Augment, EarlyStop, Schedule, Settings


def read(block: str, shape: str = "28x28x1") -> tuple[Settings, list[Diagnostic]]:
    source = Source(f"input {shape} -> dense 10\ntrain {{\n{block}\n}}\n", "net.cnn")
    analysis = analyse(source)
    assert not analysis.failed, analysis.diagnostics
    findings = Findings(source)
    return training_settings(analysis.network, findings), findings.items


def settings(block: str) -> Settings:
    result, found = read(block)
    assert not found, found
    return result


def complaint(block: str, shape: str = "28x28x1") -> tuple[str, str, str]:
    """The text that is underlined, the message and the help of the only diagnostic."""
    _, (diagnostic,) = read(block, shape)
    assert diagnostic.code == "E214"
    span = diagnostic.source.text[diagnostic.span.start : diagnostic.span.end]
    return span, str(diagnostic.message), str(diagnostic.help or "")


def test_the_block_of_the_language_page() -> None:
    block = """  data fashion-mnist
  optimizer adam lr=0.001
  batch 128
  epochs 5
  augment flip, shift 2, rotate 10
  early_stop patience=3"""
    expected = Settings(data="fashion-mnist", augment=Augment("horizontal", 2, 10.0), early_stop=EarlyStop(3))
    assert settings(block) == expected


def test_what_no_line_says_is_what_the_declarations_promise() -> None:
    assert settings("") == Settings()
    for line in LINES.values():
        assert settings(line.default) == Settings(), line.default


@pytest.mark.parametrize("name", LINES)
def test_every_example_can_be_read(name: str) -> None:
    assert settings(LINES[name].example) is not None
    for word, declared in LINES[name].words.items():
        assert settings(f"{name} {word}")
        for option in declared.options:
            needed = isinstance(LINES[name].options[option], Number)
            value = "=0.00001" if option == "min" else "=1" if option in ("every", "patience", "warmup") else "=0.5"
            settings(f"{name} {word} {option}{value if needed else ''}")


@pytest.mark.parametrize(
    ("line", "optimizer", "lr"),
    [
        ("optimizer sgd", Optimizer("sgd"), 0.05),
        ("optimizer sgd momentum=0.8", Optimizer("sgd", momentum=0.8), 0.01),
        ("optimizer momentum", Optimizer("sgd", momentum=0.9), 0.01),
        ("optimizer nesterov lr=0.2", Optimizer("sgd", momentum=0.9, nesterov=True), 0.2),
        ("optimizer sgd momentum 0.5 nesterov", Optimizer("sgd", momentum=0.5, nesterov=True), 0.01),
        ("optimizer rmsprop alpha=0.9", Optimizer("rmsprop", alpha=0.9), 0.001),
        ("optimizer adagrad", Optimizer("adagrad"), 0.01),
        ("optimizer adamw weight_decay=0.1 beta1=0.8", Optimizer("adamw", beta1=0.8, weight_decay=0.1), 0.001),
        ("optimizer adam\nweight_decay 1e-4\nlr 2e-3", Optimizer("adam", weight_decay=1e-4), 0.002),
    ],
)
def test_optimisers(line: str, optimizer: Optimizer, lr: float) -> None:
    result = settings(line)
    assert (result.optimizer, result.lr) == (optimizer, lr)


def test_every_optimiser_has_a_learning_rate() -> None:
    assert set(LEARNING_RATES) == set(LINES["optimizer"].words)


@pytest.mark.parametrize(
    ("line", "schedule"),
    [
        ("schedule step every 3 gamma=0.5", Schedule("step", every=3, gamma=0.5)),
        ("schedule cosine warmup=1 min=1e-5", Schedule("cosine", 1.0, minimum=1e-5)),
        ("schedule exponential", Schedule("exponential", gamma=0.95)),
        ("schedule plateau patience=4 factor=0.1", Schedule("plateau", patience=4, factor=0.1)),
        ("schedule warmup 2", Schedule("constant", 2.0)),
    ],
)
def test_schedules(line: str, schedule: Schedule) -> None:
    assert settings(line).schedule == schedule


def test_ways_of_writing_are_the_same() -> None:
    assert settings("augment flip both shift2 cutout 4") == settings("augment flip=both, shift=2, cutout=4")
    assert (
        settings("early_stop 4") == settings("early_stop patience=4") == settings("early_stop loss patience 4 restore")
    )
    assert settings("batch full").batch == 0
    assert settings("early_stop accuracy norestore").early_stop == EarlyStop(monitor="accuracy", restore=False)
    assert settings('data "my pictures/cats"').data == "my pictures/cats"
    assert settings("data cifar-10").data == "cifar-10"


@pytest.mark.parametrize(
    ("block", "span", "message", "help"),
    [
        ("optimizer adma", "adma", "`optimizer` takes no `adma`.", "Did you mean `adam`?"),
        ("epocs 3", "epocs", "There is no setting `epocs`.", "Did you mean `epochs`?"),
        ("learning_rate 0.1", "learning_rate", "There is no setting `learning_rate`.", "Did you mean `lr`?"),
        ("momentum 0.9", "momentum", "There is no setting `momentum`.",
         "It is an option of `optimizer`: `optimizer sgd momentum=…`."),
        ("rotate 10", "rotate", "There is no setting `rotate`.", "It is an option of `augment`: `augment rotate …`."),
        ("epochs 3\nepochs 4", "epochs 4", "`epochs` is given twice.", "Keep one of them."),
        ("optimizer adam lr=0.1\nlr 0.2", "lr 0.2", "`lr` is given twice.", "Keep one of them."),
        ("optimizer sgd 0.1", "0.1", "`optimizer` takes no further value without a name.",
         "The learning rate is written `lr=0.1`."),
        ("optimizer adam momentum=0.9", "momentum=0.9", "`adam` has no `momentum`.",
         "It goes with: sgd, momentum, nesterov, rmsprop."),
        ("lr -0.1", "-0.1", "`lr` is more than 0; here it is -0.1.",
         "With a negative learning rate the weights would climb up the loss."),
        ("batch 1.5", "1.5", "`batch` is a whole number, and 1.5 is not.", ""),
        ("batch 0", "0", "`batch` is at least 1; here it is 0.", ""),
        ("label_smoothing 10", "10", "`label_smoothing` is less than 1; here it is 10.",
         "A share of 10 % is written 0.1."),
        ("schedule cosine every=3", "every=3", "`cosine` has no `every`.", "It goes with: step."),
        ("schedule cosine warmup=9", "warmup=9", "The warm-up takes 9 epochs, and the training only 5.",
         "Train longer, or warm up in less."),
        ("augment rotate", "rotate", "`rotate` has no value.", "For example `rotate 10`."),
        ("augment shift 0.1", "0.1", "`shift` is a whole number, and 0.1 is not.", "It counts pixels."),
        ("augment none, flip", "flip", "`none` goes with nothing else.", ""),
        ("epochs", "epochs", "`epochs` has no value.", "For example `epochs 5`."),
        ("epochs ?", "?", "`epochs` takes a number.", "Symbols and holes have no value here."),
        ("data a b", "a b", "`data` takes one value.", 'A path stands in quotes: `data "my pictures"`.'),
        ("lr 0,1", "0,1", "A comma cannot stand inside a number.", "Decimals are written with a point: 0.1."),
        ("optimizer sgd lr=0,01", "0,01", "A comma cannot stand inside a number.",
         "Decimals are written with a point: 0.01."),
        ("augment shift 2, rotate 7,5", "7,5", "A comma cannot stand inside a number.",
         "Decimals are written with a point: 7.5."),
        ("limit 1,000", "1,000", "Digits are not grouped with commas.", "Write `1000`."),
        ("limit 1.000", "1.000", "A point is decimal: 1.000 is 1.", "Write `1000`."),
        ("data fashon, epocas 3", ",", "Each setting of `train` stands on a line of its own.",
         "End the line before `epocas`."),
        ("epochs 3, batch 64", ",", "Each setting of `train` stands on a line of its own.",
         "End the line before `batch`."),
        ("schedule cosine, warmup=1, lr=0.1", ",", "Each setting of `train` stands on a line of its own.",
         "End the line before `lr`."),
        ("loss mse\nlabel_smoothing 0.1", "label_smoothing 0.1", "Labels are smoothed for cross-entropy only.",
         "Leave one of the lines `loss` and `label_smoothing` out."),
        ("augment shift 28", "shift 28", "`shift` of 28 pixels leaves nothing of an image of 28x28x1.", ""),
    ],
)  # fmt: skip
def test_what_is_wrong(block: str, span: str, message: str, help: str) -> None:
    assert complaint(block) == (span, message, help)


def test_semicolons_separate_no_settings() -> None:
    text = "input 28x28x1 -> dense 10\ntrain { data fashon; epocas 3 }"
    (found,) = analyse(Source(text)).diagnostics
    assert text[found.span.start : found.span.end] == ";"
    assert str(found.message) == "Each setting of `train` stands on a line of its own."
    assert str(found.help) == "Write `data fashon`, `epocas 3` on lines of their own."


def test_commas_between_options_are_right() -> None:
    assert settings("augment shift 2,rotate 10,flip").augment == Augment("horizontal", 2, 10.0)
    assert settings("schedule cosine, warmup=1").schedule.warmup == 1
    assert settings("optimizer sgd lr=0.1,weight_decay=0.5").optimizer.weight_decay == 0.5


def test_pixels_need_rows_and_columns() -> None:
    assert (
        complaint("augment rotate 10", "784")[1] == "`rotate` needs images with rows and columns, and the input is 784."
    )
    assert complaint("augment flip vertical", "100x3")[0] == "flip vertical"
    assert not read("augment flip, shift 3, noise 0.1", "100x3")[1]


def test_all_that_is_wrong_is_said_at_once() -> None:
    _, found = read("epochs x\nbatch 0\nfoo 3")
    assert len(found) == 3


def test_options_win_over_lines() -> None:
    below, _ = lines_from({"optimizer": "adam lr=0.1", "epochs": 3, "weight_decay": 0.5})
    above, found = lines_from({"lr": 0.01, "epochs": "7"}, "--")
    assert not any(f.items for f in found)
    result = assemble(merge(below, above))
    assert (result.lr, result.epochs, result.optimizer.kind, result.optimizer.weight_decay) == (0.01, 7, "adam", 0.5)
    new, _ = lines_from({"optimizer": "sgd lr=1 weight_decay=0"}, "--")
    result = assemble(merge({**below, **above}, new))
    assert (result.lr, result.optimizer.weight_decay) == (1, 0)


@pytest.mark.parametrize("value", ["3 } block {", "3\nbatch 4", "", "3 -> batch 4", "}"])
def test_an_option_is_one_line(value: str) -> None:
    _, (findings,) = lines_from({"epochs": value}, "--")
    assert findings.failed and findings.source.name == "--epochs"


def test_settings_load_nothing_heavy() -> None:
    code = ("import sys, convdsl.training, convdsl.training.configure; "
            "print({'numpy', 'numba', 'rich', 'sympy'} & set(sys.modules))")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
