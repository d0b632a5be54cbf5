"""One TOML file of a course being read: its values, where each of them stands, and what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from convdsl.messages import LANGUAGES, T, quoted, reason
from convdsl.source import NotText, read
from convdsl.teaching.course.exercise import Both

_TOML_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


class Problem(NamedTuple):
    """Something wrong with a course: the file, the line (0 where it is about the whole file) and what."""

    path: Path
    line: int
    message: T

    def __str__(self) -> str:
        path = quoted(str(self.path))
        return f"{path}:{self.line}: {self.message}" if self.line else f"{path}: {self.message}"


class Sheet:
    """A TOML file being read: its values, where each key stands, and the problems found in it. `languages` are those in which
    its texts are written."""

    def __init__(self, path: Path, languages: tuple[str, ...] = LANGUAGES) -> None:
        self.path = path
        self.languages = languages
        self.text = ""
        self.values: dict[str, Any] = {}
        self.problems: list[Problem] = []
        try:
            self.text = read(path).text
            self.values = tomllib.loads(self.text)
        except NotText as error:
            self.problem(T("This is not text in UTF-8."), line=error.line)
        except OSError as error:
            self.problem(T("It cannot be read: {reason}.", reason=reason(error)))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self._not_toml(str(error))

    def _not_toml(self, reason: str) -> None:
        place = _TOML_PLACE.search(reason)
        line = int(place[1]) if place and place[1] else max(1, self.text.count("\n"))
        self.problem(T("This is not TOML: {reason}.", reason=_TOML_PLACE.sub("", reason)), line=line)

    def problem(self, message: T, key: str = "", line: int = 0) -> None:
        """Notes a problem, at the line where `key` (`mistake.bias`) stands."""
        self.problems.append(Problem(self.path, line or (self.line_of(key) if key else 0), message))

    def line_of(self, key: str) -> int:
        """The line where a key is written, as `[mistake.bias]`, `mistake.bias = …`, or a part of that; 1 if nowhere."""
        lines = self.text.splitlines()
        parts = key.split(".")
        for size in range(len(parts), 0, -1):
            head = r"\s*\.\s*".join(map(re.escape, parts[:size]))
            pattern = re.compile(rf"\s*(?:\[\s*{head}\s*\]|{head}\s*[.=])")
            found = next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 0)
            if found and size < len(parts):
                last = re.compile(rf"\s*{re.escape(parts[-1])}\s*[.=]")
                return next((n for n, line in enumerate(lines[found:], found + 1) if last.match(line)), found)
            if found:
                return found
        return 1

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = None, *, required: bool = False) -> Any:
        """The value of a key if it is of the right type."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.problem(T("`{key}` is missing.", key=key), line=1)
            return default
        if not isinstance(value, kind) or isinstance(value, bool):
            self.problem(T("`{key}` is not what belongs here.", key=key), key)
            return default
        return value

    def flag(self, key: str) -> bool:
        """A key that is true or false; false where it is not written."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.problem(T("`{key}` is true or false.", key=key), key)
        return value is True

    def one_of(self, key: str, known: tuple[str, ...]) -> str:
        """A text that is one of a few; empty where it is not written."""
        value = str(self.take(key, str, ""))
        if value and value not in known:
            self.problem(T("`{key}` is one of: {known}.", key=key, known=", ".join(known)), key)
            return ""
        return value

    def both(self, value: Any, key: str) -> Both:
        """A text in both languages, from a table with `en` and `es`. In a course of one language it is a text, or a table with
        that language or `text`, and stands for both."""
        if len(self.languages) == 1:
            return self._alone(value, key, self.languages[0])
        if isinstance(value, str):
            self.problem(
                T(
                    "`{key}` is in one language: write `{key}.en` and `{key}.es`, or `languages` in course.toml.",
                    key=key,
                ),
                key,
            )
            return Both(value, value)
        table = value if isinstance(value, dict) else {}
        for language in LANGUAGES:
            if not isinstance(table.get(language), str) or not table[language].strip():
                self.problem(T("`{key}` is missing.", key=f"{key}.{language}"), key)
        return Both(*(str(table.get(language, "")).strip() for language in LANGUAGES))

    def _alone(self, value: Any, key: str, language: str) -> Both:
        text = value.get(language, value.get("text")) if isinstance(value, dict) else value
        if not isinstance(text, str) or not text.strip():
            whole = isinstance(value, dict) and any(isinstance(value.get(name), str) for name in LANGUAGES)
            inner = f".{language}" if whole else ".text" if isinstance(value, dict) else ""
            self.problem(T("`{key}` is missing.", key=key + inner), key)
            text = ""
        return Both(text.strip(), text.strip())

    def tables(self, key: str) -> dict[str, Any]:
        """A table of tables, such as `option`."""
        value = self.take(key, dict, {})
        return {str(k): v for k, v in value.items()}

    def strings(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text alone does too."""
        value = self.take(key, (list, str), [])
        value = [value] if isinstance(value, str) else value
        if not all(isinstance(v, str) for v in value):
            self.problem(T("`{key}` is a list of texts.", key=key), key)
            return ()
        return tuple(value)
