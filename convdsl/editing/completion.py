"""What could stand at the cursor: words of the language, read from the layers' declarations and from the program itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from convdsl.editing.words import GLUED, options_of
from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.language.tree import Block, parameter_name
from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS
from convdsl.layers.arguments import PADDING_WORDS
from convdsl.messages import translate
from convdsl.network import Analysis
from convdsl.network.graph import QUANTITIES


class Proposal(NamedTuple):
    """A word that could stand at the cursor instead of the last `typed` characters, and what it means."""

    word: str
    typed: int
    meaning: str = ""


class Setting(NamedTuple):
    """A line of a `train` block: what it means, and the words and options that can stand behind its name."""

    meaning: str
    words: Mapping[str, str]
    options: Mapping[str, str]


_IN_TRAINING = re.compile(r"^[ \t]*train[ \t]*\{[^{}]*\Z", re.MULTILINE)
_COMMENT = re.compile(r"#.*")


def proposals(text: str, analysis: Analysis, settings: Mapping[str, Setting] | None = None) -> list[Proposal]:
    """What could stand at the end of a text, the most usual first. File names are not among it. `settings` are the lines of
    a `train` block, which this room does not know."""
    line = text.rpartition("\n")[2]
    if "#" in line:
        return []
    segment = re.split(r"->|→|[{}|]", line)[-1]
    words = segment.split()
    typed = words[-1] if words and not segment[-1:].isspace() else ""
    before = words[:-1] if typed else words
    if typed and not re.fullmatch(r"[a-z_]+", typed):
        return []
    if _IN_TRAINING.search(_COMMENT.sub("", text)):
        known = _training(before, settings or {})
    elif not before:
        known = _beginnings(analysis)
    else:
        known = (
            _kept(analysis)
            if before in (["from"], ["unpool"])
            else _continuations(before, _parameters(analysis, len(text)))
        )
    return [Proposal(w, len(typed), m) for w, m in known.items() if w.startswith(typed) and w != typed]


def _beginnings(analysis: Analysis) -> dict[str, str]:
    """Words that a statement can begin with."""
    known = {name: translate(layer.documentation()) for name, layer in BY_NAME.items() if name not in COMBINATIONS}
    known |= {name: f"{name} {{ A | B }}" for name in COMBINATIONS}
    known |= {name: f"{written}: {meaning}" for name, (written, meaning) in WORDS.items()}
    known |= {name: str(meaning) for name, meaning in KEYWORDS.items()}
    for name, parameters in blocks_of(analysis).items():
        known[f"{name}("] = f"block {name}({', '.join(parameters)})"
    return known


def _training(before: list[str], settings: Mapping[str, Setting]) -> dict[str, str]:
    """Names of lines of a `train` block; behind a name, its words (one of them) and its options."""
    if not before:
        return {name: setting.meaning for name, setting in settings.items()}
    if before[0] not in settings:
        return {}
    _, words, options = settings[before[0]]
    given = {word.partition("=")[0] for word in before[1:]}
    known = {} if given & set(words) else dict(words)
    return known | {word: meaning for word, meaning in options.items() if word.rstrip("=") not in given}


def _kept(analysis: Analysis) -> dict[str, str]:
    """The names that values are kept under."""
    names = re.findall(r"\bkeep[ \t]+([a-z_][a-z0-9_]*)", analysis.program.source.text)
    return {name: f"keep {name}" for name in names}


def blocks_of(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """The blocks that a program defines, with their parameters."""
    blocks = [s for s in analysis.program.statements if isinstance(s, Block)]
    return {b.name.text: tuple(map(parameter_name, b.parameters)) for b in blocks}


def _parameters(analysis: Analysis, offset: int) -> dict[str, str]:
    """The words that the block around a place takes, each for an activation."""
    around = [s for s in analysis.program.statements if isinstance(s, Block) and s.span.start < offset <= s.span.end]
    taken = [parameter_name(p) for block in around for p in block.parameters]
    return {name: "" for name in taken if name.islower()}


def _continuations(before: list[str], parameters: Mapping[str, str]) -> dict[str, str]:
    """Words that can follow the ones that are there; `parameters` are those that stand for words."""
    if before[0] == "expect":
        return dict.fromkeys((*QUANTITIES, "layer"), "")
    layer = BY_NAME.get(before[0])
    if layer is None:
        return {}
    given = {m[1] if (m := GLUED.fullmatch(w)) else w for w in before[1:]}
    known = {w: translate(doc) for w, doc in options_of(layer).items() if w not in given}
    if before[-1] != "p":
        known = {w: m for w, m in known.items() if w not in PADDING_WORDS}
    if layer.activates and not given & set(ACTIVATIONS):
        known |= parameters
        known |= {name: translate(c.documentation()) for name, c in ACTIVATIONS.items()}
    return known
