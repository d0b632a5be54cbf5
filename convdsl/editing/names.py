"""The names of a program's own (blocks, kept values, symbols): where each is defined, where it is used, and how far it reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from convdsl.language import tree
from convdsl.language.keywords import KEYWORDS, WORDS
from convdsl.layers import ACTIVATIONS, BY_NAME
from convdsl.messages import T
from convdsl.source import Span

SYMBOL = re.compile(r"[A-Z][A-Z0-9_]*")
WORD = re.compile(r"[a-z_][a-z0-9_]*")


class Name(NamedTuple):
    """A name with all its places. `kind` is `block`, `value` (a kept one), `symbol` or `word` (a parameter that stands for one);
    `definition` is None where nothing in the program gives it a value."""

    kind: str
    text: str
    definition: Span | None
    uses: tuple[Span, ...]


class CannotRename(ValueError):
    """A new name that would not do, with the reason."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


class _Seen(NamedTuple):
    """A name where it stands; `scopes` are the braces around it in which such a name can be defined, innermost first."""

    kind: str
    text: str
    span: Span
    scopes: tuple[Span, ...]
    defines: bool


def names(program: tree.Program) -> list[Name]:
    """All names of a program, in the order in which they are first seen."""
    whole = Span(0, len(program.source.text) + 1)
    seen = [s for statement in program.statements for s in _in(statement, (whole,))]
    defined: dict[tuple[str, str, Span], Span] = {}
    for one in seen:
        if one.defines:
            defined.setdefault((one.kind, one.text, one.scopes[0]), one.span)
    places: dict[tuple[str, str, Span], list[Span]] = {}
    for one in seen:
        scope = next((s for s in one.scopes if _holds(defined.get((one.kind, one.text, s)), s is whole, one)), None)
        if scope is None and one.kind == "word":
            continue  # an activation, an option: no name of this program
        places.setdefault((one.kind, one.text, scope or whole), []).append(one.span)
    return [Name(key[0], key[1], defined.get(key), tuple(spans)) for key, spans in places.items()]


def _holds(definition: Span | None, everywhere: bool, one: _Seen) -> bool:
    """Whether a name is the one that is defined there: at the top of a program, wherever it stands; in braces, behind it."""
    return definition is not None and (everywhere or definition.start <= one.span.start)


def name_at(program: tree.Program, offset: int) -> Name | None:
    """The name at a place in the text, or just before it."""
    found = [n for n in names(program) if any(span.start <= offset <= span.end for span in n.uses)]
    return next(
        (n for n in found if any(span.start <= offset < span.end for span in n.uses)), found[0] if found else None
    )


def refuse(name: Name, new: str, program: tree.Program) -> None:
    """Raises CannotRename where `new` cannot be what a name is called."""
    if name.kind == "symbol":
        if not SYMBOL.fullmatch(new):
            raise CannotRename(T("A symbol is written in upper case: letters, digits and _, with a letter first."))
    elif not WORD.fullmatch(new):
        raise CannotRename(T("This name is written in lower case: letters, digits and _, with a letter first."))
    elif new in KEYWORDS or new in WORDS or new in BY_NAME or new in ACTIVATIONS or new in ("as", "x"):
        raise CannotRename(T("`{name}` is a word of the language.", name=new))
    if any(other.text == new and other.kind == name.kind for other in names(program)):
        raise CannotRename(T("There is a `{name}` already.", name=new))


def _in(node: object, scopes: tuple[Span, ...], block: Span | None = None) -> Iterator[_Seen]:
    """The names in a part of the tree. Kept values belong to the `block` around them, or to the program."""
    owner = (block or scopes[-1],)

    def inside(nodes: Iterable[object], *inner: Span) -> Iterator[_Seen]:
        for part in nodes:
            yield from _in(part, (*inner, *scopes), block)

    match node:
        case tree.Block():
            yield _Seen("block", node.name.text, node.name.span, scopes, True)
            for parameter in node.parameters:
                kind = "symbol" if isinstance(parameter, tree.Symbol) else "word"
                yield _Seen(kind, tree.parameter_name(parameter), parameter.span, (node.span,), True)
            for branch in node.branches:
                yield from _in(branch, (node.span, *scopes), node.span)
        case tree.Call():
            yield _Seen("block", node.name.text, node.name.span, scopes, False)
            yield from inside(node.arguments)
        case tree.Let():
            yield _Seen("symbol", node.symbol.name, node.symbol.span, scopes, True)
            yield from _in(node.value, scopes[1:] or scopes, block)
        case tree.Layer(name=tree.Word(text="keep" | "from" | "unpool" as verb), items=(tree.Word() as kept, *_)):
            yield _Seen("value", kept.text, kept.span, owner, verb == "keep")
        case tree.Layer(name=tree.Word(text="repeat"), items=(count, tree.Word(text="as"), tree.Symbol() as turn)):
            yield from inside([count])
            yield _Seen("symbol", turn.name, turn.span, (node.span,), True)
            yield from inside(node.branches or (), node.span)
        case tree.Layer():
            yield _Seen("word", node.name.text, node.name.span, scopes, False)
            yield from inside([*node.items, *(node.branches or ()), *node.after])
        case tree.Symbol():
            yield _Seen("symbol", node.name, node.span, scopes, False)
        case tree.Word():
            yield _Seen("word", node.text, node.span, scopes, False)
        case tree.Named():
            yield from inside([node.value])
        case tree.Branch():
            yield from inside(node.statements, node.span)
        case tuple() if hasattr(node, "_fields"):
            yield from inside(part for part in node if isinstance(part, tuple) and not isinstance(part, Span))
        case tuple():
            yield from inside(node)
