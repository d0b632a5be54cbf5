"""Every command that prints, into a full disk and into a pipe whose reader went away: one message, the right status.

Each runs in a child of this process, with a stream of its own as standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convdsl.cli import main
from convdsl.cli.streams import CLOSED_PIPE
from tests.safety.rooms import furnish

pytestmark = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")

CALLS = """
check net.cnn
check net.cnn --format json
check net.cnn --format sarif
check net.cnn --show tree
check slips.cnn
compare net.cnn map.cnn
completion bash
convolve matrix.txt --kernel sobel-x
convolve matrix.txt --kernel sobel-x --format json
course list
course lint --course mine
course print
course print --format html
course progress
data d.npz
data d.npz --format json
ensemble net-1 net-2 --data d.npz
evaluate net-1
evaluate net-1 --csv
evaluate net-1 --format json
explain net.cnn
explain net.cnn --format json
explain net.cnn --format latex
explain conv
explain E101
export torch net.cnn
export keras net.cnn
fmt --diff a.cnn
grade 101.txt 102.txt --sheet sheet.toml --roster roster.csv
grade 101.txt 102.txt --sheet sheet.toml --roster roster.csv --csv
import net.onnx
predict net-1 p.png
predict net-1 p.png --csv
predict net-1 p.png --json
predict map-1 d.npz
run net.cnn --data d.npz --no-report --out again-{n}
runs .
runs . --csv
runs . --format json
solve unknown.cnn
solve unknown.cnn --format json
check --help
course --help
--help
--version
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder, before = tmp_path_factory.mktemp("room"), Path.cwd()
    os.chdir(folder)
    try:
        furnish(folder)
        (folder / "unknown.cnn").write_text("input 8x8x1\nconv 4 k?\nexpect 6x6x4\n")
        yield folder
    finally:
        os.chdir(before)


def status_of(call: str, errors: int) -> int:
    """The exit status of a command whose standard error is `errors`."""
    child = os.fork()
    if not child:
        status = 99
        try:
            os.dup2(errors, 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.stdout, sys.stderr = open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
            status = main(call.split())
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def status_and_errors(call: str, out: int, room: Path, at_once: bool = False) -> tuple[int, str]:
    """The exit status of a command whose standard output is `out`, and what it wrote to standard error. Each write goes out
    `at_once` where PYTHONUNBUFFERED is set."""
    errors = room / "errors"
    child = os.fork()
    if not child:
        status = 99
        try:
            os.dup2(out, 1)
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
            sys.stdout.reconfigure(write_through=at_once)
            try:
                status = main(call.split())
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else 98
            try:
                sys.stdout.flush()
            except OSError:  # what Python does then at its end
                status = 120
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), errors.read_text()


@pytest.mark.parametrize("call", CALLS.strip().splitlines())
def test_a_full_disk_and_a_reader_that_goes_away(call: str, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)
    full = os.open("/dev/full", os.O_WRONLY)
    status, errors = status_and_errors(call.format(n=1), full, room)
    os.close(full)
    told = [line for line in errors.splitlines() if "the disk is full" in line]
    assert (status, len(told)) == (2, 1) and told[0].startswith("convdsl: ") and "Traceback" not in errors, (
        status,
        errors,
    )
    reader, writer = os.pipe()
    os.close(reader)
    status, errors = status_and_errors(call.format(n=2), writer, room)
    os.close(writer)
    assert status in (0, CLOSED_PIPE) and "Traceback" not in errors and "Broken pipe" not in errors, (status, errors)


@pytest.mark.parametrize("call", ["check --help", "check net.cnn", "predict net-1 p.png --csv", "fmt --diff a.cnn"])
def test_each_write_goes_out_at_once(call: str, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)
    with open("/dev/full", "wb") as full:
        status, errors = status_and_errors(call, full.fileno(), room, at_once=True)
    assert status == 2 and errors == "convdsl: the disk is full\n"


@pytest.mark.parametrize("call", ["check --bad", "check nothere.cnn", "predict net-1 nothere.png", "nothing"])
def test_where_the_message_goes_is_full(call: str, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room)
    with open("/dev/full", "wb") as full:
        assert status_of(call, full.fileno()) == 2
