"""From a name or a path to a Dataset."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from convdsl.datasets import cifar
from convdsl.datasets.choosing import chosen
from convdsl.datasets.dataset import DataError, Dataset, DataWarning, Options, Progress, Text, Unavailable, refused
from convdsl.datasets.flat import by_name
from convdsl.datasets.folder import is_picture, pictures_of
from convdsl.datasets.idx import holds_idx, idx_in, idx_of, is_idx, load_idx
from convdsl.datasets.known import load_known
from convdsl.datasets.masks import masked_pictures, pairs_of
from convdsl.datasets.names import ending, quoted
from convdsl.datasets.npz import load_npz
from convdsl.datasets.places import search_path
from convdsl.datasets.registry import KNOWN, find
from convdsl.datasets.tables import is_table, strangers, tabled
from convdsl.datasets.tree import READ_ERRORS, File, Tree, opened, read_tree
from convdsl.files import opened as open_regular
from convdsl.messages import T


def load(
    name_or_path: str | os.PathLike[str],
    *,
    search: Sequence[str | os.PathLike[str]] | None = None,
    download: bool = True,
    progress: Progress | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    seed: int = 0,
    labels_from: int | None = None,
    classes: Sequence[str] = (),
    warn: Callable[[Text], None] | None = None,
) -> Dataset:
    """The data set with a name (`fashion-mini`, `mnist`, `fashion-mnist`, `cifar10`) or at a path.

    A path is a folder of class folders with pictures, the same in a tar or zip archive, an `.npz` file, an IDX file, a
    folder or an archive of them, or CIFAR-10 in any of its versions. What is no path from here is looked for in the folders
    `search` (by default `search_path()`: `CONVDSL_DATA`, the user's cache, the system's data folders); a known data set
    that is in none of them is downloaded into the cache if `download` allows it. A name wins over a file of that name
    in the working folder; `./mnist` means the file.

    `progress(what, done, total)` is called while it works. `size` (H, W) and `channels` (1 or 3) are for pictures: what
    they are stretched and turned to, instead of their commonest size. `seed` decides what is set aside for the test
    where no test part is there, and the order of pictures. `labels_from` is the number of the first class where labels
    are numbers: 1 for labels from 1 to 10. `classes` are the only ones that are wanted, in the order that they are to have.
    `warn` gets what was done to the data besides reading them;
    without it they are Python warnings (`DataWarning`). Raises DataError, and nothing else.
    """
    options = Options(size, channels, seed, progress, labels_from)
    roots = search_path() if search is None else tuple(Path(os.path.expanduser(folder)) for folder in search)
    given = os.fsdecode(name_or_path)
    known = find(given)
    try:
        data = load_known(known, roots, download, options) if known else _load_path(_path(given, roots), options)
        data = chosen(data, classes) if classes else data
    except MemoryError:
        raise Unavailable(
            T("{name}: the memory is full.", name=given), T("Close other programs, or use fewer or smaller images.")
        ) from None
    for note in data.notes:
        if warn is None:
            warnings.warn(str(note), DataWarning, stacklevel=2)
        else:
            warn(note)
    return data


def _path(given: str, roots: Sequence[Path]) -> Path:
    path = Path(os.path.expanduser(given))
    tried = [path] if path.is_absolute() else [path, *(root / path for root in roots)]
    try:
        for candidate in tried:
            if candidate.is_dir() or candidate.is_file():
                return candidate
    except (OSError, ValueError) as error:  # a name that no file can have
        raise DataError(T("{name} is no path: {why}.", name=repr(given[:80]), why=error)) from None
    names = [known.name for known in KNOWN]
    close = get_close_matches(given.lower(), names, 1)
    known = T("Known data sets: {names}.", names=", ".join(names))
    help = T("Did you mean `{name}`?", name=close[0]) if close else known
    raise Unavailable(
        T(
            "There is no data set `{name}`: no file or folder of that name in {places}.",
            name=quoted(given),
            places=", ".join(str(candidate.parent) for candidate in tried),
        ),
        help,
    )


def _load_path(path: Path, options: Options) -> Dataset:
    """The data set at a path, read as what its contents are, whatever it is called."""
    try:
        folder = path.is_dir()
        idx = folder and holds_idx(path)
        head = b"" if folder else _head(path)
    except READ_ERRORS as error:
        raise refused(path, error) or DataError(
            T("{path} cannot be read: {why}.", path=path, why=error), _again()
        ) from None
    if folder:
        return load_idx(path, options) if idx else _load_tree(path, options)
    if not head:
        raise DataError(T("{path} is empty.", path=path), _again())
    if is_table(path.name) and not head.startswith((b"PK", b"\x1f\x8b")):
        return _load_table(path, options)
    if head.startswith(b"PK"):
        return load_npz(path, options) if _holds_arrays(path) else _load_tree(path, options)
    if is_idx(path) or head.startswith(b"\0\0"):
        return load_idx(path, options)
    if head[257:262] == b"ustar" or ".tar" in path.suffixes:
        return _load_tree(path, options)
    raise DataError(
        T("{path} is of no kind that can be read.", path=path),
        T("A folder of class folders with images, the same as tar or zip, an .npz file or IDX files are expected."),
    )


def _head(path: Path) -> bytes:
    """The first bytes of a file, uncompressed."""
    with open_regular(path) as raw, opened(raw) as file:
        return file.read(512)


def _holds_arrays(path: Path) -> bool:
    if path.suffix.lower() == ".npz":
        return True
    try:
        with open_regular(path) as raw, zipfile.ZipFile(raw) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except READ_ERRORS:
        return False


def _load_tree(path: Path, options: Options) -> Dataset:
    packed = not path.is_dir()
    tree = read_tree(
        path, lambda name: is_picture(name) or is_table(name) or cifar.is_batch(name) or (packed and idx_in(name))
    )
    if packed and any(idx_in(file.path) for file in tree.files):
        return idx_of(tree, path, options)
    if any(cifar.is_batch(file.path) for file in tree.files):
        return cifar.batches_of(tree, path)
    tables = [file for file in tree.files if is_table(file.path)]
    if tables:
        left = Counter((file.path.rpartition("/")[0], ending(file.path)) for file in tables)
        files = tuple(file for file in tree.files if not is_table(file.path))
        tree = replace(tree, files=files, left=Counter(tree.left) + left)
    pairs = pairs_of(tree, path)
    if pairs is not None:
        return masked_pictures(pairs, path, options)
    try:
        return pictures_of(tree, path, options)
    except DataError:
        data = tabled(_without(tree, tables), tables, path, options)  # where no folders are classes, tables may be
        if data is not None:
            return data
        notes: list[Text] = []
        named = by_name(tree, path, notes)  # or names
        if named is None:
            if (wrong := strangers(tables, tree, path)) is not None:
                raise wrong from None
            raise
        return pictures_of(named, path, options, notes=notes)


def _without(tree: Tree, tables: Sequence[File]) -> Tree:
    """The tree, of which tables are no files that were left out."""
    used = Counter((file.path.rpartition("/")[0], ending(file.path)) for file in tables)
    return replace(tree, left=Counter(tree.left) - used)


def _load_table(path: Path, options: Options) -> Dataset:
    """The pictures beside one table."""
    tree = read_tree(path.parent, is_picture)
    data = tabled(replace(tree, left={}), [File(path.name, path.read_bytes)], path, options)
    if data is None:
        raise DataError(
            T("{path} names no pictures with their labels.", path=path),
            T("A table is expected with a line for each picture: `{line}`.", line="cat1.png,cat"),
        )
    return replace(data, source=str(path))


def _again() -> T:
    return T("Copy or download it again.")
