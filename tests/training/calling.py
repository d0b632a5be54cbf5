"""The command line in this process, and pictures to give it."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from convdsl.cli import main
from convdsl.messages import use_language

Said = subprocess.CompletedProcess[str]
COLOURS = {"blue": (40, 60, 220), "green": (40, 200, 60), "rosa ñ": (230, 90, 160)}


def call(*arguments: object) -> Said:
    """The command line in this process."""
    if arguments[0] == "run":
        arguments = ("run", "--no-report", *arguments[1:])
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        status = main(list(map(str, arguments)))
    except SystemExit as end:
        status = int(end.code or 0)
    finally:
        sys.stdout, sys.stderr = before
        use_language("en")
    return Said(arguments, status, out.getvalue(), err.getvalue())


def photo(path: Path, colour: tuple[int, int, int], seed: int, size: tuple[int, int] = (8, 8)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.RandomState(seed).randint(-30, 31, (*size, 3))
    Image.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(path)
