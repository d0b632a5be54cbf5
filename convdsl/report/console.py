"""The terminal: colours where they are wanted, none into a pipe."""

from __future__ import annotations

import os
import sys
from typing import IO

from rich.console import Console

PIPE_WIDTH = 120


def console(file: IO[str] | None = None) -> Console:
    """A console on standard output, or on `file`. NO_COLOR and pipes are honoured; a pipe's width is 120 columns."""
    file = file or sys.stdout
    width = None if file.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=False, width=width)
