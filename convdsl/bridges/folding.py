"""Repeats and blocks out of a long list of statements: what is written several times, with other numbers, is written once.

A window of statements has a pattern: its text with a hole for every number that could be a block's parameter. Windows of
one pattern that do not overlap become calls of one block; numbers that are the same everywhere stay numbers, and those that
change together are one parameter. Neighbours that are the same become a `repeat`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from convdsl.bridges.bracing import Braces, Statement

LONGEST = 8
"""Statements of a window."""
BLOCKS = 24
PARAMETERS = 6
_NUMBER = re.compile(r"(?<![\w.=])([a-z]?)(\d+)(?![\w.])")
_NAMED = re.compile(r"\b(keep|from) ")
"""Values with names stay where they are: a block is read alone."""
_LETTERS = {"": "CEFHJLMQRTUVWXYZ", "k": "K", "s": "S", "p": "P", "g": "G", "d": "D"}
_MORE = "ABINO"


@dataclass
class Lines:
    """What is to be written: a text on a line of its own, with bodies in braces between it and `after`."""

    text: str
    bodies: list[list[Lines]] = field(default_factory=list)
    after: str = ""
    comment: str = ""

    def __str__(self) -> str:
        if not self.bodies:
            return self.text
        inside = " | ".join(" -> ".join(map(str, body)) for body in self.bodies)
        return f"{self.text} {{ {inside} }} {self.after}".rstrip()

    @property
    def size(self) -> int:
        return 1 + sum(line.size for body in self.bodies for line in body)


_STRIDED = re.compile(r"(?<=conv )(.*?\bk[\dx]+)(?![\dx]| s)")
_UNSTRIDED = re.compile(r"(conv .*?\bk[\dx]+) s1\b")
"""Where a convolution says no stride, which folding writes out so that it can be a parameter; and where it says 1."""


def _all(line: Lines) -> list[Lines]:
    return [line, *(inner for body in line.bodies for child in body for inner in _all(child))]


def lines_of(statements: Sequence[Statement]) -> list[Lines]:
    found = []
    for statement in statements:
        name = statement.piece.name if statement.piece is not None else ""
        if isinstance(statement, Braces):
            bodies = [lines_of(branch) for branch in statement.branches]
            found.append(Lines(statement.word, bodies, statement.after))
        else:
            text = _STRIDED.sub(r"\1 s1", statement.text)
            if statement.piece is not None and statement.piece.frozen:
                text = f"freeze {{ {text} }}"
            found.append(Lines(text, comment=name))
    return found


def folded(lines: list[Lines]) -> tuple[list[Lines], list[Lines]]:
    """The blocks that were found, and the statements that call them."""
    lines = _repeated(lines)
    blocks: list[Lines] = []
    while len(blocks) < BLOCKS and (window := _best(lines)):
        places, pattern = window
        blocks.append(_block(lines, places, pattern, len(blocks)))
    for block in blocks:
        block.bodies = [_repeated(body) for body in block.bodies]
    lines = _repeated(lines)
    for line in [inner for chain in (*blocks, *lines) for inner in _all(chain)]:
        line.text = _UNSTRIDED.sub(r"\1", line.text)
    return _used(blocks), lines


# Blocks


@dataclass
class _Window:
    """Statements `start` to `start + length` of one list of statements."""

    chain: list[Lines]
    start: int
    length: int

    @property
    def text(self) -> str:
        return " -> ".join(map(str, self.chain[self.start : self.start + self.length]))

    @property
    def size(self) -> int:
        return sum(line.size for line in self.chain[self.start : self.start + self.length])


def _chains(lines: list[Lines]) -> list[list[Lines]]:
    return [lines] + [chain for line in lines for body in line.bodies for chain in _chains(body)]


def _pattern(text: str) -> str:
    return _NUMBER.sub(r"\1#", text)


def _numbers(text: str) -> list[tuple[str, str]]:
    """Letter and digits of every number that could be a parameter."""
    return [(m[1], m[2]) for m in _NUMBER.finditer(text)]


def _best(lines: list[Lines]) -> tuple[list[_Window], str] | None:
    """The windows of the pattern that saves most, None where none saves anything."""
    groups: dict[str, list[_Window]] = defaultdict(list)
    for chain in _chains(lines):
        patterns = [_pattern(str(line)) for line in chain]
        for length in range(1, min(LONGEST, len(chain)) + 1):
            for start in range(len(chain) - length + 1):
                window = _Window(chain, start, length)
                if window.size >= 3 and not (length == 1 and chain[start].text.startswith("repeat ")):
                    groups[" -> ".join(patterns[start : start + length])].append(window)
    best, most = None, 1.0
    for pattern, windows in groups.items():
        if len(windows) < 2 or ("(" in pattern.split("{")[0] and len(windows) < 3):
            continue
        apart = _apart(windows)
        count = len(apart)
        parameters = len(_changing(apart))
        if count < 2 or parameters > PARAMETERS:
            continue
        size = apart[0].size
        saved = (count - 1) * size - 1 - parameters * (1 + count / 4)
        if not parameters and all(w.chain is apart[0].chain for w in apart) and _adjacent(apart):
            continue  # a repeat says it better
        if saved > most:
            best, most = (apart, pattern), saved
    return best


def _adjacent(windows: list[_Window]) -> bool:
    return all(b.start == a.start + a.length for a, b in pairwise(windows))


def _apart(windows: list[_Window]) -> list[_Window]:
    """Those that do not overlap, first come first served."""
    ends: dict[int, int] = {}
    found = []
    for window in windows:
        if window.start >= ends.get(id(window.chain), 0):
            ends[id(window.chain)] = window.start + window.length
            found.append(window)
    return found


def _changing(windows: list[_Window]) -> dict[tuple[str, ...], list[int]]:
    """Places of numbers by the values that they have in the windows; those that never change are left out."""
    rows = [[digits for _, digits in _numbers(w.text)] for w in windows]
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, column in enumerate(zip(*rows, strict=True)):
        if len(set(column)) > 1:
            found[column].append(place)
    return found


def _block(lines: list[Lines], windows: list[_Window], pattern: str, number: int) -> Lines:
    """Makes a block of the windows, and puts calls in their places."""
    changing = _changing(windows)
    letters = [letter for letter, _ in _numbers(windows[0].text)]
    names: dict[int, str] = {}
    parameters: list[tuple[str, tuple[str, ...]]] = []
    for values, places in changing.items():
        taken = {name for name, _ in parameters}
        choice = _LETTERS.get(letters[places[0]], "") + _LETTERS[""] + _MORE
        name = next(c for c in choice if c not in taken)
        parameters.append((name, values))
        names.update(dict.fromkeys(places, name))
    first = windows[0]
    body = _renamed(first.chain[first.start : first.start + first.length], names)
    name = _name(pattern, number)
    head = f"block {name}({', '.join(n for n, _ in parameters)})" if parameters else f"block {name}"
    for index, window in reversed(list(enumerate(windows))):
        call = f"{name}({', '.join(values[index] for _, values in parameters)})"
        window.chain[window.start : window.start + window.length] = [Lines(call)]
    return Lines(head, [body])


def _renamed(lines: list[Lines], names: dict[int, str]) -> list[Lines]:
    """A copy with the numbers at some places, counted through the whole text, replaced by names."""
    count = iter(range(10**9))

    def text(written: str) -> str:
        return _NUMBER.sub(lambda m: m[1] + names.get(next(count), m[2]), written)

    def copy(line: Lines) -> Lines:
        head = text(line.text)
        bodies = [[copy(inner) for inner in body] for body in line.bodies]
        return Lines(head, bodies, text(line.after))

    return [copy(line) for line in lines]


def _name(pattern: str, number: int) -> str:
    """What a block is called: after what stands in it."""
    kinds = {"residual": "residual", "add": "residual", "concat": "inception", "repeat": "stage"}
    kind = next((name for word, name in kinds.items() if pattern.startswith(f"{word} ")), "")
    if not kind:
        kind = "stage" if "repeat" in pattern else "separable" if "dwconv" in pattern else "part"
    return f"{kind}_{number + 1}"


def _used(blocks: list[Lines]) -> list[Lines]:
    """Blocks in the order in which they can be read: those that are called come first."""
    names = [re.match(r"block (\w+)", block.text)[1] for block in blocks]  # type: ignore[index]
    done: list[Lines] = []
    left = dict(zip(names, blocks, strict=True))
    while left:
        for name, block in list(left.items()):
            body = str(block)
            if not any(other != name and re.search(rf"\b{other}\(", body) for other in left):
                done.append(left.pop(name))
    return done


# Repeats


def _repeated(lines: list[Lines]) -> list[Lines]:
    """Neighbours that are the same, written once."""
    for line in lines:
        line.bodies = [_repeated(body) for body in line.bodies]
    texts = [str(line) for line in lines]
    found: list[Lines] = []
    at = 0
    while at < len(lines):
        count, length, saved = 1, 1, 0
        for width in range(1, (len(lines) - at) // 2 + 1):
            same = 1
            while texts[at + same * width : at + (same + 1) * width] == texts[at : at + width]:
                same += 1
            gain = (same - 1) * sum(line.size for line in lines[at : at + width])
            if same > 1 and gain > saved and gain >= 2:
                count, length, saved = same, width, gain
        body = lines[at : at + length]
        if count > 1:
            for line in body:
                line.comment = ""
            found.append(Lines(f"repeat {count}", [body]))
        else:
            found += body
        at += count * length
    return found
