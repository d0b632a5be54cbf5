"""Every test speaks English unless it says otherwise, and writes to no folder of the user's."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from convdsl.messages import use_language

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")  # on a busy machine, slow is no defect

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it; a pipe's width is ours

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """The Spanish of the source tree as it stands now, also after an edit of a catalogue."""
    if not hasattr(config, "workerinput"):
        subprocess.run([sys.executable, str(ROOT / "scripts" / "translations.py"), "--compile"], check=True)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium. One for all tests of a process: Playwright starts only once in a thread."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="there is no playwright here (pip install convdsl[test-browser])"
    )
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for found in map(shutil.which, names) if found), None)
    if program is None:
        pytest.skip("there is no Chromium here (Debian: apt install chromium)")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture(autouse=True)
def no_loop_of_another(request: pytest.FixtureRequest) -> Iterator[None]:
    """While the browser is open, Playwright's event loop is this thread's running one: the REPL could begin none beside it."""
    running = None if "browser" in request.fixturenames else asyncio._get_running_loop()
    if running is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


Convdsl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def convdsl(tmp_path: Path) -> Convdsl:
    """Runs the command line as a process of its own, in an empty folder."""

    def run(*arguments: str, stdin: str | bytes | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "convdsl", *arguments],
            input=data,
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONIOENCODING": "utf-8", **environment},
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
