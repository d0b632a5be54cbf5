"""Lines of code at most 88 wide, broken where Black and Ruff break them: at the last bracket, then at its commas."""

from __future__ import annotations

WIDTH = 88
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def wrapped(line: str, indent: int, comment: str = "", behind: int = 0) -> list[str]:
    """A statement of one line as lines; the comment stays where there is room for it. So many characters follow `behind`."""
    space = " " * indent
    if indent + len(line) + behind <= WIDTH:
        with_comment = f"{space}{line}  # {comment}"
        return [with_comment if comment and len(with_comment) <= WIDTH else space + line]
    tail = ":" if line.endswith(":") else ""
    body = line.removesuffix(":")
    target, equals, value = body.partition(" = ")
    if body.startswith("return "):
        target, equals, value = "return", " ", body.removeprefix("return ")
    summed = _summed(value if equals else "")
    if summed is not None and not _opens_at_its_end(body, summed[1], indent):
        rows = [summed[0], *(f"{op} {part}" for op, part in summed[1])]
        if indent + 4 + len(value) <= WIDTH:
            rows = [value]
        return [
            f"{space}{target}{' = ' if equals == ' = ' else ' '}(",
            *(f"{space}    {row}" for row in rows),
            f"{space})",
        ]
    start = _last_bracket(body)
    if start is None:
        return [space + line]
    end = _closing(body, start)
    inner = body[start + 1 : end]
    if not inner:
        return [space + line]
    head, foot = space + body[: start + 1], space + body[end:] + tail
    if indent + 4 + len(inner) <= WIDTH:
        return [head, f"{space}    {inner}", foot]
    parts = _at_commas(inner)
    if len(parts) == 1 and (inner.startswith("*") or " for " in inner):
        return [head, *_comprehension(inner, indent + 4), foot]
    rows = []
    for part in parts:
        if indent + 5 + len(part) <= WIDTH:
            lines = [f"{space}    {part}"]
        elif (operands := _summed(part)) is not None:
            lines = [f"{space}    {line}" for line in (operands[0], *(f"{op} {one}" for op, one in operands[1]))]
        else:
            lines = wrapped(part, indent + 4, behind=1)
        rows += [*lines[:-1], lines[-1] + ","]
    return [head, *rows, foot]


def _comprehension(inner: str, indent: int) -> list[str]:
    """`*(Block(…) for _ in range(n))` over several lines."""
    space = " " * indent
    if inner.startswith("*("):
        return [f"{space}*(", *_comprehension(inner[2:-1], indent + 4), f"{space})"]
    if indent + len(inner) <= WIDTH:
        return [space + inner]
    element, _, rest = inner.partition(" for ")
    return [*wrapped(element, indent), f"{space}for {rest}"]


def _summed(value: str) -> tuple[str, list[tuple[str, str]]] | None:
    """The operands of a sum, product or quotient that stands alone."""
    depth, parts, last = 0, [], 0
    for at, sign in enumerate(value):
        depth += (sign in "([{") - (sign in ")]}")
        if depth == 0 and value[at : at + 3] in (" + ", " * ", " / "):
            parts.append((last, at))
            last = at
    if not parts:
        return None
    pieces = [value[a:b] for a, b in [*parts, (last, len(value))]]
    return pieces[0], [(piece[1], piece[3:]) for piece in pieces[1:]]


def _opens_at_its_end(body: str, further: list[tuple[str, str]], indent: int) -> bool:
    """Whether a sum or product of two is broken inside its last operand, a call, and not at its operator."""
    start = _last_bracket(body)
    if len(further) > 1 or not body.endswith(")") or start is None:
        return False
    return start >= len(body) - len(further[0][1]) and body[start : start + 2] != "()" and indent + start + 1 <= WIDTH


def _last_bracket(text: str) -> int | None:
    """Where the bracket opens that closes last."""
    end = max(map(text.rfind, _PAIRS.values()))
    if end < 0:
        return None
    depth = 0
    for at in range(end, -1, -1):
        depth += (text[at] in ")]}") - (text[at] in "([{")
        if depth == 0:
            return at
    return None


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            return at
    return len(text)


def _at_commas(text: str) -> list[str]:
    parts, depth, last, quoted = [], 0, 0, False
    for at, sign in enumerate(text):
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0 and not quoted:
            parts.append(text[last:at].strip())
            last = at + 1
    return [p for p in [*parts, text[last:].strip()] if p]
