"""One request of the page, one answer: JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from convdsl.messages import T, use_language

LIBRARIES = ("lark", "sympy")
"""What the page fetches when it is first needed: sympy for formulas, lark for the answers of the course."""

_ROOMS = {
    "look": "looking",
    "draw": "looking",
    "check": "looking",
    "explain": "telling",
    "solve": "telling",
    "complete": "typing",
    "convolve": "convolving",
    "kernels": "convolving",
    "course": "practising",
    "prospect": "training",
    "train": "training",
    "maps": "training",
}
"""What can be asked, and the file whose function of that name answers; each is loaded when it is first asked."""


class Refused(Exception):
    """What was asked cannot be answered, for the reason that is said."""


def answer(request: str) -> str:
    """The answer to a request `{"what": …, "lang": "es", …}`.

    An answer with `needs` names a library to be put in place before the same is asked again; one with `said` is a
    sentence for whoever asked, `fault` is set where that is our own.
    """
    asked = json.loads(request)
    use_language(asked["lang"])
    try:
        function: Callable[[Mapping[str, Any]], Any] = getattr(
            import_module(f"convdsl.page.{_ROOMS[asked['what']]}"), asked["what"]
        )
        found = function(asked)
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        found = {"needs": name} if name in LIBRARIES else _own_fault(error)
    except Refused as error:
        found = {"said": str(error)}
    except Exception as error:  # the page stays, and its text
        found = _own_fault(error)
    return json.dumps(found, ensure_ascii=False)


def _own_fault(error: Exception) -> dict[str, Any]:
    said = T("This is a fault of convdsl: {kind}: {text}.", kind=type(error).__name__, text=error)
    return {"said": str(said), "fault": True}
