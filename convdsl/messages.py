"""What the tool says, in English and in Spanish.

Every text that a user meets is written in English in the code as `T("… {name} …", name=value)`. A `T` is a lazy text: it
is translated when it is shown, so that a diagnostic can be kept as data and printed in either language. The Spanish
stands in `convdsl/locale/es/*.po`, compiled into one `convdsl.mo` by `scripts/translations.py`.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("en", "es")
_current: ContextVar[str | None] = ContextVar("language", default=None)
_process: str | None = None
"""What threads speak that have not been told: what the main thread was told last, else what the locale says."""
_spanish: Any = None
_preferred: str | None = None
"""What is spoken where nobody has said: the language of a course in one language."""
_mark = ","
"""What stands before decimals in Spanish."""


class T:
    """A text in English with named holes, shown in the language in use. `plural` is chosen by the value `n`; an `n`
    that is a formula counts as many."""

    __slots__ = ("plural", "text", "values")

    def __init__(self, text: str, /, plural: str | None = None, **values: object) -> None:
        self.text = text
        self.plural = plural
        self.values = values

    def __str__(self) -> str:
        count = self.values.get("n")
        count = count if isinstance(count, int) else 2
        if self.plural is None:
            text = _catalogue().gettext(self.text) if language() == "es" else self.text
        elif language() == "es":
            text = _catalogue().ngettext(self.text, self.plural, count)
        else:
            text = self.text if count == 1 else self.plural
        return text.format(**{name: _harmless(name, value) for name, value in self.values.items()})

    def __repr__(self) -> str:
        return f"T({self.text!r}, {self.values!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, T) and (self.text, self.values) == (other.text, other.values)

    def __hash__(self) -> int:
        return hash(self.text)


_OF_OTHERS = frozenset({"name", "names", "path", "file", "folder", "source", "close", "copy", "tensor", "key", "url"})
"""Holes for what files, folders and arrays are called: there is no line break in what is shown of it."""


@cache
def harmful() -> re.Pattern[str]:
    """What moves the cursor, changes colours or the direction of writing; and bytes that are no text."""
    return re.compile(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    )


@cache
def unseen() -> re.Pattern[str]:
    """Characters without a width that no way of writing needs."""
    return re.compile("[\u00ad\u180e\u200b\u2060\ufeff]")


def quoted(name: str) -> str:
    """`name` as it may be printed: itself, or in quotes with escapes where it holds line breaks, control characters,
    bytes that are no text, or what nobody sees: spaces at its ends, characters without a width."""
    plain = name.isprintable() or not (harmful().search(name) or unseen().search(name) or "\n" in name or "\t" in name)
    if plain and name == name.strip():
        return name
    name = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    return f'"{harmless(unseen().sub(_escaped, name))}"'


def harmless(text: str) -> str:
    """A text of several lines in which what is harmful is written as escapes."""
    return text if text.isprintable() else harmful().sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    c = match[0]
    return f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else repr(c)[1:-1]


def _harmless(name: str, value: object) -> object:
    """What stands in a hole, as it may be shown."""
    if isinstance(value, int | float | T):
        return value
    return quoted(str(value)) if name in _OF_OTHERS or isinstance(value, Path) else harmless(str(value))


class Shown(str):
    """A text in the language in use, which remembers what it is in English: files are the same in every language."""

    english: str

    def __new__(cls, text: T | str) -> Shown:
        shown = super().__new__(cls, text)
        shown.english = in_english(text)
        return shown


def in_english(text: T | str) -> str:
    """A text in English, whatever the language in use."""
    if not isinstance(text, T):
        return getattr(text, "english", text)
    values = {name: getattr(value, "english", value) for name, value in text.values.items()}
    values |= {name: in_english(value) for name, value in values.items() if isinstance(value, T)}
    count = values.get("n")
    plural = text.plural if text.plural is not None and count != 1 else None
    return (plural or text.text).format(**values)


_REASONS = {
    errno.ENOSPC: T("the disk is full"),
    errno.EDQUOT: T("your share of the disk is used up"),
    errno.EFBIG: T("the file is larger than is allowed"),
    errno.EROFS: T("the disk can only be read"),
    errno.EACCES: T("there is no permission"),
    errno.EPERM: T("there is no permission"),
    errno.ENOENT: T("there is no such file or folder"),
    errno.ENOTDIR: T("a part of the path is a file"),
    errno.EEXIST: T("there is already something of that name"),
    errno.EISDIR: T("it is a folder"),
    errno.ENAMETOOLONG: T("the name is too long"),
}


def reason(error: Exception) -> T | str:
    """Why the system refuses a file, without the file's name; what has no text here in the system's words."""
    known = _REASONS.get(getattr(error, "errno", None) or 0)
    return known or getattr(error, "strerror", None) or str(error)


class Grouped(int):
    """A whole number that is shown with its digits in groups: `61,706`; in Spanish, from five digits on, `61 706`."""

    def __str__(self) -> str:
        if language() == "es":
            return f"{int(self):,}".replace(",", "\u202f") if abs(self) >= 10_000 else f"{int(self)}"
        return self.english

    def __format__(self, specification: str) -> str:
        return str(self)

    @property
    def english(self) -> str:
        return f"{int(self):,}"


class Rounded(float):
    """What was measured or calculated, shown in the places that its specification leaves: `0.25`; in Spanish `0,25`."""

    specification: str

    def __new__(cls, value: float, specification: str = "g") -> Rounded:
        rounded = super().__new__(cls, value)
        rounded.specification = specification
        return rounded

    def __str__(self) -> str:
        return decimals(self.english)

    def __format__(self, specification: str) -> str:
        return str(self)

    @property
    def english(self) -> str:
        return format(float(self), self.specification)


def decimals(written: str) -> str:
    """A number as Python writes it, `0.5`, as people write it in the language in use: `0,5` in Spanish. What the language
    of networks, JSON and CSV hold is not for people: there a point is a point."""
    return written.replace(".", decimal_mark())


def with_decimals(formula: str | None) -> str:
    """A formula whose numbers are written as the language in use writes them, `29/2 = 14,5`; nothing where there is none."""
    return re.sub(r"(?<=\d)\.(?=\d)", decimal_mark(), formula or "")


def listed(numbers: Iterable[str], comma: str = ", ") -> str:
    """Numbers one after the other; where one of them has a decimal comma, semicolons tell them apart: `0,5; 1`."""
    numbers = list(numbers)
    return (comma.replace(",", ";") if any("," in n for n in numbers) else comma).join(numbers)


def decimal_mark() -> str:
    """What stands before decimals: a point in English; in Spanish a comma, or what `use_decimal_mark` said."""
    return _mark if language() == "es" else "."


def use_decimal_mark(mark: str | None) -> None:
    """Write decimals in Spanish with `mark` from now on, as some countries do with a point; None goes back to the comma."""
    global _mark
    _mark = mark or ","


def translate(text: str) -> str:
    """A text without holes (a layer's documentation) in the language in use."""
    return _catalogue().gettext(text) if language() == "es" else text


def use_language(name: str | None) -> None:
    """Speak `name` ("en" or "es") from now on; None goes back to what the locale says. What a thread of one's own is told
    concerns it alone; what the main thread is told, all that have not been told."""
    global _process
    _current.set(name)
    if threading.current_thread() is threading.main_thread():
        _process = name


def prefer_language(name: str | None) -> None:
    """Speak `name` where nobody asks for a language, instead of the locale's; None goes back to that."""
    global _preferred
    _preferred = name


def language() -> str:
    """The language in use: the one asked for, else the one of what is read, else the locale's, else English."""
    return _current.get() or _process or _preferred or _from_locale()


def asked_language() -> str | None:
    """The language that somebody asked for; None where only the locale says one."""
    return _current.get() or _process


def _from_locale() -> str:
    return "es" if _locale().startswith("es") else "en"


def _locale() -> str:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable)
        if value:
            return value.lower()
    if os.name == "nt":
        import locale

        return (locale.getlocale()[0] or "").lower()
    return ""


def _catalogue() -> Any:
    global _spanish
    if _spanish is None:
        import gettext

        path = Path(__file__).parent / "locale" / "es" / "convdsl.mo"
        try:
            with path.open("rb") as file:
                _spanish = gettext.GNUTranslations(file)
        except OSError:
            _spanish = gettext.NullTranslations()
    return _spanish
