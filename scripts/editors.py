"""Writes what editors need of the language from its declarations: `editors/vscode/syntaxes/cnn.tmLanguage.json`.

python scripts/editors.py           # writes
python scripts/editors.py --check   # exit status 1 where something is stale; a test does this
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from convdsl.editing.words import options_of
from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS
from convdsl.network.graph import QUANTITIES

ROOT = Path(__file__).resolve().parent.parent
GRAMMAR = ROOT / "editors" / "vscode" / "syntaxes" / "cnn.tmLanguage.json"


def grammar() -> dict[str, Any]:
    """A TextMate grammar, which VS Code and others read: colours for what no server has looked at yet."""
    options = {name for layer in BY_NAME.values() for name in options_of(layer)}
    patterns = [
        {"name": "comment.line.number-sign.cnn", "match": "#.*$"},
        {"name": "string.quoted.double.cnn", "match": r'"[^"\n]*"'},
        {"name": "keyword.operator.arrow.cnn", "match": "->|→"},
        {"name": "constant.numeric.matrix.cnn", "match": r"\[[^\]\n]*\]"},
        {
            "match": rf"^(\s*)({_words(KEYWORDS)})\b",
            "captures": {"2": {"name": "keyword.other.cnn"}},
        },
        {
            "name": "keyword.control.cnn",
            "match": rf"\b({_words({*WORDS, *COMBINATIONS})})\b(?=[^=(]*(\{{|$)|\s+[a-z_])",
        },
        {"name": "entity.name.function.call.cnn", "match": r"\b[a-z_][a-z0-9_]*(?=\()"},
        {
            "match": rf"(?:(?<=^|->|→|\{{|\|)|^)\s*({_words(set(BY_NAME) - set(ACTIVATIONS))})\b",
            "captures": {"1": {"name": "support.function.layer.cnn"}},
        },
        {"name": "support.constant.activation.cnn", "match": rf"\b({_words(ACTIVATIONS)})\b"},
        {
            "match": rf"\b({_words({o for o in options if len(o) > 1 and o.isascii()} | set(QUANTITIES))})\b",
            "captures": {"1": {"name": "variable.parameter.cnn"}},
        },
        {
            "match": rf"\b({_words(o for o in options if o.isalpha())})(?==|[0-9(?]|\s+[0-9])",
            "captures": {"1": {"name": "variable.parameter.cnn"}},
        },
        {"name": "variable.other.hole.cnn", "match": r"\?[A-Z0-9_]*"},
        {"name": "variable.other.symbol.cnn", "match": r"\b[A-Z][A-Z0-9_]*\b"},
        {
            "name": "constant.numeric.cnn",
            "match": r"(?<![A-Za-z_])[0-9][0-9_.]*([x×][0-9]+)*[KMG]?|(?<=\b[a-z])[0-9][0-9x×.]*",
        },
    ]
    return {
        "comment": "Written by scripts/editors.py from the declarations in convdsl/layers.",
        "name": "convdsl",
        "scopeName": "source.cnn",
        "fileTypes": ["cnn"],
        "patterns": patterns,
    }


def _words(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 where something is stale")
    options = parser.parse_args()
    text = json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"
    if options.check:
        fresh = GRAMMAR.exists() and GRAMMAR.read_text("utf-8") == text
        print("" if fresh else f"{GRAMMAR.relative_to(ROOT)} is stale: python scripts/editors.py", file=sys.stderr)
        return 0 if fresh else 1
    GRAMMAR.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
