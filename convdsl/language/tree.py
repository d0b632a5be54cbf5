"""The syntax tree: typed, immutable, with the place in the source on every node. It does not know what a layer is."""

from __future__ import annotations

from convdsl.records import NamedTuple
from convdsl.source import Source, Span


class Number(NamedTuple):
    """`5`, `0.5`, `1.5M`; `value` is an int where the number is whole."""

    span: Span
    value: int | float
    text: str


class Symbol(NamedTuple):
    """`N`, `C1`."""

    span: Span
    name: str


class Hole(NamedTuple):
    """`?`, or `?N` with a name."""

    span: Span
    name: str | None


class Binary(NamedTuple):
    """`left operator right` with one of + - * / // %."""

    span: Span
    operator: str
    left: Expression
    right: Expression


class Negative(NamedTuple):
    """`-operand`."""

    span: Span
    operand: Expression


class Sizes(NamedTuple):
    """`28x28x1`: two or more sizes joined by x."""

    span: Span
    parts: tuple[Expression, ...]


class Word(NamedTuple):
    """A bare word: an option's name, a flag, an activation. `mixed` words have capitals in them."""

    span: Span
    text: str
    mixed: bool = False


class Text(NamedTuple):
    """`"quoted"`."""

    span: Span
    text: str


class Matrix(NamedTuple):
    """`[1 0 -1; 2 0 -2]`, kept as written."""

    span: Span
    text: str


class Named(NamedTuple):
    """A value with its name before it: `k=3`, `k(2*F-1)`, `k1x7`."""

    span: Span
    key: Word
    value: Value | Word


class Comma(NamedTuple):
    """`,` between the settings of one line of a `train` block."""

    span: Span


Expression = Number | Symbol | Hole | Binary | Negative
Value = Number | Symbol | Hole | Binary | Negative | Sizes
Item = Value | Word | Text | Matrix | Named | Comma


class Net(NamedTuple):
    span: Span
    name: str


class Input(NamedTuple):
    span: Span
    shape: Value


class Let(NamedTuple):
    span: Span
    symbol: Symbol
    value: Expression


class Expect(NamedTuple):
    """`expect 28x28x6`, `expect layer params <= 10K`: `words` is empty for a shape."""

    span: Span
    words: tuple[Word, ...]
    comparison: str
    value: Value


class Layer(NamedTuple):
    """`conv 64 k3 relu`, `add { A | B } relu`; `branches` is None where there are no braces."""

    span: Span
    name: Word
    items: tuple[Item, ...]
    branches: tuple[Branch, ...] | None = None
    after: tuple[Item, ...] = ()


class Call(NamedTuple):
    """`bottleneck(64, 1)`, `unit(16, relu)`."""

    span: Span
    name: Word
    arguments: tuple[Expression | Word, ...]


class Block(NamedTuple):
    """`block unit(C, act) { … }`, or `shared unit { … }`, whose weights exist once however often it is called. A parameter
    in upper case stands for a number, one in lower case for a word."""

    span: Span
    name: Word
    parameters: tuple[Symbol | Word, ...]
    branches: tuple[Branch, ...]
    shared: bool = False


def parameter_name(parameter: Symbol | Word) -> str:
    """What a block's parameter is called."""
    return parameter.name if isinstance(parameter, Symbol) else parameter.text


class Setting(NamedTuple):
    """A line of a `train` block."""

    span: Span
    name: Word
    items: tuple[Item, ...]


class Train(NamedTuple):
    span: Span
    settings: tuple[Setting, ...]


class Broken(NamedTuple):
    """Stands where a statement could not be read; a diagnostic says why."""

    span: Span


Statement = Net | Input | Let | Expect | Layer | Call | Block | Train | Broken


class Branch(NamedTuple):
    """Statements between `{`, `|` and `}`; the span holds the statements, or the place where they are missing."""

    span: Span
    statements: tuple[Statement, ...]


class Comment(NamedTuple):
    span: Span
    text: str


class Program(NamedTuple):
    source: Source
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...]
