"""Ctrl-C in a training: at once while it compiles, after the step while it trains, and the second time at once."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl.cli.stopping import Stopper

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processor time of a process is asked of /proc")
LIMIT = 1.0
"""Seconds of the processor from the signal to the end: half a second on an idle machine, of which some are waited."""
NET = """input 28x28x1
repeat 6 { conv 8 k3 p same -> bn relu }
dense 10 softmax
train { data fashion-mini
batch 32
epochs 500 }
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    (tmp_path / "net.cnn").write_text(NET)
    process = subprocess.Popen(
        [sys.executable, "-m", "convdsl", "run", "net.cnn", "--no-report", "--out", "out", "--format", "json"],
        cwd=tmp_path,
        env={**os.environ, "CONVDSL_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    while line := process.stdout.readline():
        if word in line:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "")


def spent(process: subprocess.Popen[str]) -> float:
    """Seconds of the processor so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # and of the processes that it waited for


def spent_at_its_end(process: subprocess.Popen[str]) -> float:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("wait", [0.0, 0.7])
def test_while_it_compiles(start: subprocess.Popen[str], tmp_path: Path, wait: float) -> None:
    until(start, '"start"')
    time.sleep(wait)
    before = spent(start)
    start.send_signal(signal.SIGINT)
    assert spent_at_its_end(start) - before < LIMIT
    assert start.stderr is not None
    errors = start.stderr.read()
    assert start.returncode == 130 and "Traceback" not in errors
    assert (tmp_path / "out" / "checkpoint.safetensors").exists()
    assert not list(tmp_path.glob("convdsl-*"))


def test_the_second_time_at_once(start: subprocess.Popen[str], tmp_path: Path) -> None:
    until(start, '"epoch"')
    before = spent(start)
    start.send_signal(signal.SIGINT)
    assert start.stderr is not None and "Stopping after this step" in start.stderr.readline()
    start.send_signal(signal.SIGINT)
    assert spent_at_its_end(start) - before < LIMIT
    assert start.stderr is not None
    errors = start.stderr.read()
    assert start.returncode == 130 and "Traceback" not in errors


def test_ctrl_c_in_python_that_a_library_calls_is_not_lost_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)

    stopper = Stopper()
    stopper.for_itself = False
    before = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), stopper:
        ctypes.CFUNCTYPE(None)(interrupted)()
        time.sleep(5)
    assert capfd.readouterr().err == "" and sys.unraisablehook is before
