"""A folder with one of everything that commands read, for tests that try all commands."""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from convdsl.cli import main
from convdsl.teaching.course import load
from convdsl.teaching.sheets.sheet import read_sheet
from tests.teaching.classes.conftest import filled

MAP = "input 6x6x1 -> conv 3 k1 softmax\ntrain { epochs 1\nbatch 8 }\n"
NET = "input 6x6x1 -> flatten -> dense 3 softmax\ntrain { epochs 1\nbatch 8 }\n"
SLIPS = "input 6x6x1 => flatten\ndense 3, softmax\n"
"""What `check --fix` mends."""
ROSTER = "id,name,email\n101,Ana Ruiz,ana@x.es\n102,Luis Gil,luis@x.es\n"
WORKSHEET = (
    'Identifier,"Full name","ID number",Status,Grade,"Maximum Grade","Last modified (grade)","Feedback comments"\n\
Participant 1,"Ana Ruiz",101,Submitted,,10.00,-,\nParticipant 2,"Luis Gil",102,Submitted,,10.00,-,\n'
)


def call(*words: str, stdin: bytes = b"") -> int:
    """The exit status of a command."""
    before = sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    try:
        return main(list(words))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    finally:
        sys.stdin = before


def furnish(folder: Path) -> None:
    """Programs, data, two trained networks, one for maps, a picture, a matrix, a sheet, a roster, what was handed in, Moodle's
    worksheet and a course. `folder` is the working one."""
    from PIL import Image

    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (36, 6, 6, 1), np.uint8)
    labels = np.arange(36) % 3
    np.savez(folder / "d.npz", x_train=images[:27], y_train=labels[:27], x_test=images[27:], y_test=labels[27:])
    np.savez(folder / "m.npz", images=images, masks=draw.integers(0, 3, (36, 6, 6), np.uint8))
    np.savez(folder / "some.npz", images=images[:2])
    Image.fromarray(images[0, :, :, 0]).save(folder / "p.png")
    (folder / "a.cnn").write_text("conv 8 k 3->relu\n")
    (folder / "net.cnn").write_text(NET)
    (folder / "slips.cnn").write_text(SLIPS)
    (folder / "map.cnn").write_text(MAP)
    (folder / "matrix.txt").write_text("1 2 3\n4 5 6\n7 8 9\n")
    (folder / "sheet.toml").write_text(
        'title = "S"\nid = "s1"\nsecret = "a long secret"\n[exercises]\nsize-valid = 1\nsoftmax = 1\n'
    )
    (folder / "roster.csv").write_text(ROSTER)
    (folder / "worksheet.csv").write_text(WORKSHEET)
    load()
    sheet = read_sheet(folder / "sheet.toml")
    for id in ("101", "102"):
        (folder / f"{id}.txt").write_text(filled(sheet, id))
    for name, data, seed in (("net", "d", "1"), ("net", "d", "2"), ("map", "m", "1")):
        status = call(
            "run", f"{name}.cnn", "--data", f"{data}.npz", "--seed", seed, "--out", f"{name}-{seed}", "--no-report"
        )
        assert status == 0
    assert call("course", "new", "mine") == 0
    if find_spec("onnx"):
        assert call("export", "onnx", "net.cnn", "--weights", "net-1", "-o", "net.onnx") == 0
