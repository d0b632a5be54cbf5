"""What a training looks like: in a terminal, in a pipe, as JSON."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from convdsl.messages import T, use_language
from convdsl.report.evaluation import class_table
from convdsl.report.training import TrainingReport, duration, epoch_line, speed
from convdsl.report.training_data import JsonReport, event_data
from convdsl.training.curves import Remark
from convdsl.training.events import (
    Ended,
    EpochDone,
    EpochRecord,
    Event,
    Finished,
    Interrupted,
    Note,
    Preparing,
    Progress,
    Saved,
    Started,
)
from convdsl.training.metrics import classification, regression

FOLDER = Path("runs/my net-1")
STARTED = Started("tiny", "digits", ("a", "b"), 5400, 600, 1000, 61706, 61706, 2**20, "cpu", 2, 128, 2, 0, FOLDER)
RECORD = EpochRecord(1, 0.01, 0.51234, 0.8, 0.6, 0.75)
FIGURES = classification(0.25, np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1]), ("cat", "dog"))
REMARK = Remark("overfits", T("It overfits."), T("Stop early."), {"early_stop": "patience=3", "epochs": "9"})


def ended(*remarks: Remark, figures: Any = FIGURES) -> Ended:
    return Ended(figures, remarks, (RECORD,), 2, 1.5, "cpu", FOLDER / "weights.safetensors", FOLDER)


EVENTS: tuple[Event, ...] = (
    STARTED,
    Preparing(),
    Progress(1, 20, 43, 0.9, 0.5, 0.01, 12345.6),
    EpochDone(RECORD, 2, 0.4, 12345.6, True),
    Saved(FOLDER / "checkpoint.safetensors", 1, 0),
    Note("Mind this.", True),
    Finished("early_stop", 2, 1, 1.0),
    ended(REMARK),
)


def shown(events: tuple[Event, ...], terminal: bool = False, width: int = 120) -> str:
    text = io.StringIO()
    out = Console(file=text, force_terminal=terminal, width=width, highlight=False, markup=False, emoji=False)
    with TrainingReport(out, ["my net.cnn", "--set", "F=8"], {"lr": "0.1", "epochs": "2"}) as report:
        for event in events:
            report.show(event)
    return text.getvalue()


def test_a_pipe_gets_plain_lines() -> None:
    lines = [line.rstrip() for line in shown(EVENTS).splitlines()]
    assert "\x1b" not in "".join(lines)
    assert lines[:6] == [
        "tiny: 61,706 parameters, digits: 5,400 images to train, 600 to validate, 1,000 to test",
        "on the CPU with 2 threads, batches of 128, 1 MiB of memory",
        "epoch 1/2  loss 0.5123  accuracy 80.0 %  validation loss 0.6000  accuracy 75.0 %  12,346 images/s",
        "Mind this.",
        "Stopped early: no progress any more after epoch 2.",
        "The weights of epoch 1 are the best, and were taken back.",
    ]
    assert lines[-6:] == [
        "test accuracy 75.0 %, 95 % interval 30.1 % to 95.4 %, loss 0.2500, on 4 images",
        "",
        "It overfits. Stop early.",
        "",
        "Weights and figures: runs/my net-1",
        "Try next: convdsl run 'my net.cnn' --set F=8 --lr 0.1 --epochs 9 --early-stop patience=3",
    ]


def test_a_narrow_terminal_breaks_lines_between_words() -> None:
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown(EVENTS, terminal=True, width=80)).splitlines()
    assert "tiny: 61,706 parameters, digits: 5,400 images to train, 600 to validate, 1,000 " in lines
    epoch = next(line for line in lines if line.startswith("epoch 1/2  loss 0.5123"))
    assert "images/s" not in epoch and len(epoch.rstrip()) <= 80
    call = "Try next: convdsl run 'my net.cnn' --set F=8 --lr 0.1 --epochs 9 --early-stop patience=3"
    assert lines[-1] == call and len(call) > 80  # to be copied as it stands


def test_a_terminal_gets_a_bar_and_it_goes_away() -> None:
    text = shown(EVENTS, terminal=True)
    assert "━" in text and "preparing" in text
    assert re.search(r"epoch 1/2.*loss 0\.9000.*accuracy 50\.0 %.*12,346 images/s.*1 s left", text)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor comes back


def test_the_bar_stops_when_something_breaks() -> None:
    text = io.StringIO()
    out = Console(file=text, force_terminal=True, width=100)
    with pytest.raises(RuntimeError), TrainingReport(out, ["n.cnn"], {}) as report:
        report.show(STARTED)
        report.show(Preparing())
        raise RuntimeError
    assert text.getvalue().rstrip("\n\x1b[2KA1").endswith("\x1b[?25h") or "\x1b[?25h" in text.getvalue()


def test_an_interruption_says_how_to_go_on() -> None:
    text = shown((STARTED, Interrupted(FOLDER / "checkpoint.safetensors", 1, 7)))
    assert "Stopped in epoch 2, after 7 steps." in text
    assert text.splitlines()[-1] == "To go on: convdsl run 'my net.cnn' --resume --out 'runs/my net-1'"


def test_a_training_that_was_too_short_goes_on_where_it_stands() -> None:
    text = shown((ended(Remark("too_short", T("Short."), T("Longer."), {"epochs": "4"})),))
    assert text.splitlines()[-1] == "Try next: convdsl run 'my net.cnn' --resume --out 'runs/my net-1' --epochs 4"


def test_confusions_stand_in_the_table_where_there_is_room() -> None:
    wide, narrow = io.StringIO(), io.StringIO()
    Console(file=wide, width=100).print(class_table(FIGURES, 100))
    Console(file=narrow, width=90).print(class_table(FIGURES, 71))
    assert re.search(r"→0 +→1", wide.getvalue()) and re.search(
        r"1 +dog +2 +100\.0 % +50\.0 % +66\.7 % +1 +1", wide.getvalue()
    )
    assert "most often taken for" in narrow.getvalue() and "cat (1)" in narrow.getvalue()


def test_of_many_classes_the_worst_are_shown() -> None:
    true = np.repeat(np.arange(30), 4)
    said = np.where(true == 17, 3, true)
    figures = classification(0.1, said, true, tuple(f"class {i}" for i in range(30)))
    text = io.StringIO()
    Console(file=text, width=100).print(class_table(figures, 100))
    rows = [line for line in text.getvalue().splitlines() if re.search(r"class \d", line)]
    assert len(rows) == 10 and "class 17" in rows[0] and "class 3 (4)" in rows[0]


def test_numbers_to_be_predicted_have_errors() -> None:
    text = shown((ended(figures=regression(0.5, np.array([[1.0], [2.0]]), np.array([1.0, 3.0]))),))
    assert "mean squared error 0.5, mean absolute error 0.5, R² 0.500" in text


def test_without_validation_its_figures_are_left_out() -> None:
    line = epoch_line(EpochDone(EpochRecord(3, 0.1, 1.0, None, None, None), 10, 0.1, 0.0, False))
    assert line == "epoch  3/10  loss 1.0000"


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "0 s"), (59, "59 s"), (61, "1:01"), (3725, "1:02:05")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_speeds() -> None:
    assert (speed(3.14159), speed(12345.6), speed(2.5e6)) == ("3.1 images/s", "12,346 images/s", "2.500 M images/s")


def test_spanish() -> None:
    use_language("es")
    text = shown(EVENTS)
    assert "época 1/2  pérdida 0,5123  exactitud 80,0 %" in text and "Pruebe ahora: convdsl run" in text


def test_json_has_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonReport() as report:
        for event in EVENTS:
            report.show(event)
        report.diverged(ArithmeticError("Boom."), T("Try less."))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["event"] for e in lines] == ["start", "epoch", "checkpoint", "warning", "early_stop", "end", "error"]
    assert lines[1] == {"event": "epoch", "epoch": 1, "lr": 0.01, "loss": 0.51234, "accuracy": 0.8, "val_loss": 0.6,
                        "val_accuracy": 0.75, "images_per_second": 12345.6, "seconds": 0.4}  # fmt: skip
    end = {"event": "end", "test_accuracy": 0.75, "test_loss": 0.25, "epochs": 2, "seconds": 1.5, "device": "cpu",
           "weights": "runs/my net-1/weights.safetensors"}  # fmt: skip
    assert {k: lines[5][k] for k in end} == end
    assert lines[5]["reading"] == [{"kind": "overfits", "message": "It overfits.", "help": "Stop early."}]


def test_json_knows_no_nan() -> None:
    data = event_data(EpochDone(EpochRecord(1, 0.1, float("nan"), 0.5, float("inf"), None), 2, 0.1, 10.0, False))
    assert data is not None and (data["loss"], data["val_loss"], data["val_accuracy"]) == (None, None, None)
