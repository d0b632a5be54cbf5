"""The site written into a folder: the page's own files, what the core knows as data, Python, Pyodide and the editor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from convdsl import files
from convdsl.datasets.dataset import Progress
from convdsl.datasets.registry import FASHION_MINI
from convdsl.document import html
from convdsl.messages import LANGUAGES, language, use_language
from convdsl.page.answers import LIBRARIES
from convdsl.page.words import words
from convdsl.resources import resource
from convdsl.site import packing
from convdsl.site.parts import Parts

RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PICTURES = "fashion-mini.packed"
LATER = (*(f"python/{name}.zip" for name in LIBRARIES), PICTURES)
"""What is loaded when it is first needed."""
MARK = "convdsl-site"
"""The file that says that a folder is a site of ours, and may be written over."""


class NotOurSite(Exception):
    """A folder with something else in it."""


def site(runtime: Path | None = None, progress: Progress | None = None) -> dict[str, bytes]:
    """The files of the site by their paths. `runtime` is a folder with the archives of `parts.py`. Raises DataError where
    one of them cannot be had."""
    parts = Parts(runtime, progress)
    found = {f"pyodide/{name}": parts.archive("pyodide").members[name] for name in RUNTIME}
    found["pyodide/pyodide.asm.wasm.packed"] = packing.packed(found.pop("pyodide/pyodide.asm.wasm"))
    own = resource("page/site")
    for path in sorted(own.iterdir()):
        text = path.read_text("utf-8")
        if path.suffix == ".js":
            found |= {f"editor/{name}": module.encode() for name, module in parts.modules(text).items()}
            text = parts.renamed(text, "./editor/")
        found[path.name] = text.encode()
    found["document.css"] = html.STYLE.lstrip().encode()
    found["words.js"] = _module("WORDS", {name: _in(name) for name in LANGUAGES})
    found["examples.js"] = _module("EXAMPLES", dict(_examples()))
    found["python/convdsl.zip"] = packing.core()
    for name in LIBRARIES:
        found[f"python/{name}.zip"] = packing.library(name)
    found[PICTURES], counts = packing.pictures()
    size, classes = FASHION_MINI.shape[0], len(FASHION_MINI.classes)
    found["fashion.js"] = _module("FASHION", {"path": PICTURES, **counts, "size": size, "classes": classes})
    found["LICENSES.txt"] = "\n\n".join(_licences(parts)).encode()
    sums = sha256()
    for name in sorted(found):
        sums.update(name.encode() + b"\0" + sha256(found[name]).digest())
    version = sums.hexdigest()[:16]
    found["version.js"] = _module("VERSION", version)
    now = [name for name in sorted(found) if name not in (*LATER, "LICENSES.txt", "service.js")]
    # The service worker's own text changes with the version: that is how a browser learns of a new one.
    data = (
        f"const VERSION = {json.dumps(version)};\nconst NOW = {json.dumps(now)};\nconst LATER = {json.dumps(LATER)};\n"
    )
    found["service.js"] = data.encode() + found["service.js"]
    found[MARK] = f"{version}\n".encode()
    return found


def write(folder: Path, content: dict[str, bytes]) -> None:
    """Writes a site into a new folder, an empty one, or over an older site. Raises NotOurSite, OSError."""
    begun = (folder / MARK).is_file()
    left = (
        () if begun or not folder.is_dir() else folder.glob(f".convdsl-*{files.PART}")
    )  # killed while writing the mark
    for path in left:
        path.unlink()
    if folder.is_dir() and any(folder.iterdir()) and not begun:
        raise NotOurSite
    for name in sorted(content, key=lambda name: name != MARK):  # the mark first: what was begun may be written again
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, (content[name],), lasting=False)


def _module(name: str, value: object) -> bytes:
    return f"export const {name} = {json.dumps(value, ensure_ascii=False, indent=1)};\n".encode()


def _in(name: str) -> dict[str, str]:
    """The page's words in a language."""
    before = language()
    use_language(name)
    try:
        classes = {f"class {n}": name for n, name in enumerate(FASHION_MINI.classes)}
        return {key: str(text) for key, text in (words() | classes).items()}
    finally:
        use_language(before)


def _examples() -> Iterator[tuple[str, str]]:
    """The shipped programs by their names, in the order of the alphabet."""
    for path in sorted(resource("examples").glob("*.cnn")):
        yield path.stem, path.read_text("utf-8")


def _licences(parts: Parts) -> Iterator[str]:
    yield "convdsl: MIT"
    for name, archive in sorted(parts.used.items()):
        yield f"{name} {archive.part.version} ({archive.part.license})\n\n{archive.licence.strip()}"
    yield f"fashion-mini\n\n{packing.licence_of_pictures().strip()}"
    for name in ("lark", "sympy", "mpmath"):
        version, text = packing.licence(name)
        yield f"{name} {version}\n\n{re.sub(chr(13), '', text).strip()}"
