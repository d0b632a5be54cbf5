"""What the page is made of besides our own: packages of the npm registry, in the versions and with the sums that
`page/package-lock.json` holds. They are plain archives, so nothing of Node is needed to fetch, check or read them.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tarfile
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from convdsl import caches
from convdsl.datasets.dataset import DataError, Progress
from convdsl.datasets.download import fetch
from convdsl.messages import T, reason
from convdsl.resources import resource

REGISTRY = "https://registry.npmjs.org/"
_LARGE = {"pyodide": 7_000_000}
_USUAL = 1_000_000
"""Bytes of an archive, about; twice as much is not taken."""
_MOST = 50_000_000
"""Bytes of one file in an archive."""
_IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s+)(["'])([^."'][^"']*)\2""")
"""What a module takes from a package, as `from "@codemirror/state"`."""


class Part(NamedTuple):
    """A package: its name, version, licence, and the sum of its archive."""

    name: str
    version: str
    license: str
    integrity: str

    @property
    def file(self) -> str:
        """The archive's name, as `npm pack` gives it."""
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def url(self) -> str:
        base = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
        return f"{base.rstrip('/')}/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"

    @property
    def module(self) -> str:
        """What its module is called in the site."""
        return f"{self.name.lstrip('@').replace('/', '-')}.js"


def locked() -> dict[str, Part]:
    """All packages, by their names."""
    content = json.loads(resource("page/package-lock.json").read_text("utf-8"))
    parts = {}
    for path, entry in content["packages"].items():
        if path:
            name = path.removeprefix("node_modules/")
            parts[name] = Part(name, entry["version"], entry.get("license", ""), entry["integrity"])
    return parts


class Archive:
    """A package's archive, checked. Raises DataError where it is damaged."""

    def __init__(self, part: Part, path: Path) -> None:
        self.part, self.path = part, path

    @cached_property
    def members(self) -> dict[str, bytes]:
        """The content of all its files, by their paths in the package."""
        found = {}
        with tarfile.open(self.path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() and member.size <= _MOST else None
                if file is not None:
                    found[member.name.partition("/")[2]] = file.read()
        return found

    @property
    def licence(self) -> str:
        """The text of its licence; where it has none, the licence's name."""
        texts = [c for name, c in self.members.items() if re.fullmatch(r"LICEN[CS]E(\.\w+)?", name)]
        return texts[0].decode("utf-8", "replace") if texts else f"{self.part.license}\n"

    @property
    def entry(self) -> str:
        """The text of the module that `import` takes."""
        described = json.loads(self.members["package.json"])
        exports = described.get("exports")
        path = exports.get("import") if isinstance(exports, dict) else described.get("module")
        return self.members[(path or described["main"]).removeprefix("./")].decode()


class Parts:
    """The archives of packages: from a folder, where one is given, else from the user's cache, which fetches what is missing."""

    def __init__(self, folder: Path | None, progress: Progress | None = None) -> None:
        self.folder, self.progress, self.locked = folder, progress, locked()
        self.used: dict[str, Archive] = {}

    def archive(self, name: str) -> Archive:
        """Raises DataError where it cannot be had."""
        if name not in self.used:
            part = self.locked[name]
            self.used[name] = Archive(part, self._given(part) if self.folder is not None else self._fetched(part))
        return self.used[name]

    def modules(self, text: str) -> dict[str, str]:
        """The modules that a module imports from packages, and theirs, by their names in the site; with the imports in them
        named so too."""
        found: dict[str, str] = {}
        waiting = _packages(text)
        while waiting:
            name = waiting.pop()
            file = self.locked[name].module
            if file not in found:
                entry = self.archive(name).entry
                found[file] = self.renamed(entry, "./")
                waiting += _packages(entry)
        return found

    def renamed(self, text: str, folder: str) -> str:
        """A module whose imports of packages are of the files in `folder`, so that a browser finds them."""
        return _IMPORT.sub(lambda m: f"{m[1]}{m[2]}{folder}{self.locked[m[3]].module}{m[2]}", text)

    def _given(self, part: Part) -> Path:
        assert self.folder is not None
        path = self.folder / part.file
        if not path.is_file():
            raise DataError(
                T("{folder} has no {name}.", folder=self.folder, name=part.file),
                T("`npm pack {package}` fetches it.", package=f"{part.name}@{part.version}"),
            )
        _verify(path, part)
        return path

    def _fetched(self, part: Part) -> Path:
        path = caches.folder("page") / part.file
        try:
            _verify(path, part)
            return path
        except DataError:
            path.unlink(missing_ok=True)
        return fetch([part.url], path, lambda p: _verify(p, part), _LARGE.get(part.name, _USUAL), self.progress)


def _packages(text: str) -> list[str]:
    return [match[3] for match in _IMPORT.finditer(text)]


def _verify(path: Path, part: Part) -> None:
    """Raises DataError where a file is not what the sum says."""
    from hashlib import sha512

    try:
        found = sha512(path.read_bytes()).digest()
    except OSError as error:
        raise DataError(T("{name} cannot be read: {reason}.", name=path, reason=reason(error))) from None
    if part.integrity != f"sha512-{base64.b64encode(found).decode()}":
        raise DataError(T("{name} is damaged, or another file: its sum is wrong.", name=path.name))
