"""What is shipped: the tool must work from an installed wheel, with no source tree in sight."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=site.parent, capture_output=True, text=True, check=False
    )


def test_the_wheel_is_what_is_run(installed: Path) -> None:
    done = run(installed, "-c", "import convdsl; print(convdsl.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(installed), done.stderr


def test_check_runs_on_a_shipped_example(installed: Path) -> None:
    example = installed / "convdsl" / "examples" / "lenet5.cnn"
    done = run(installed, "-m", "convdsl", "check", str(example))
    assert done.returncode == 0 and "61,706" in done.stdout, done.stderr


def test_every_example_is_shipped(installed: Path) -> None:
    def names(folder: Path) -> list[str]:
        return sorted(f.name for f in folder.iterdir() if f.suffix in (".cnn", ".md"))

    assert names(installed / "convdsl" / "examples") == names(ROOT / "examples")


def test_the_page_is_shipped_without_what_is_not_ours(installed: Path) -> None:
    page = installed / "convdsl" / "page"
    assert {f.name for f in (page / "site").iterdir()} == {f.name for f in (ROOT / "page" / "site").iterdir()}
    assert (page / "package-lock.json").is_file() and not list(installed.rglob("*.wasm"))


def test_spanish_is_shipped(installed: Path) -> None:
    done = run(installed, "-m", "convdsl", "--lang", "es", "--help")
    assert "para redes convolucionales." in done.stdout


def test_the_pages_of_diagnostics_are_shipped(installed: Path) -> None:
    for language in ("en", "es"):
        done = run(installed, "-m", "convdsl", "--lang", language, "explain", "E301")
        assert done.returncode == 0 and "E301" in done.stdout, done.stderr


def test_networks_are_drawn_with_the_shipped_font(installed: Path) -> None:
    example = installed / "convdsl" / "examples" / "lenet5.cnn"
    for ending in ("svg", "pdf"):
        done = run(installed, "-m", "convdsl", "draw", str(example), "-o", str(installed.parent / f"net.{ending}"))
        assert done.returncode == 0 and not done.stderr, done.stderr
    assert list((installed / "convdsl" / "drawing" / "fonts").glob("LICENSE*"))


def test_the_small_data_set_is_shipped_with_its_licence(installed: Path) -> None:
    code = (
        "from convdsl.datasets import load; d = load('fashion-mini');print(d.train_images.shape, d.test_images.shape)"
    )
    assert run(installed, "-c", code).stdout.strip() == "(6000, 28, 28, 1) (1000, 28, 28, 1)"
    assert list((installed / "convdsl" / "datasets").glob("*LICENSE*"))
