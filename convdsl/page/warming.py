"""What a page does once, before the memory of its Python is kept: later visits begin with what was loaded here."""

from __future__ import annotations

import json
import os

from convdsl.page.answers import answer

_PROGRAM = """input 28x28x1
conv 6 k5 p2 relu -> maxpool 2
residual { conv 6 k3 same bn }
flatten
dense 10 softmax
cnov 3
"""


def warm() -> None:
    """Looks at a small program in every way that a page does first."""
    for lang in ("es", "en"):
        for text in (_PROGRAM, _PROGRAM.rpartition("cnov")[0]):
            asked = {"lang": lang, "text": text, "theme": "light", "width": 600, "line": 2, "column": 1, "before": "co"}
            for what in ("look", "draw", "explain", "complete", "check"):
                answer(json.dumps({"what": what, **asked}))


def awake() -> None:
    """What must not be as it was when the memory was kept: chance, and what was found on a disk that is empty again."""
    import importlib
    import random

    random.seed()
    importlib.invalidate_caches()
    os.environ["CONVDSL_DATA_HOME"] = "/home/pyodide/progress"
