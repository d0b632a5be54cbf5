"""The report of a run: complete, true to the run's files, the same each time, and a page that needs nothing and hides nothing."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdsl.cli import main
from convdsl.messages import use_language
from tests.document.test_writers import Page

NET = """net small <b>
input 28x28x1
conv 4 k5 s2 -> bn relu
maxpool 2
dense 10 softmax
train {
  data fashion-mini
  optimizer adam lr=0.01
  batch 32
  epochs 3
  limit 300
}
"""
RUN = ("--device", "plain")


def train(folder: Path, *options: str, language: str = "en") -> int:
    try:
        return main(["run", str(folder / "net.cnn"), *RUN, *options, "--lang", language])
    finally:
        use_language("en")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "net.cnn").write_text(NET.replace(" <b>", ""))
    assert train(folder, "--out", str(folder / "one")) == 0
    return folder


@pytest.fixture(scope="module")
def page(here: Path) -> str:
    return (here / "one" / "report.html").read_text(encoding="utf-8")


def without_times(text: str) -> str:
    return re.sub(r'<table class="rows time">.*?</table>', "", text, flags=re.DOTALL)


def table(text: str, role: str) -> list[list[str]]:
    found = re.search(rf'<table class="rows {role}">(.*?)</table>', text, re.DOTALL)
    assert found, role
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", r, re.DOTALL)] for r in rows]


def test_it_has_all_sections_and_every_tag_is_closed(page: str) -> None:
    Page(page)
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "The network",
        "Program and settings",
        "The training",
        "What is taken for what",
        "Class by class",
        "The most frequent confusions",
        "The most wrong answers",
        "How far its probabilities can be trusted",
        "The first filters",
        "What layers make of a picture",
        "Where the time went",
    ]
    assert "conv 4 k5 s2 -&gt; bn relu" in page and "net.cnn --epochs" not in page
    assert len(page) < 1_000_000
    assert not re.findall(r"<script|@import|url\((?!#)|(?:src|href)=\"(?!data:|#)", page)
    assert set(re.findall(r"https?://[^\s\"<)]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert all("alt=" in image for image in re.findall(r"<img[^>]*>", page))


def test_confusions_are_those_of_the_evaluation(here: Path, page: str) -> None:
    figures = json.loads((here / "one" / "evaluation.json").read_text())
    rows = table(page, "confusion")[1:]
    counts = [[0 if c == "·" else int(c.replace(",", "")) for c in row[1:]] for row in rows]
    assert counts == figures["confusion"]
    assert [sum(row) for row in counts] == [c["images"] for c in figures["classes"]]
    recalls = {row[0]: row[3] for row in table(page, "classes")[1:]}
    assert recalls == {c["name"]: f"{100 * c['recall']:.1f} %" for c in figures["classes"]}


@pytest.mark.parametrize("line, column", [("loss", "loss"), ("validation-accuracy", "val_accuracy"), ("rate", "lr")])
def test_curves_are_the_metrics(here: Path, page: str, line: str, column: str) -> None:
    """Points lie where the epochs and the figures are, on one scale for all."""
    with (here / "one" / "metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    found = re.search(rf'<g id="{line}">\s*<path d="(.*?)"', page, re.DOTALL)
    assert found
    points = np.array([tuple(map(float, p.split())) for p in re.findall(r"[ML] ([\d. ]+)", found[1])])
    wanted = np.array([(float(r["epoch"]), float(r[column])) for r in rows])
    assert len(points) == len(wanted) == 3
    for axis in (0, 1):
        design = np.stack([wanted[:, axis], np.ones(3)], 1)
        fit, *_ = np.linalg.lstsq(design, points[:, axis], rcond=None)
        assert np.abs(design @ fit - points[:, axis]).max() < 0.05
    assert points[0, 0] < points[2, 0]


def test_the_most_wrong_are_those_of_the_highest_loss(here: Path, page: str) -> None:
    import convdsl

    trained = convdsl.trained(here / "one")
    from convdsl.datasets import load
    from convdsl.training.splitting import limited

    data = load("fashion-mini", seed=0)
    rows = limited(len(data.test_images), trained.settings)
    answers = trained.answers(data.test_images[rows])
    losses = -np.log(answers[np.arange(len(rows)), data.test_labels[rows]])
    wanted = rows[np.argsort(-losses, kind="stable")][:24]
    part = page[page.index("The most wrong answers") :]
    part = part[: part.index("</div>")]
    shown = [int(n) for n in re.findall(r"<figcaption>image (\d+):", part)]
    assert shown == list(wanted)
    first = re.search(r'src="data:image/png;base64,([^"]+)"', part)
    assert first
    import io

    from PIL import Image

    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(first[1]))))
    assert (picture == data.test_images[wanted[0], ..., 0]).all()
    said = answers[np.argsort(-losses, kind="stable")[0]]
    assert f"{data.classes[int(said.argmax())]} {100 * said.max():.1f}\u00a0%" in part


def test_the_same_run_writes_the_same_page(here: Path, page: str) -> None:
    """Also one that was broken off and went on."""
    assert train(here, "--out", str(here / "two"), "--epochs", "3") == 0
    again = (here / "two" / "report.html").read_text(encoding="utf-8")
    assert without_times(again).replace(" --epochs 3", "") == without_times(page)
    from convdsl.training.loop import _Loop

    asked: list[int] = []
    whole = _Loop.steps

    def stopped(loop: Any, stop: Any) -> Iterator[Any]:
        asked.append(1)
        return whole(loop, (lambda: True) if len(asked) == 2 else stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_Loop, "steps", stopped)
        assert train(here, "--out", str(here / "three")) == 130
    assert not (here / "three" / "report.html").exists()
    assert train(here, "--out", str(here / "three"), "--resume") == 0
    assert without_times((here / "three" / "report.html").read_text(encoding="utf-8")) == without_times(page)


def test_a_report_that_fails_spoils_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from convdsl.report.page import writing

    def broken(*_: object) -> None:
        raise RuntimeError("no chart")

    monkeypatch.setattr(writing, "inspect", broken)
    folder = here / "broken"
    assert train(here, "--out", str(folder), "--epochs", "1") == 0
    said = capsys.readouterr().out
    assert "report.html was not written: RuntimeError: no chart. All else of the run is there." in said
    assert (folder / "weights.safetensors").exists() and not (folder / "report.html").exists()
    monkeypatch.undo()
    (folder / "report.html").mkdir()
    assert train(here, "--out", str(folder), "--resume", "--epochs", "1", "--format", "json") == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["event"] == "warning" and "was not written: it is a folder" in last["message"]
    assert train(here, "--out", str(here / "none"), "--epochs", "1", "--no-report") == 0
    assert not (here / "none" / "report.html").exists()


def test_names_of_others_are_text(tmp_path: Path) -> None:
    """Classes called like tags, formulas or code, and a language of their own."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (60, 6, 6, 3)).astype(np.uint8)
    labels = np.arange(60) % 3
    names = ["<script>alert(1)</script>", "$\\frac{1}{2}$", "数字 & `x`"]
    np.savez(tmp_path / "d.npz", images=images, labels=labels, classes=np.array(names))
    (tmp_path / "net.cnn").write_text("input 6x6x3 -> conv 2 k3 relu -> dense 3 softmax")
    data = str(tmp_path / "d.npz")
    assert train(tmp_path, "--data", data, "--epochs", "1", "--out", str(tmp_path / "r"), language="es") == 0
    text = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    Page(text)
    assert "<script" not in text and "&lt;script&gt;" in text and "数字 &amp;" in text and "$\\frac{1}{2}$" in text
    assert '<html lang="es">' in text and "Las respuestas más equivocadas" in text and "The " not in text


