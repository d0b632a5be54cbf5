"""Names that are no text, or play with a terminal, in what is drawn, charted, exported and written as pages: every writer."""

from __future__ import annotations

import os
import sys
import xml.dom.minidom
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from convdsl.messages import harmful
from convdsl.source import Source
from tests.safety.rooms import MAP, NET, call

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes there")
NAMES = {"broken": b"a\xf1o\x1b[1m\n::error::", "signs": b"x<b>&\"'\x07{0}%s$\\alpha$"}


def calls(name: str, out: str) -> Iterator[tuple[str, ...]]:
    net, data, run = f"{name}.cnn", f"{name}.npz", f"{name}-run"
    yield "run", net, "--data", data, "--out", run
    yield from (("draw", net, "-o", f"{out}/d.{kind}") for kind in ("svg", "pdf", "png", "tex", "mmd", "html"))
    yield from (("compare", net, run, "-o", f"{out}/c.{kind}") for kind in ("svg", "html", "csv"))
    yield from (("look", run, "--index", "0", "-o", f"{out}/l.{kind}") for kind in ("svg", "html"))
    yield from (
        ("convolve", "--layer", "1", "--of", f"{name}-map.cnn", "-o", f"{out}/v.{kind}")
        for kind in ("svg", "html", "tex")
    )
    yield from (("export", kind, net, "-o", f"{out}/{kind}.{end}") for kind, end in (("torch", "py"), ("keras", "py")))
    yield "export", "torch", net, "-o", f"{name}.py"
    yield "run", net, "--data", data, "--epochs", "2", "--out", f"{name}-2", "--no-report"
    yield "ensemble", run, f"{name}-2", "--data", data, "--out", f"{name}-all"
    yield "evaluate", f"{name}-all", "--csv"
    yield "runs", ".", "--csv"
    yield "check", net, "--format", "sarif"
    yield "explain", net, "--format", "latex"
    yield "data", data, "--augment", "flip", "-o", f"{out}/s.svg"


@pytest.mark.parametrize("kind", NAMES)
def test_every_writer(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    name, out = os.fsdecode(NAMES[kind]), tmp_path / "out"
    out.mkdir()
    Path(f"{name}.cnn").write_text(NET)
    Path(f"{name}-map.cnn").write_text(MAP)
    images = np.random.default_rng(0).integers(0, 256, (36, 6, 6, 1), np.uint8)
    np.savez(f"{name}.npz", images=images, labels=np.arange(36) % 3)
    for words in calls(name, str(out)):
        assert call(*words) == 0, words
        text = b"".join(capfdbinary.readouterr()).decode()
        assert not harmful().search(text), words
    written = [*out.iterdir(), Path(f"{name}-run/report.html")]
    assert len(written) > 12
    for path in written:
        if path.suffix not in (".pdf", ".png", ".safetensors", ".h5"):
            assert not harmful().search(path.read_text("utf-8").replace("\n", "")), path
        if path.suffix == ".svg":
            xml.dom.minidom.parse(str(path))
        if path.suffix == ".py":
            compile(path.read_text("utf-8"), str(path), "exec")


def test_a_network_named_by_its_file_has_a_name_that_can_be_shown() -> None:
    assert Source("", "año 2.cnn").stem() == "año 2"
    assert Source("", os.fsdecode(b"a\xf1o\n.cnn")).stem() == "a\\xf1o\\n"
    assert Source("", "x", net="a\x1b[1m").stem() == "a\\x1b[1m"
