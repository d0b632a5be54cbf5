"""Python processes that help this one: they start with nothing of the working folder.

A program may lie in a folder that a stranger has filled. A process that is started there with `python -c` or `-m` would
look for modules in it first, and run its `random.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

_START = """
import importlib.util, json, sys
package, paths, module, function = json.loads(sys.argv[1])
sys.path += [p for p in paths if p not in sys.path]
spec = importlib.util.spec_from_file_location("convdsl", package)
sys.modules["convdsl"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["convdsl"])
getattr(importlib.import_module(module), function)()
"""


def command(module: str, function: str) -> list[str]:
    """The call of a process of its own that runs a function of this package.

    `-I`: neither the working folder nor the user's variables. What this process can import comes behind what Python
    brings along, and of the working folder nothing at all.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except OSError:  # the folder is gone
        here = ""
    paths = [p for p in sys.path if os.path.isabs(p) and os.path.realpath(p) != here]
    package = str(Path(__file__).resolve().parent / "__init__.py")
    return [sys.executable, "-I", "-X", "utf8", "-c", _START, json.dumps([package, paths, module, function])]


def helper(module: str, told: bytes, folder: Path) -> subprocess.Popen[bytes] | None:
    """A process in `folder` that does the `work` of a module, told so much on its standard input. None where none can be
    started; where it is not told all, it ends with an error and has done nothing."""
    try:
        process = subprocess.Popen(
            command(module, "work"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
    except OSError:
        return None
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.write(told)
        process.stdin.close()
    return process


def awaited(processes: Iterable[subprocess.Popen[bytes] | None], own: Callable[[], None]) -> None:
    """Does the own part, and waits for the helpers; nobody waits for them after Ctrl-C."""
    started = [process for process in processes if process is not None]
    try:
        own()
        for process in started:
            process.wait()
    except BaseException:
        for process in started:
            process.kill()
        raise
