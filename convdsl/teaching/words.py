"""The words of a line: what each of them is, for colours, and what could follow, for completion. Both read the layers'
declarations, so that a new layer is known here at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from convdsl.layers import ACTIVATIONS, BY_NAME, COMBINATIONS, STRUCTURES, Layer
from convdsl.layers.arguments import Choice, Flag, Padding
from convdsl.messages import translate
from convdsl.network import Analysis
from convdsl.teaching.commands import COMMANDS
from convdsl.teaching.keywords import KEYWORDS

QUANTITIES = ("params", "trainable", "buffers", "macs", "flops", "rf", "jump", "layer")

_TOKEN = re.compile(
    r"(?P<comment>#.*)|(?P<arrow>->|→)|(?P<bracket>[{}|()])|(?P<matrix>\[[^\]]*\]?)|(?P<hole>\?[A-Z0-9_]*)"
    r"|(?P<symbol>[A-Z][A-Z0-9_]*)|(?P<word>[a-zß-öø-ÿ_][\wß-öø-ÿ-]*)|(?P<number>[0-9][0-9_.x×]*[KMG]?)|(?P<other>.)",
    re.DOTALL,
)
_GLUED = re.compile(r"([a-z_]+?)([0-9].*)")


class Piece(NamedTuple):
    """A stretch of a line and what it is: `layer`, `keyword`, `option`, `activation`, `number`, `symbol`, `hole`,
    `comment`, `command` …, or nothing in particular."""

    text: str
    kind: str = ""


def pieces(line: str, blocks: Iterable[str] = ()) -> Iterator[Piece]:
    """A line in its pieces; together they are the line."""
    if line.lstrip().startswith(":"):
        name, space, rest = line.partition(" ")
        yield from (Piece(name, "command"), Piece(space + rest))
        return
    first = True
    layer: type[Layer] | None = None
    for match in _TOKEN.finditer(line):
        kind, text = match.lastgroup or "", match[0]
        if kind in ("arrow", "bracket"):
            first = first or kind == "arrow" or text in "{|}"
            layer = None if kind == "arrow" or text in "{|}" else layer
        elif kind == "word":
            known = BY_NAME.get(text)
            kind, text = _kind_of(text, layer, first, blocks), text
            if first and known is not None:
                layer = known
            first = False
        yield Piece(text, kind if kind != "other" else "")


def _kind_of(word: str, layer: type[Layer] | None, first: bool, blocks: Iterable[str]) -> str:
    if first:
        if word in KEYWORDS:
            return "keyword"
        if word in COMBINATIONS or word in STRUCTURES:
            return "structure"
        if word in ACTIVATIONS:
            return "activation"
        return "layer" if word in BY_NAME else "block" if word in blocks else ""
    if word in ACTIVATIONS:
        return "activation"
    match = _GLUED.fullmatch(word)
    name = match[1] if match else word
    return "option" if name in QUANTITIES or (layer is not None and name in _options(layer)) else ""


def _options(layer: type[Layer]) -> dict[str, str]:
    """Options and words that may stand behind a layer's name, each with what it means."""
    found: dict[str, str] = {}
    for argument in layer.arguments.values():
        if isinstance(argument, Flag):
            found[argument.word] = argument.doc
        elif isinstance(argument, Choice):
            found.update(dict.fromkeys(argument.words, argument.doc))
        elif not argument.positional or argument.name in ("k",):
            found[argument.name] = argument.doc
        if isinstance(argument, Padding):
            found.update(same="zeros so that the size is N/S, rounded up", valid="no zeros")
    return found


# Completion.


class Proposal(NamedTuple):
    """A word that could stand at the cursor instead of the last `typed` characters, and what it means."""

    word: str
    typed: int
    meaning: str = ""


def proposals(text: str, analysis: Analysis, exercises: Iterable[str] = ()) -> list[Proposal]:
    """What could stand at the end of a text, the most usual first. File names are not among it."""
    line = text.rpartition("\n")[2]
    if line.lstrip().startswith(":"):
        return _behind_colon(line.lstrip(), analysis, exercises)
    if "#" in line:
        return []
    segment = re.split(r"->|→|[{}|]", line)[-1]
    words = segment.split()
    typed = words[-1] if words and not segment[-1:].isspace() else ""
    before = words[:-1] if typed else words
    if typed and not re.fullmatch(r"[a-z_]+", typed):
        return []
    known = _beginnings(analysis) if not before else _continuations(before)
    return [Proposal(w, len(typed), m) for w, m in known.items() if w.startswith(typed) and w != typed]


def _beginnings(analysis: Analysis) -> dict[str, str]:
    """Words that a statement can begin with."""
    known = {name: translate(layer.documentation()) for name, layer in BY_NAME.items() if name not in COMBINATIONS}
    known |= {name: f"{name} {{ A | B }}" for name in COMBINATIONS}
    known |= {name: f"{written}: {meaning}" for name, (written, meaning) in STRUCTURES.items()}
    known |= {name: str(meaning) for name, meaning in KEYWORDS.items()}
    for name, parameters in blocks_of(analysis).items():
        known[f"{name}("] = f"block {name}({', '.join(parameters)})"
    return known


def blocks_of(analysis: Analysis) -> dict[str, tuple[str, ...]]:
    """The blocks that a program defines, with their parameters."""
    from convdsl.language.tree import Block

    blocks = [s for s in analysis.program.statements if isinstance(s, Block)]
    return {b.name.text: tuple(p.name for p in b.parameters) for b in blocks}


def _continuations(before: list[str]) -> dict[str, str]:
    """Words that can follow the ones that are there."""
    if before[0] == "expect":
        return dict.fromkeys(QUANTITIES, "")
    layer = BY_NAME.get(before[0])
    if layer is None:
        return {}
    given = {m[1] if (m := _GLUED.fullmatch(w)) else w for w in before[1:]}
    known = {w: translate(doc) for w, doc in _options(layer).items() if w not in given}
    if before[-1] != "p":
        known = {w: m for w, m in known.items() if w not in ("same", "valid")}
    if layer.activates and not given & set(ACTIVATIONS):
        known |= {name: translate(c.documentation()) for name, c in ACTIVATIONS.items()}
    return known


def _behind_colon(line: str, analysis: Analysis, exercises: Iterable[str]) -> list[Proposal]:
    name, space, rest = line[1:].partition(" ")
    if not space:
        return [Proposal(f":{c}", len(line), str(d.does)) for c, d in COMMANDS.items() if c.startswith(name)]
    typed = rest.rpartition(" ")[2]
    nodes = analysis.network.nodes
    known: dict[str, str] = {}
    if name == "lang":
        known = {"es": "español", "en": "English"}
    elif name in ("set", "unset"):
        ending = "=" if name == "set" else ""
        known = {f"{s}{ending}": "" for s in sorted(analysis.network.mentioned)}
    elif name == "explain":
        known = {str(n.index): n.text for n in nodes}
    elif name == "show":
        known = {"text": ""}
    elif name in ("exercise", "reset"):
        known = dict.fromkeys(exercises, "")
    elif name == "help":
        known = {n: translate(c.documentation()) for n, c in BY_NAME.items()}
    return [Proposal(w, len(typed), m) for w, m in known.items() if w.startswith(typed) and w != typed]
