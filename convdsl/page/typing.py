"""What could stand at the cursor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convdsl.editing import proposals
from convdsl.page.looking import analysed


def complete(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The words that could stand at the end of `before`, the text up to the cursor; `text` is all of it."""
    found = proposals(asked["before"], analysed(asked["text"]))
    return {"words": [{"word": p.word, "typed": p.typed, "meaning": p.meaning} for p in found]}
