"""Networks with several outputs: their losses in a `train` block and from Python, their targets, their figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.cli import main
from convdsl.diagnostics import ProgramError
from convdsl.engine.plan import Loss
from convdsl.training.evaluating import evaluate
from convdsl.training.examples import examples_from
from convdsl.training.metrics import Classes, Labels, Regions, Together, Values

TEXT = """input 8x8x3
conv 4 k3 p1 relu
output map { conv 3 k1 softmax }
output tags { gap -> dense 2 sigmoid }
conv 5 k3 relu
output age { gap -> dense 1 }
output kind { dense 4 }
train {
  epochs 2
  loss age mae weight=0.5
  loss kind weight=2
}
"""
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.standard_normal((40, 8, 8, 3)).astype(np.float32)
TARGETS: dict[str, Any] = {
    "map": RANDOM.integers(0, 3, (40, 8, 8)),
    "tags": RANDOM.integers(0, 2, (40, 2)),
    "age": RANDOM.standard_normal(40).astype(np.float32),
    "kind": RANDOM.integers(0, 4, 40),
}


def test_each_output_has_the_loss_of_its_targets_and_of_its_line() -> None:
    model = convdsl.parse(TEXT).compile(batch=16, device="plain")
    history = model.fit(IMAGES, TARGETS, validation=0.25)
    assert model.losses == (
        Loss("cross_entropy"),
        Loss("binary_cross_entropy"),
        Loss("mae", weight=0.5),
        Loss("cross_entropy", weight=2.0),
    )
    last = history[-1]
    parts = last.val_outputs
    assert (
        parts is not None
        and list(parts) == list(TARGETS)
        and "accuracy" in parts["kind"]
        and "accuracy" not in parts["age"]
    )
    weights = {"map": 1, "tags": 1, "age": 0.5, "kind": 2}
    assert last.val_loss == pytest.approx(sum(w * parts[name]["loss"] for name, w in weights.items()), rel=1e-5)
    assert last.accuracy is None and history.reading is not None


def test_figures_are_those_of_each_output() -> None:
    model = convdsl.parse(TEXT).compile(batch=16, device="plain")
    examples = examples_from(model.net, IMAGES, TARGETS, model.settings)
    model.settle(examples.task)
    found = evaluate(model, examples.task, examples.images, examples.labels, np.arange(40))
    assert isinstance(found, Together)
    assert [type(one) for one in found.outputs.values()] == [Regions, Labels, Values, Classes]
    predicted = model.predict(IMAGES)
    assert found.outputs["kind"].accuracy == (predicted["kind"].argmax(-1) == TARGETS["kind"]).mean()
    assert found.outputs["age"].mae == pytest.approx(np.abs(predicted["age"][:, 0] - TARGETS["age"]).mean(), rel=1e-5)


@pytest.mark.parametrize("device", ["cpu", "plain"])
def test_two_outputs_are_learned_together(device: str) -> None:
    """The bright row tells the class, and its brightness a number."""
    classes, light = RANDOM.integers(0, 3, 240), RANDOM.uniform(0.5, 1, 240).astype(np.float32)
    images = RANDOM.uniform(0, 0.2, (240, 6, 6, 1)).astype(np.float32)
    images[np.arange(240), 2 * classes] += light[:, None, None]
    net = convdsl.parse(
        "input 6x6x1 -> conv 6 k3 relu -> output kind { dense 3 softmax } -> output light { dense 1 } "
        "-> train { loss light weight=5 }"
    )
    model = net.compile(batch=32, device=device, seed=2)
    model.fit(images, {"kind": classes, "light": light}, epochs=12, lr=0.02)
    predicted = model.predict(images)
    assert (predicted["kind"].argmax(-1) == classes).mean() > 0.97
    assert np.abs(predicted["light"][:, 0] - light).mean() < 0.06
    assert model.evaluate(images, {"kind": classes, "light": light}).loss < 0.2


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (TARGETS["kind"], "has the outputs map, tags, age, kind"),
        ({n: t for n, t in TARGETS.items() if n != "age"}, "has the outputs map, tags, age, kind"),
        ({**TARGETS, "boxes": TARGETS["age"]}, "has the outputs map, tags, age, kind"),
        ({**TARGETS, "kind": TARGETS["kind"][:9]}, "40 targets of map and 9 of kind"),
        ({**TARGETS, "kind": TARGETS["kind"] + 5}, "kind: Labels must lie between 0 and 3"),
        ({**TARGETS, "map": TARGETS["map"][:, :5]}, "map: "),
        (
            {**TARGETS, "map": np.where(TARGETS["map"] == 1, 255, TARGETS["map"])},
            "targets of map are some that are not known",
        ),
        ({**TARGETS, "age": np.full(40, np.nan, np.float32)}, "age: "),
        ({**TARGETS, "age": np.array(["old"] * 40)}, "age: "),
        ({**TARGETS, "age": 3}, "targets of"),
    ],
)
def test_targets_that_do_not_fit_are_told_by_the_name_of_their_output(targets: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        convdsl.parse(TEXT).compile(batch=16, device="plain").fit(IMAGES, targets)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"class_weights": "balanced"}, "`class_weights` is for networks with one output"),
        ({"target": "images"}, "`target images` is for networks with one output"),
        ({"early_stop": "accuracy"}, "`early_stop` watches the loss"),
        ({"augment": "shift 1"}, "The output map has an answer for each place"),
    ],
)
def test_settings_of_one_output_are_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        convdsl.parse(TEXT).compile(batch=16, device="plain").fit(IMAGES, TARGETS, validation=0.2, **settings)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("loss agee mae", "agee"),
        ("loss mae weight=2", "weight=2"),
        ("loss age mae\nloss age mse", "loss age mse"),
        ("loss age", "age"),
        ("loss age nonsense", "nonsense"),
        ("loss age mae weight=0", "0"),
    ],
)
def test_lines_that_no_output_has_are_answered(line: str, place: str) -> None:
    text = TEXT.partition("train")[0] + f"train {{\n{line}\n}}"
    with pytest.raises(ProgramError) as error:
        convdsl.parse(text).compile(device="plain")
    (found,) = error.value.diagnostics
    assert (found.code, text[found.span.start : found.span.end]) == ("E214", place)


def test_losses_come_from_python_too() -> None:
    model = convdsl.parse(TEXT).compile(device="plain", loss={"age": "mse weight=0.25", "map": "auto"})
    assert [loss.kind for loss in model.losses] == ["cross_entropy", "cross_entropy", "mse", "cross_entropy"]
    assert model.losses[2].weight == 0.25 and model.losses[3].weight == 2


def test_run_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.cnn").write_text(TEXT)
    assert main(["run", str(tmp_path / "net.cnn")]) == 1
    said = capsys.readouterr().err
    assert "has the outputs map, tags, age, kind" in said and '{"map": …' in said
