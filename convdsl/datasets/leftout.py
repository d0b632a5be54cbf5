"""What of a folder or an archive is not read, and what can be done about it."""

from __future__ import annotations

from collections import defaultdict

from convdsl.datasets.dataset import Text
from convdsl.datasets.names import quoted
from convdsl.datasets.tree import AGAIN, NO_FILE, Tree
from convdsl.messages import T

_PICTURES = {".heic", ".heif", ".avif", ".tga", ".jp2", ".jxl", ".svg", ".psd", ".dcm", ".raw", ".cr2", ".cr3", ".nef", ".arw",
             ".dng"}  # fmt: skip
_FILMS = {".mp4", ".mov", ".avi", ".mkv", ".webm"}
_ARCHIVES = {".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".rar", ".7z"}
ELSEWHERE = _PICTURES | _FILMS | _ARCHIVES
"""What a folder may hold that was meant as a class, though nothing of it can be read."""


def left_out(tree: Tree, folder: str = "") -> dict[str, int]:
    """How many files below `folder` are no pictures, by ending."""
    left: dict[str, int] = defaultdict(int)
    for (where, end), count in tree.left.items():
        if not folder or where == folder or where.startswith(folder + "/"):
            left[end] += count
    return left


def counted(left: dict[str, int]) -> str:
    """Files by ending, the commonest first: `3 .heic, 1 .txt`."""
    order = sorted(left.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count} {quoted(end)}" for end, count in order]
    for place, (end, count) in enumerate(order):
        if end == NO_FILE:
            shown[place] = str(T("{n} pipe or dead link", "{n} pipes or dead links", n=count))
        elif end == AGAIN:
            shown[place] = str(
                T("{n} link to a folder that is here already", "{n} links to folders that are here already", n=count)
            )
        elif not end:
            shown[place] = str(T("{n} without an ending", n=count))
    return ", ".join(shown[:6]) + (" …" if len(shown) > 6 else "")


def said(left: dict[str, int]) -> list[Text]:
    """The notes on what is left out: pictures that are not read, and what is none."""
    unread = {end: count for end, count in left.items() if end in _PICTURES}
    other = {end: count for end, count in left.items() if end not in _PICTURES}
    notes: list[Text] = []
    if unread:
        notes.append(
            T(
                "{n} picture is of a kind that is not read, and is left out: {endings}. Save it as JPEG or PNG.",
                "{n} pictures are of kinds that are not read, and are left out: {endings}. Save them as JPEG or PNG.",
                n=sum(unread.values()),
                endings=counted(unread),
            )
        )
    if other:
        notes.append(
            T("{n} file is no image and is left out: {endings}.", "{n} files are no images and are left out: {endings}.",
              n=sum(other.values()), endings=counted(other))
        )  # fmt: skip
    return notes


def instead(left: dict[str, int]) -> str:
    """What is there instead of images, in brackets."""
    return f" ({counted(left)})" if left else ""


def way_out(left: dict[str, int]) -> T | None:
    """What can be done where there is nothing but files that are not read; None where nothing particular can."""
    if left.keys() & _PICTURES:
        return T("Pictures of these kinds are not read: save them as JPEG or PNG.")
    if left.keys() & _FILMS:
        return T("Films are not read: save their frames as JPEG or PNG.")
    if left.keys() & _ARCHIVES:
        return T("Give the path of the archive (.zip, .tar) itself, or unpack it.")
    return None
