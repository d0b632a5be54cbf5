"""Where a matrix, a kernel or an image is: typed, in a file, on standard input, in a data set."""

from __future__ import annotations

import re
import sys
from os.path import isfile
from pathlib import Path

from convdsl import files
from convdsl.cli.parsing import CallError
from convdsl.messages import T
from convdsl.report.convolution import Position
from convdsl.source import NotText, decode
from convdsl.teaching.worked.convolution import Operation
from convdsl.teaching.worked.kernels import Kernel, Median, read_kernel, typed
from convdsl.teaching.worked.matrix import Matrix, MatrixError, read_matrix

MOST_BYTES = 20_000_000
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".pgm", ".ppm", ".tif", ".tiff")
TABLES = (".csv", ".tsv")


def given(written: str) -> Matrix | Path | str:
    """The matrix that is typed or in a file; the path of an image, or its name in a data set. Raises MatrixError,
    CallError."""
    if written == "-":
        return _decoded(sys.stdin.buffer.read(MOST_BYTES + 1), str(T("<standard input>")), False)
    path = Path(written) if len(written) < 1000 and "\n" not in written else None
    if path is not None and path.suffix.lower() in PICTURES:
        return path
    if path is not None and isfile(path):  # also where the name is too long for any
        with files.opened(path) as file:
            return _decoded(file.read(MOST_BYTES + 1), written, path.suffix.lower() in TABLES)
    if re.fullmatch(r"[A-Za-z][\w-]*(:\w*)?", written):
        return written
    if path is not None and not re.search(r"[\s;\[]", written) and re.search(r"[A-Za-z]", written):
        raise CallError(T("there is no file {name}.", name=written))
    return read_matrix(written)


def _decoded(data: bytes, name: str, table: bool) -> Matrix:
    if len(data) > MOST_BYTES:
        raise MatrixError(
            T("{name} is larger than {n} MB.", name=name, n=MOST_BYTES // 10**6),
            T("Large pictures are filtered as image files: .png or .jpg."),
        )
    try:
        return read_matrix(decode(data, name).text, table=table)
    except NotText:
        raise MatrixError(T("{name} is no text.", name=name)) from None


def given_kernel(written: str) -> Kernel | Median:
    """A kernel by its name, as a matrix, or from a file. Raises MatrixError."""
    if len(written) < 1000 and Path(written).suffix and "\n" not in written and Path(written).is_file():
        found = given(written)
        if isinstance(found, Matrix):
            return typed(found)
    return read_kernel(written)


def place_in(at: Position | None, operation: Operation | None) -> Position | None:
    """The place asked for. Raises CallError where the output has no such place."""
    if at is None or operation is None:
        return None
    rows, columns = operation.size
    if at[0] >= rows or at[1] >= columns:
        raise CallError(
            T(
                "The output has {rows} rows and {columns} columns: there is no place {r},{c}.",
                rows=rows,
                columns=columns,
                r=at[0] + 1,
                c=at[1] + 1,
            )
        )
    return at
