"""Whole functions that numba compiled, in our own cache, under the same conditions as the kernels.

numba's own cache would keep them in `NUMBA_CACHE_DIR`, beside the package or in the user's folder, whoever may write
there. What it makes of a parallel function cannot be written but as numba writes it, with pickle; so it is read from
files of the user's own alone, and with the right sum.
"""

# mypy: ignore-errors
from __future__ import annotations

import hashlib
import pickle
import sys
from functools import cache
from pathlib import Path

import llvmlite
import numba
import numpy
from numba.core import serialize
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult

from convdsl import caches

_LARGEST = 50_000_000
"""Bytes of a file with a function."""


@cache
def _folder() -> Path:
    return caches.folder("functions")


class KeptCode(_Cache):
    """The cache of one function, as numba asks for it. What it is compiled from stands in the files `sources`; `variant`
    tells apart what is compiled from the same in several ways."""

    def __init__(self, function, *sources, variant=""):
        self._name = function.__name__.lstrip("_") + variant
        self._sources = sources

    def _path(self, signature, codegen):
        digest = hashlib.sha256()
        for source in self._sources:
            digest.update(Path(source).read_bytes())
        versions = (numba.__version__, llvmlite.__version__, numpy.__version__, sys.version)
        digest.update(repr((signature, codegen.magic_tuple(), versions)).encode())
        return _folder() / f"{self._name}_{digest.hexdigest()[:20]}"

    def load_overload(self, sig, target_context):
        target_context.refresh()
        content = caches.load(self._path(sig, target_context.codegen()), _LARGEST)
        return None if content is None else CompileResult._rebuild(target_context, *pickle.loads(content))

    def save_overload(self, sig, data):
        caches.keep(self._path(sig, data.codegen), serialize.dumps(data._reduce()))

    @property
    def cache_path(self):
        return str(_folder())

    def enable(self):
        """It always is."""

    def disable(self):
        """It never is."""

    def flush(self):
        """What is kept stays: its name says what it is good for."""
