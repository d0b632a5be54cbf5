"""Networks beside each other: the chart has the figures of `check`, each with its source, on the scales that it shows."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

import numpy as np
import pytest

import convdsl
from convdsl.cli import main
from convdsl.drawing import measure
from convdsl.messages import use_language
from convdsl.report.charts.compared import compared_chart
from convdsl.report.comparing import Compared, shipped
from tests.document.test_writers import Page

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
OPERATIONS = {"alexnet_224": 0.714, "vgg11": 7.609, "vgg13": 11.308, "vgg16": 15.47, "vgg16_bn": 15.47, "vgg19": 19.632,
              "resnet18": 1.814, "resnet34": 3.664, "resnet50": 4.089, "resnet101": 7.801, "resnet152": 11.514,
              "resnext50": 4.23, "densenet121": 2.834, "shufflenet_v2": 0.145, "mobilenet_v3": 0.217,
              "efficientnet_b0": 0.386, "convnext_tiny": 4.456}  # fmt: skip
"""Billions of them by torchvision 0.29.1 (`_ops` beside the weights), which counted them in its own way."""


@pytest.fixture(scope="module")
def networks() -> list[Compared]:
    known = shipped()
    found = []
    for name in ("alexnet_224", "vgg16", "resnet18", "resnet50", "densenet121", "mobilenet_v3", "convnext_tiny"):
        total = convdsl.load(EXAMPLES / f"{name}.cnn").report.total
        found.append(
            Compared(name, total.macs, total.params, known[name].accuracy, known[name].data, known[name].source)
        )
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_macs_and_parameters_are_those_of_torchvision(name: str) -> None:
    total = convdsl.load(EXAMPLES / f"{name}.cnn").report.total
    assert total.macs / 1e9 == pytest.approx(OPERATIONS[name], rel=0.01)
    assert shipped()[name].params == total.params


def circles(text: str) -> list[tuple[float, float, float, str]]:
    """Middle, area and title of each point."""
    found = []
    for part in text.split('<g id="net-')[1:]:
        title = re.search(r"<title>(.*?)</title>", part, re.DOTALL)
        path = re.search(r'<path id="\w+" d="(.*?)"', part, re.DOTALL)
        use = re.search(r'<use href="#\w+" x="([\d.]+)" y="([\d.]+)"', part)
        assert title and path and use, part[:300]
        numbers = [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path[1])]
        radius = max(x for x, _ in numbers)
        found.append((float(use[1]), float(use[2]), math.pi * radius**2, title[1]))
    return found


def test_points_lie_where_their_figures_are(networks: list[Compared]) -> None:
    found = circles(compared_chart(networks))
    assert len(found) == len(networks)
    for axis, values in ((0, [math.log10(o.macs) for o in networks]), (1, [o.accuracy or 0 for o in networks])):
        design = np.stack([values, np.ones(len(values))], 1)
        places = np.array([point[axis] for point in found])
        fit, *_ = np.linalg.lstsq(design, places, rcond=None)
        assert np.abs(design @ fit - places).max() < 0.5
    for one, (_, _, area, title) in zip(networks, found, strict=True):
        assert area / found[0][2] == pytest.approx(one.params / networks[0].params, rel=0.01)
        assert one.name in title and f"{100 * (one.accuracy or 0):.1f} %" in title and "torchvision" in title


def test_no_name_lies_on_another(networks: list[Compared]) -> None:
    text = compared_chart(networks)
    points = circles(text)
    boxes = {}
    for found in re.finditer(r"<text ([^>]*)>([^<]+)</text>", text):
        if found[2] in {o.name for o in networks}:
            x, y = (float(re.findall(rf'{axis}="([\d.]+)"', found[1])[0]) for axis in (" x", " y"))
            boxes[found[2]] = (x, y - 7, x + measure.width(found[2], 9.5), y + 2)
    assert len(boxes) == len(networks)
    items = list(boxes.items())
    for number, (name, a) in enumerate(items):
        for other, b in items[number + 1 :]:
            assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1]), (name, other)
        for one, (x, y, _, _) in zip(networks, points, strict=True):
            assert one.name == name or not (a[0] <= x <= a[2] and a[1] <= y <= a[3]), (name, one.name)


def compare(*arguments: object) -> int:
    try:
        return main(["compare", *map(str, arguments)])
    finally:
        use_language("en")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 1)).astype(np.uint8)
    np.savez(folder / "d.npz", images=images, labels=np.arange(40) % 2)
    (folder / "small.cnn").write_text("net small\ninput 6x6x1 -> conv 2 k3 relu -> dense 2 softmax")
    call = [
        "run",
        str(folder / "small.cnn"),
        "--data",
        str(folder / "d.npz"),
        "--epochs",
        "1",
        "--device",
        "plain",
        "--no-report",
    ]
    for seed in ("1", "2"):
        assert main([*call, "--seed", seed, "--out", str(folder / "runs" / f"small-{seed}")]) == 0
    return folder


def test_programs_and_runs_side_by_side(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    programs = [EXAMPLES / "resnet18.cnn", EXAMPLES / "lenet5.cnn"]
    assert compare(*programs, here / "runs", "-o", here / "a.html", "--lang", "es") == 0
    text = (here / "a.html").read_text()
    page = Page(text)
    assert "69,8 %" in page.text and "medido aquí" in page.text and "torchvision 0.29.1" in page.text
    assert "lenet5" in page.text and "No se conoce la exactitud" in page.text
    assert not re.findall(r"<script|(?:src|href)=\"(?!data:|#)", text)
    capsys.readouterr()
    assert compare(*programs, here / "runs") == 0
    said = capsys.readouterr()
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(said.out))}
    assert rows["resnet18"]["macs"] == "1814073344" and rows["resnet18"]["accuracy"] == "0.69758"
    assert rows["lenet5"]["accuracy"] == "" and "No accuracy is known of lenet5" in said.err
    assert set(rows) == {"resnet18", "lenet5", "small-1", "small-2"} and rows["small-1"]["source"] == "measured here"
    (here / "own.csv").write_text("name,accuracy,data,source\nlenet5,99.05 %,MNIST,LeCun et al. (1998)\n")
    assert compare(*programs, "--accuracies", here / "own.csv", "-o", here / "a.svg", "--dark") == 0
    drawn = (here / "a.svg").read_text()
    assert "LeCun et al. (1998)" in drawn and re.search(r"99\.[01] %", drawn)


def test_a_network_of_the_same_name_is_not_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "n.cnn").write_text("net resnet18\ninput 8x8x3 -> conv 4 k3 -> globalavgpool -> dense 10")
    assert compare(tmp_path / "n.cnn") == 0
    assert "No accuracy is known of resnet18" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (("{net}", "-o", "a.png"), 2, "one of .svg, .html, .csv"),
        (("{net}", "-o", "a.svg"), 2, "No accuracy is known of any"),
        (("{symbols}",), 2, "has symbols"),
        (("none.cnn",), 2, "none.cnn"),
        (("{folder}",), 2, "There is no run in"),
        (("{net}", "--accuracies", "{bad}"), 2, "line 2: `often` is no accuracy"),
        (("{net}", "--accuracies", "{other}"), 2, "a table of accuracies is CSV with the columns"),
        (("{wrong}",), 1, "E301"),
    ],
)
def test_what_cannot_be_compared_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {"net": "input 4x4x1 -> dense 2", "symbols": "input NxNx1 -> conv 2 k3", "wrong": "input 4x4x1 -> conv 2 k7",
             "bad": "name,accuracy,source\na,often,me\n", "other": "a,b\n1,2\n"}  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        (tmp_path / f"{name}.cnn").write_text(text)
    places = {name: f"{name}.cnn" if name not in ("bad", "other") else name for name in texts}
    (tmp_path / "empty").mkdir()
    assert compare(*(a.format(**places, folder="empty") for a in arguments)) == status
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert not (tmp_path / "a.svg").exists() and not (tmp_path / "a.png").exists()
