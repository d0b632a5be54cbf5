"""Python processes that help this one: they start with nothing of the working folder.

A program may lie in a folder that a stranger has filled. A process that is started there with `python -c` or `-m` would
look for modules in it first, and run its `random.py`.
"""

from __future__ import annotations

import json
import os
import sys
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
