"""How a statement is written on one line, in the one canonical form. Knows the syntax tree only, and no layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convdsl.language import tree
from convdsl.language.keywords import KEYWORDS

_SHORT = re.compile(r"(?!x)[a-z]{1,2}")
_TWO_SIZES = re.compile(r"[0-9]x[0-9]+\Z")
"""How a word ends that is one before a parenthesis only: in `s1x2=3`, it is an `s` with its sizes."""
_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2}
_NEGATIVE = 3


def one_line(statement: tree.Statement | tree.Setting) -> str:
    """A statement with all that is in its braces."""
    inside = bodies(statement)
    if inside is None:
        return head(statement)
    parts = [opening(statement)]
    for number, chain in enumerate(inside):
        parts += ["|"] * (number > 0) + [" -> ".join(map(one_line, chain))] * (len(chain) > 0)
    return " ".join((*parts, closing(statement)))


def bodies(statement: tree.Statement | tree.Setting) -> list[Sequence[tree.Statement | tree.Setting]] | None:
    """The chains between a statement's braces, or None where it has no braces."""
    match statement:
        case tree.Train():
            return [statement.settings]
        case tree.Block() | tree.Layer(branches=tuple()):
            return [b.statements for b in statement.branches or ()]
    return None


def opening(statement: tree.Statement | tree.Setting) -> str:
    """What stands before the chains in braces: `add {`."""
    return f"{head(statement)} {{"


def closing(statement: tree.Statement | tree.Setting) -> str:
    """What stands behind them: `} relu`."""
    after = items(statement.after) if isinstance(statement, tree.Layer) else ""
    return f"}} {after}".rstrip()


def head(statement: tree.Statement | tree.Setting) -> str:
    """A statement without its braces and what follows them."""
    match statement:
        case tree.Net():
            return f"net {statement.name}"
        case tree.Input():
            return f"input {value(statement.shape)}"
        case tree.Let():
            return f"let {statement.symbol.name} = {value(statement.value)}"
        case tree.Expect():
            comparison = "" if statement.comparison == "=" else statement.comparison
            words = (w.text for w in statement.words)
            return " ".join(filter(None, ("expect", *words, comparison, value(statement.value))))
        case tree.Call():
            return f"{statement.name.text}({', '.join(map(_argument, statement.arguments))})"
        case tree.Block(shared=True, parameters=()):
            return f"shared {statement.name.text}"
        case tree.Block(shared=True):
            return f"shared {statement.name.text}({', '.join(map(tree.parameter_name, statement.parameters))})"
        case tree.Block():
            return f"block {statement.name.text}({', '.join(map(tree.parameter_name, statement.parameters))})"
        case tree.Train():
            return "train"
        case tree.Setting():
            return f"{statement.name.text} {items(statement.items, glue=False)}".rstrip()
        case tree.Layer():
            return f"{statement.name.text} {items(statement.items)}".rstrip()
    raise ValueError(f"a broken statement cannot be written: {statement}")


# Items.


def items(written: Sequence[tree.Item], glue: bool = True) -> str:
    """What stands behind a name. With `glue`, a value stands right behind a short word: `k3`."""
    parts: list[str] = []
    before: tree.Item | None = None
    for item in written:
        if isinstance(item, tree.Comma) and parts:
            parts[-1] += ","
        elif glue and isinstance(before, tree.Word) and (glued := _glued(before, item)):
            parts[-1] = glued
        elif isinstance(item, tree.Negative) and not isinstance(before, (tree.Word, tree.Comma, type(None))):
            parts.append(f"({value(item)})")
        else:
            parts.append(_item(item, glue))
        before = item
    return " ".join(parts)


def _item(item: tree.Item, glue: bool) -> str:
    match item:
        case tree.Word():
            return item.text
        case tree.Text():
            return f'"{item.text}"'
        case tree.Matrix():
            return _matrix(item.text)
        case tree.Comma():
            return ","
        case tree.Named(key=key, value=tree.Word(text=word)):
            spaced = glue and _SHORT.fullmatch(key.text) and len(word) > 2
            return f"{key.text} {word}" if spaced else f"{key.text}={word}"
        case tree.Named():
            assert not isinstance(item.value, tree.Word)
            if item.key.text in KEYWORDS:  # alone it would begin a line of its own
                return f"{item.key.text}{value(item.value)}"
            if _TWO_SIZES.search(item.key.text):
                first, *others = item.value.parts if isinstance(item.value, tree.Sizes) else (item.value,)
                return f"{item.key.text}({value(first)}){''.join(f'x{_size(part)}' for part in others)}"
            return (glue and _glued(item.key, item.value)) or f"{item.key.text}={value(item.value)}"
    return value(item)


def _glued(word: tree.Word, item: tree.Item | tree.Value) -> str | None:
    """`k3`, `kF`, `k?N`, `k1x7`, `k(2*F-1)`, `k=0.5`; None where the word is a long one or the item is no value."""
    if not _SHORT.fullmatch(word.text) or word.text == "as":
        return None
    if isinstance(item, (tree.Word, tree.Text, tree.Matrix, tree.Named, tree.Comma)):
        return None
    if isinstance(item, (tree.Binary, tree.Negative)):
        return f"{word.text}({value(item)})"
    parts = item.parts if isinstance(item, tree.Sizes) else (item,)
    plain = all(p.text.isdecimal() and len(p.text) <= 15 for p in parts if isinstance(p, tree.Number))
    return f"{word.text}{'' if plain else '='}{value(item)}"


def _matrix(text: str) -> str:
    """`[1 0 -1; 2 0 -2]`, whatever its rows and numbers were separated by."""
    rows = [re.split(r"[\s,]+", row.strip()) for row in re.split(r"[;\n]", text[1:-1]) if row.strip()]
    return f"[{'; '.join(' '.join(entry or ',' for entry in row) for row in rows)}]"


# Values.


def _argument(written: tree.Expression | tree.Word) -> str:
    return written.text if isinstance(written, tree.Word) else value(written)


def value(written: tree.Value) -> str:
    """`28x28x1`, `2*F-1`."""
    if isinstance(written, tree.Sizes):
        return "x".join(map(_size, written.parts))
    return _expression(written, 0)


def _size(part: tree.Expression) -> str:
    """One of several sizes. A number that ends in a letter (`1K`) is written out."""
    match part:
        case tree.Number():
            return part.text if part.text[-1].isdecimal() else str(part.value)
        case tree.Binary() | tree.Negative():
            return f"({value(part)})"
    return value(part)


def _expression(expression: tree.Expression, level: int) -> str:
    """An expression, in parentheses if it binds less than `level`."""
    match expression:
        case tree.Number():
            return expression.text
        case tree.Symbol():
            return expression.name
        case tree.Hole():
            return f"?{expression.name or ''}"
        case tree.Negative():
            own, text = _NEGATIVE, f"-{_expression(expression.operand, _NEGATIVE)}"
        case tree.Binary():
            own = _LEVELS[expression.operator]
            right = _expression(expression.right, own + 1)
            right = f"({right})" if isinstance(expression.right, tree.Negative) else right
            text = f"{_expression(expression.left, own)}{expression.operator}{right}"
    return f"({text})" if own < level else text