def test_a_browser_shows_it_without_asking_for_anything(here: Path, browser: Any) -> None:
    """No request and no complaint, with scripts and without; nothing that axe objects to, light and dark; on paper no picture
    is cut in two; on a narrow screen the page is no wider than it."""
    address = (here / "one" / "report.html").as_uri()
    for scheme, scripts in (("light", True), ("dark", True), ("light", False)):
        tab = browser.new_page(java_script_enabled=scripts, color_scheme=scheme)
        said: list[str] = []
        tab.on("request", lambda request, said=said: said.append(request.url))
        tab.on("console", lambda message, said=said: said.append(message.text))
        tab.goto(address)
        assert [s for s in said if not s.startswith("data:")] == [address]
        if scripts:
            axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
            found = axe.run(tab)
            assert found.violations_count == 0, found.generate_report()
            tab.set_viewport_size({"width": 360, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") <= 360
        tab.close()
    tab = browser.new_page(viewport={"width": 718, "height": 1000})  # A4 with its margins
    tab.emulate_media(media="print")
    tab.goto(address)
    tallest = tab.evaluate(
        "Math.max(...[...document.querySelectorAll('figure')].map(f => f.getBoundingClientRect().height))"
    )
    kept = tab.evaluate(
        "[...document.querySelectorAll('figure')].every(f => getComputedStyle(f).breakInside == 'avoid')"
    )
    assert kept and tallest < 900  # so that each finds room on a page
    tab.close()
