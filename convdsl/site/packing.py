"""What Python code goes into the page: this installation's own, without what needs NumPy, and the libraries that it fetches
when they are needed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from convdsl.language import tables
from convdsl.resources import resource

_PACKAGE = Path(tables.__file__).parent.parent
_NOT_THERE = ("bridges", "cli", "datasets", "engine", "server", "site")
"""Rooms that stay at home, but for the files below."""
_OF_THEM = ("engine/__init__.py", "engine/errors.py", "engine/optimizer.py")
_UNUSED = {
    "sympy": (
        "benchmarks", "categories", "crypto", "diffgeom", "holonomic", "liealgebras", "parsing/autolev", "parsing/c",
        "parsing/fortran", "parsing/latex", "physics", "sandbox", "stats", "vector",
    )
}  # fmt: skip
"""Rooms of a library that are about something else, and that it does not load by itself."""
_ENDINGS = (".py", ".lark", ".toml", ".mo", ".json", ".txt", ".md")
_DATE = (1980, 1, 1, 0, 0, 0)


def core() -> bytes:
    """Our own code, with the grammar's tables made, so that the page needs no parser generator to parse."""
    grammar = resource("grammar/convdsl.lark")
    made = json.dumps(tables.make(grammar.read_text("utf-8")))
    entries = dict(_own())
    entries["convdsl/grammar/convdsl.lark"] = grammar.read_bytes()
    entries[f"convdsl/{tables.PACKED}"] = made.encode()
    return _zipped(entries)


def library(name: str) -> bytes:
    """A library as it is installed here, with what it needs and its licence, without its tests."""
    entries = {}
    for package in {"sympy": ("sympy", "mpmath")}.get(name, (name,)):
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*")):
            inner = path.relative_to(folder)
            used = not inner.as_posix().startswith(tuple(f"{room}/" for room in _UNUSED.get(package, ())))
            if used and path.is_file() and path.suffix in (".py", ".lark") and not _is_test(inner):
                entries[f"{package}/{inner.as_posix()}"] = path.read_bytes()
    return _zipped(entries)


def licence(name: str) -> tuple[str, str]:
    """The version of a library that is installed here, and the text of its licence."""
    found = distribution(name)
    texts = [f for f in found.files or () if f.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))]
    return found.version, "\n".join(file.read_text("utf-8") or "" for file in texts)


def _own() -> Iterator[tuple[str, bytes]]:
    for path in sorted(_PACKAGE.rglob("*")):
        inner = path.relative_to(_PACKAGE)
        if path.suffix not in _ENDINGS or "__pycache__" in inner.parts or not path.is_file():
            continue
        here = inner.parts[0] not in (*_NOT_THERE, "page", "docs", "examples") or inner.as_posix() in _OF_THEM
        if here or (inner.parts[0] == "page" and path.suffix == ".py"):
            yield f"convdsl/{inner.as_posix()}", path.read_bytes()


def _is_test(path: Path) -> bool:
    return any(part in ("tests", "__pycache__", "benchmarks") for part in path.parts)


def _zipped(entries: dict[str, bytes]) -> bytes:
    """A zip file that is the same whenever it is made of the same."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
