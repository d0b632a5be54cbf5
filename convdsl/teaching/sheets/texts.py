"""The text in some bytes, whatever wrote them: UTF-8, UTF-16 with its mark or without, Windows-1252."""

from __future__ import annotations

import re
from typing import NamedTuple

from convdsl.messages import T

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_OTHERS = (
    (b"%PDF", T("This is a PDF and no text.")),
    (b"PK\x03\x04", T("This is a Word document or an archive and no text.")),
    (b"\xd0\xcf\x11\xe0", T("This is a Word document and no text.")),
    (b"{\\rtf", T("This is a document in RTF and no text.")),
    (b"\x89PNG", T("This is a picture and no text.")),
    (b"\xff\xd8\xff", T("This is a picture and no text.")),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SHARE = 50
"""One control character in so many is borne."""


class NoText(ValueError):
    """Bytes that are no text; `message` says what they are."""

    def __init__(self, message: T) -> None:
        self.message = message
        super().__init__(str(message))


class Text(NamedTuple):
    """A text, and what gives its bytes again: the encoding and the mark in front."""

    text: str
    encoding: str
    mark: bytes = b""

    def bytes_of(self, text: str) -> bytes:
        """Another text, written as this one was. What the encoding lacks becomes a question mark."""
        return self.mark + text.encode(self.encoding, "replace")


def text_of(data: bytes) -> Text:
    """The text in some bytes, line ends as they are. Raises NoText."""
    for start, message in _OTHERS:
        if data.startswith(start):
            raise NoText(message)
    found = _decoded(data)
    if len(_CONTROL.findall(found.text)) * _SHARE > len(found.text):
        raise NoText(T("This is no text."))
    return found


def _decoded(data: bytes) -> Text:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Text(data[len(mark) :].decode(encoding), encoding, mark)
            except UnicodeDecodeError:
                raise NoText(
                    T("This text is damaged: it is not the {name} that its first bytes promise.", name=encoding.upper())
                ) from None
    silent = _without_mark(data)
    for encoding in filter(None, (silent, "utf-8", "cp1252", "latin-1")):
        try:
            return Text(data.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    raise NoText(T("This is no text."))


def _without_mark(data: bytes) -> str | None:
    """UTF-16 without its mark: in Latin letters every second byte is zero."""
    start = data[:4096]
    if len(data) % 2 or len(start) < 4:
        return None
    halves = [start[n::2].count(0) / (len(start) // 2) for n in (0, 1)]
    if halves[1] > 0.7 and halves[0] < 0.1:
        return "utf-16-le"
    return "utf-16-be" if halves[0] > 0.7 and halves[1] < 0.1 else None
