"""Answers to names that no layer has: what is meant, and how it is written here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from convdsl.diagnostics import Fix
from convdsl.diagnostics import written as put
from convdsl.language import tree
from convdsl.language.foreign import rewrite
from convdsl.language.keywords import BRACED, KEYWORDS, STRUCTURES, WORDS
from convdsl.language.not_here import meant_otherwise, not_here
from convdsl.language.options import OPTIONS, fold
from convdsl.language.other_tools import written_elsewhere
from convdsl.language.statement import Correction
from convdsl.layers import BY_NAME, COMBINATIONS, Layer
from convdsl.layers.combining import Combination
from convdsl.messages import T
from convdsl.network.binding import Binder
from convdsl.network.edits import line_instead, whole, without
from convdsl.network.elsewhere import MARKS, keyword_called, layer_called
from convdsl.network.suggest import meant, mistyped
from convdsl.network.values import Scope
from convdsl.source import Span

_COUNTED = re.compile(r"[0-9A-Z]+\s*\{")
"""What follows where a loop only counts."""
_OPTION = re.compile(r"[kspdg][0-9]+")
_GLUED = re.compile(r"([a-z_]+?)([0-9]+)((?:[kspdg][0-9]+)*)")


def answer(written: tree.Layer, blocks: Mapping[str, tree.Block], binder: Binder, text: str) -> T | Fix | Correction:
    """The way out for a layer that does not exist: a help, or another diagnosis altogether. `text` is the program's."""
    word = written.name.text
    place = whole(text, written.span)
    line = text[place.start : place.end]
    rest = text[written.name.span.end : written.span.end].strip()
    if word in blocks:
        return _uncalled_block(blocks[word], written, place)
    if written.branches is None and line[len(word) :].startswith("("):
        call = foreign_call(place, line)
        if call is not None:
            return call
    several = _several_words(written, binder, text)
    if several is not None:
        return several
    keyword = keyword_called(word)
    declared = layer_called(word)
    honest = not_here(word)
    if honest is not None and (keyword is None or not _COUNTED.match(rest)):
        return honest
    otherwise = meant_otherwise(word)
    if otherwise is not None:
        return otherwise
    if keyword is not None and (declared is None or written.branches is not None):
        here = _keyword_line(keyword, rest)
        way = T("Here it is written `{example}`.", example=here)
        return put(written.name.span, keyword, way) if here == f"{keyword} {rest}" else way
    whole_example = declared is not None and (issubclass(declared, Combination) or " -> " in declared.example)
    if declared is not None and whole_example and written.branches is None:
        return T("Here it is written `{example}`.", example=declared.example)
    if declared is not None and written.branches is not None and not issubclass(declared, Combination):
        return T("`{layer}` takes no braces: it is written `{example}`.", layer=declared.name, example=declared.example)
    if declared is not None:
        mended = None if written.branches is not None else binder.mended_line(declared, written.items, Scope())
        return _here(text, written.name, written.items, mended, declared.example)
    if fold(word) in MARKS and written.branches is not None:
        return T(
            "Several outputs have names, `output boxes {{ conv 255 k1 }}`; a side exit with a loss of its own is written "
            "`aux 0.3 {{ dense 10 softmax }}`."
        )
    if fold(word) in MARKS:
        return Fix(T("The last layer is the output: nothing marks it."), (without(text, written.span),))
    if _OPTION.fullmatch(word) or fold(word) in OPTIONS:
        return T("`{option}` is an option: it stands on the line of its layer.", option=word)
    glued = _GLUED.fullmatch(word)
    if glued and glued[1] in BY_NAME:
        window = f"{glued[1]} {rest} k{glued[2]}"
        if rest[:1].isdigit() and binder.is_right(window, BY_NAME[glued[1]], Scope()):
            return _here(text, written.name, written.items, window, window)
        spaced = " ".join(filter(None, (glued[1], glued[2], *_OPTION.findall(glued[3]), rest)))
        right = spaced if written.branches is None and binder.is_right(spaced, BY_NAME[glued[1]], Scope()) else None
        return _here(text, written.name, written.items, right, spaced)
    names = (
        [*BRACED, "block", "shared", "train"]
        if written.branches is not None
        else [*BY_NAME, *WORDS, *blocks, *KEYWORDS]
    )
    name = mistyped(word, names)
    if name is not None:
        return meant(word, name, written.name.span)
    return T("`convdsl explain layers` lists all layers.")


def _here(text: str, name: tree.Word, items: Sequence[tree.Item], line: str | None, example: str) -> T | Fix:
    """How a line is written here; without the line, the example of a layer."""
    if line is None:
        return T("Here it is written `{example}`.", example=example)
    return line_instead(text, name, items, line, T("Here it is written `{example}`.", example=line))


def foreign_call(span: Span, text: str) -> Correction | None:
    """The answer to a call as Python writes it: `flatten()`, `conv(64)`."""
    rewritten = rewrite(text)
    return written_elsewhere(span, rewritten) if rewritten else None


def _several_words(written: tree.Layer, binder: Binder, text: str) -> T | Fix | None:
    """`max pool 2`, `fully connected 10`, `capa densa 10`: a name in two or three words."""
    found = in_words(written)
    if found is None:
        return None
    declared, number = found
    mended = binder.mended_line(declared, written.items[number - 1 :], Scope())
    return _here(text, written.name, written.items, mended, declared.example)


def in_words(written: tree.Layer) -> tuple[type[Layer], int] | None:
    """The layer whose name was written in several words, and in how many."""
    words = [written.name.text]
    for item in written.items[:2]:
        if not isinstance(item, tree.Word):
            break
        words.append(item.text)
        declared = layer_called("".join(words))
        if declared is not None:
            return declared, len(words)
    return None


def _uncalled_block(block: tree.Block, written: tree.Layer, place: Span) -> T | Fix:
    simple = [i for i in written.items if isinstance(i, (tree.Number, tree.Symbol, tree.Word))]
    values = [i.name if isinstance(i, tree.Symbol) else i.text for i in simple]
    wanted = [tree.parameter_name(p) for p in block.parameters]
    call = f"{block.name.text}({', '.join(values if len(values) == len(wanted) else wanted)})"
    way = T("A block is called with parentheses: `{text}`.", text=call)
    plain = len(values) == len(wanted) == len(written.items) and written.branches is None
    return put(place, call, way, safe=True) if plain else way


_USUAL = {
    "input": "28x28x1",
    "net": "lenet5",
    "let": "C = 64",
    "expect": "28x28x6",
    "keep": "a",
    "from": "a",
}
"""What may stand behind a keyword."""


def _keyword_line(keyword: str, rest: str) -> str:
    if len(rest) > 60 or "\n" in rest or not rest:
        rest = _USUAL.get(keyword, "{ … }")
    if keyword == "split" and "|" not in rest:
        rest = "{ identity | conv 8 k3 p1 }"
    if keyword == "shared" and "{" not in rest.partition(" ")[2]:
        rest = "tower { … }"
    if keyword in STRUCTURES or keyword in COMBINATIONS or keyword in ("block", "shared", "train"):
        rest = rest if "{" in rest else "{ … }"
    return f"{keyword} {rest}"
