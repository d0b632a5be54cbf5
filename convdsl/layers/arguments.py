"""The kinds of arguments that a layer can declare. Each knows which values it takes and how a value is written."""

from __future__ import annotations

import re
from typing import Any

from convdsl.algebra import at_least, is_number, text
from convdsl.messages import T

REQUIRED: Any = object()


class BadValue(Exception):
    """A value that an argument cannot take; carries what is wrong and what would do."""

    def __init__(self, message: T, help: T | None = None) -> None:
        self.message = message
        self.help = help
        super().__init__(str(message))


class Argument:
    """One argument of a layer. `positional` ones are written by value alone, in the order of their declaration."""

    minimum = 1
    kind = T("a value")

    def __init__(self, default: Any = REQUIRED, doc: str = "", *, positional: bool = False) -> None:
        self.default = default
        self.doc = doc
        self.positional = positional
        self.name = ""

    def __get__(self, layer: object, owner: type | None = None) -> Any:
        """The declaration itself; on a layer, its value stands in the way of this."""
        return self

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def accept(self, value: Any) -> Any:
        """The value to keep for what was written: a number, formula, tuple of them, word or matrix. Raises BadValue."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        """How the option is written in a program: `k3`, `p same`, `before=1`, `nobias`."""
        return f"{self.name}{'=' if len(self.name) > 2 else ''}{self.show(value)}"

    def show(self, value: Any) -> str:
        return f"({text(value)})" if not is_number(value) and not text(value).isidentifier() else text(value)

    def _whole(self, value: Any) -> Any:
        if isinstance(value, float):
            if value.is_integer():
                raise BadValue(T("`{name}` is a whole number: write {value}.", name=self.name, value=f"{value:.0f}"))
            raise BadValue(T("`{name}` is a whole number, and {value} is not.", name=self.name, value=f"{value:g}"))
        if isinstance(value, (str, tuple)):
            raise BadValue(T("`{name}` takes one whole number.", name=self.name))
        if at_least(value, self.minimum) is False:
            raise BadValue(
                T(
                    "`{name}` is at least {minimum}; here it is {value}.",
                    name=self.name,
                    minimum=self.minimum,
                    value=text(value),
                )
            )
        return value


class Count(Argument):
    """A whole number of things: filters, units, groups. At least 1 unless `minimum` says otherwise."""

    kind = T("a whole number")

    def __init__(self, default: Any = REQUIRED, doc: str = "", *, positional: bool = False, minimum: int = 1) -> None:
        super().__init__(default, doc, positional=positional)
        self.minimum = minimum

    def accept(self, value: Any) -> Any:
        return self._whole(value)


class Window(Argument):
    """One whole number for every axis, or one for each: `k3`, `k1x7`. Kept as a tuple of length 1 or the rank."""

    kind = T("a size such as 3 or 1x7")

    def __init__(self, default: Any = REQUIRED, doc: str = "", *, positional: bool = False, minimum: int = 1) -> None:
        super().__init__(default, doc, positional=positional)
        self.minimum = minimum
        if isinstance(default, int):
            self.default = (default,)

    def accept(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._whole(v) for v in value)
        return (self._whole(value),)

    def show(self, value: Any) -> str:
        return "x".join(super(Window, self).show(v) for v in value)


PADDING_WORDS = ("same", "same_lower", "valid", "causal")


class Padding(Window):
    """A window of paddings, or a word: `same` (of an odd number of zeros one more after than before), `same_lower` (one
    more before), `valid` (none), `causal` (of a sequence, all before)."""

    kind = T("a size such as 1, `same`, `same_lower`, `valid` or `causal`")

    def __init__(self, default: Any = 0, doc: str = "") -> None:
        super().__init__(default, doc, minimum=0)

    def accept(self, value: Any) -> Any:
        if isinstance(value, str):
            if value not in PADDING_WORDS:
                raise BadValue(T("`{name}` takes a size, `same`, `same_lower`, `valid` or `causal`.", name=self.name))
            return value
        return super().accept(value)

    def write(self, value: Any) -> str:
        return f"{self.name} {value}" if isinstance(value, str) else super().write(value)


class Shape(Argument):
    """Sizes with the channels last, or a single number of values: `7x7x64`, `10`."""

    kind = T("sizes such as 7x7x64")

    def accept(self, value: Any) -> Any:
        values = value if isinstance(value, tuple) else (value,)
        return tuple(self._whole(v) for v in values)

    def show(self, value: Any) -> str:
        return "x".join(super(Shape, self).show(v) for v in value)


class Real(Argument):
    """A number, not necessarily whole, within [low, high]."""

    kind = T("a number")

    def __init__(
        self,
        default: Any = REQUIRED,
        doc: str = "",
        *,
        positional: bool = False,
        low: float = float("-inf"),
        high: float = float("inf"),
    ) -> None:
        super().__init__(default, doc, positional=positional)
        self.low = low
        self.high = high

    def accept(self, value: Any) -> Any:
        if isinstance(value, (str, tuple)) or not is_number(value):
            raise BadValue(T("`{name}` takes a number.", name=self.name))
        if not self.low <= value <= self.high:
            percent = self.low >= 0 and self.high <= 1 < value <= 100
            raise BadValue(
                T(
                    "`{name}` lies between {low} and {high}; here it is {value}.",
                    name=self.name,
                    low=f"{self.low:g}",
                    high=f"{self.high:g}",
                    value=f"{value:g}",
                ),
                T("A share of {percent} % is written {value}.", percent=f"{value:g}", value=f"{value / 100:g}")
                if percent
                else None,
            )
        return value

    def show(self, value: Any) -> str:
        return f"{value:g}"

    def write(self, value: Any) -> str:
        return f"{self.name}={self.show(value)}"


class Flag(Argument):
    """A word that stands alone and sets a truth value: `nobias` makes `bias` false, `ceil` makes `ceil` true."""

    kind = T("a word that stands alone")

    def __init__(self, word: str, sets: bool, doc: str = "") -> None:
        super().__init__(not sets, doc)
        self.word = word
        self.sets = sets

    def accept(self, value: Any) -> Any:
        return value

    def write(self, value: Any) -> str:
        return self.word


class Choice(Argument):
    """One of a few words."""

    kind = T("a word")

    def __init__(self, words: tuple[str, ...], default: Any = REQUIRED, doc: str = "") -> None:
        super().__init__(default, doc, positional=True)
        self.words = words

    def accept(self, value: Any) -> Any:
        if value not in self.words:
            raise BadValue(T("`{name}` is one of: {words}.", name=self.name, words=", ".join(self.words)))
        return value

    def write(self, value: Any) -> str:
        return str(value)

    show = write


class Kernel(Choice):
    """The name of a classic kernel, or a matrix `[1 0 -1; 2 0 -2; 1 0 -1]`, kept as a tuple of rows."""

    kind = T("the name of a kernel, or a matrix")
    largest = 101

    def accept(self, value: Any) -> Any:
        if isinstance(value, str) and value.startswith("["):
            return self._matrix(value)
        return super().accept(value)

    def _matrix(self, written: str) -> tuple[tuple[float, ...], ...]:
        try:
            rows = tuple(
                tuple(_entry(e) for e in re.split(r"[\s,]+", row.strip()))
                for row in re.split(r"[;\n]", written[1:-1])
                if row.strip()
            )
        except (ValueError, ZeroDivisionError):
            raise BadValue(
                T("A matrix holds numbers, with `;` between its rows."), T("For example `[1 0 -1; 2 0 -2; 1 0 -1]`.")
            ) from None
        if not rows or len({len(r) for r in rows}) != 1:
            raise BadValue(T("The rows of a matrix have one length."), T("For example `[1 0 -1; 2 0 -2; 1 0 -1]`."))
        if max(len(rows), len(rows[0])) > self.largest:
            raise BadValue(T("A kernel is at most {n} wide.", n=self.largest))
        return rows

    def write(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return "[" + "; ".join(" ".join(f"{v:g}" for v in row) for row in value) + "]"

    show = write


def _entry(written: str) -> float:
    """`2`, `-0.5`, `1/9`."""
    top, _, bottom = written.partition("/")
    value = float(top) / float(bottom) if bottom else float(top)
    if abs(value) > 1e15 or value != value:
        raise ValueError(written)
    return value
