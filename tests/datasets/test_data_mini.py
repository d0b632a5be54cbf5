import hashlib
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from datafiles import REAL

from convdsl.datasets import load
from convdsl.datasets.registry import SHIPPED

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_fashion_mini.py"
PIXELS = "91ffafd3abf65722e2f946ed1142501541896767c1f1bc76b94c327962753ec1"


def test_the_shipped_data_set():
    data = load("fashion-mini", search=[], download=False)
    assert (data.name, data.source, data.notes) == ("fashion-mini", str(SHIPPED), ())
    assert data.train_images.shape == (6000, 28, 28, 1)
    assert data.test_images.shape == (1000, 28, 28, 1)
    assert data.train_images.dtype == np.uint8
    assert np.bincount(data.train_labels).tolist() == [600] * 10
    assert np.bincount(data.test_labels).tolist() == [100] * 10
    assert hashlib.sha256(data.train_images.tobytes() + data.test_images.tobytes()).hexdigest() == PIXELS


def test_every_ten_images_show_all_classes():
    data = load("fashion-mini")
    assert (data.train_labels.reshape(600, 10) == np.arange(10)).all()


def test_it_is_small_and_quick():
    assert SHIPPED.stat().st_size < 4_000_000
    start = time.perf_counter()
    load("fashion-mini")
    assert time.perf_counter() - start < 0.3


def test_its_licence_lies_beside_it():
    text = SHIPPED.with_name("fashion_mini.LICENSE.txt").read_text(encoding="utf-8")
    for words in ("Zalando SE", "MIT License", "WITHOUT WARRANTY OF ANY KIND", "arXiv:1708.07747"):
        assert words in " ".join(text.split())


@pytest.mark.skipif(REAL is None, reason="CONVDSL_DATA names no folder with the full data sets")
def test_the_script_builds_it_again(tmp_path):
    code = f"""
import runpy, numpy as np
script = runpy.run_path({str(SCRIPT)!r})
built, shipped = script["build"]({str(REAL)!r}), np.load(script["SHIPPED"])
assert sorted(built) == sorted(shipped.files)
assert all(np.array_equal(built[name], shipped[name]) and built[name].dtype == np.uint8 for name in built)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=SCRIPT.parents[1])


def test_the_script_says_how_it_is_called(tmp_path):
    for arguments, status in (([], 2), ([str(tmp_path)], 1)):
        done = subprocess.run(
            [sys.executable, SCRIPT, *arguments], capture_output=True, text=True, cwd=SCRIPT.parents[1]
        )
        assert done.returncode == status
        assert "Traceback" not in done.stderr
