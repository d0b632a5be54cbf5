"""JSON on standard output: the one place that writes it, for every command."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from convdsl.messages import harmful


def print_json(*values: Mapping[str, Any], together: bool = False) -> None:
    """Data for programs: each figure on a line of its own, each entry of a list (a layer, a diagnostic) on one line.
    Several values, or one with `together`, become a list."""
    _print(json_text(*values, together=together))


def json_text(*values: Mapping[str, Any], together: bool = False) -> str:
    """What `print_json` prints, without the last line end. What could play with a terminal is written in JSON's own escapes,
    which every reader knows."""
    texts = [_spread(value) for value in values]
    text = f"[{','.join(texts)}]" if together or len(texts) != 1 else texts[0]
    return _harmless(text)


def print_line(value: Mapping[str, Any]) -> None:
    """One event of many, on a line. Raises ValueError for a number that is not finite."""
    _print(_harmless(json.dumps(value, ensure_ascii=False, allow_nan=False)))


def _spread(data: Mapping[str, Any]) -> str:
    lines = []
    for key, value in data.items():
        if isinstance(value, Sequence) and value and isinstance(value[0], Mapping):
            entries = ",\n  ".join(json.dumps(entry, ensure_ascii=False) for entry in value)
            text = f"[\n  {entries}\n ]"
        else:
            text = json.dumps(value, ensure_ascii=False)
        lines.append(f" {json.dumps(key, ensure_ascii=False)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _harmless(text: str) -> str:
    return harmful().sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _print(text: str) -> None:
    """What the encoding of standard output lacks is written in escapes too."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        text = "".join(c if c.isascii() else json.dumps(c)[1:-1] for c in text)
    print(text, flush=True)
