"""What Python code goes into the page: this installation's own, without what needs NumPy, and the libraries that it fetches
when they are needed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

from convdsl.datasets.registry import SHIPPED
from convdsl.language import tables
from convdsl.resources import resource

_PACKAGE = Path(tables.__file__).parent.parent
_NOT_THERE = ("bridges", "cli", "datasets", "engine", "server", "site")
"""Rooms that stay at home, but for the files below."""
_OF_THEM = (
    *(f"engine/{name}.py" for name in (
        "__init__", "activations", "bits", "errors", "initial", "maths", "optimizer", "partial", "slots", "windows",
    )),
    *(f"engine/cpu/{name}.py" for name in (
        "__init__", "annotations", "bind", "channelwise", "depthwise", "micro", "nesting", "specialise", "tables", "tiles",
        "transforming",
    )),
    "engine/cpu/bindings/", "engine/cpu/kernels/", "engine/plan/", "engine/wasm/",
)  # fmt: skip
"""Plans, and what makes WebAssembly of them: none of it computes with arrays when it is loaded."""
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


def pictures() -> tuple[bytes, dict[str, int]]:
    """fashion-mini as the page reads it, packed by gzip: labels of the training pictures, of the test's, then the pictures, a
    byte for each pixel; and how many there are of each."""
    import numpy as np

    with np.load(SHIPPED) as found:
        arrays = [found[f"{part}_{what}"] for what in ("labels", "images") for part in ("train", "test")]
    content = b"".join(array.tobytes() for array in arrays)
    return packed(content), {"train": len(arrays[0]), "test": len(arrays[1])}


def licence_of_pictures() -> str:
    return SHIPPED.with_name("fashion_mini.LICENSE.txt").read_text("utf-8")


def packed(content: bytes) -> bytes:
    """As gzip does it, the same whenever it is made of the same. (No server or browser unpacks it: its name says nothing.)"""
    return gzip.compress(content, 9, mtime=0)


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
        here = inner.parts[0] not in (*_NOT_THERE, "page", "docs", "examples") or inner.as_posix().startswith(_OF_THEM)
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
