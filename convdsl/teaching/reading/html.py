"""The text of a page of HTML, as an editor in the browser writes it: what was typed on lines of its own stays so."""

from __future__ import annotations

import html
import re

_SILENT = ("script", "style", "head", "title")
_BLOCK_NAMES = "address article blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main"
_BLOCK_NAMES += " ol p pre section table tr ul"
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})([^<>]{0,10000})>|<[!?][^<>]{0,10000}>")


def text_of_html(source: str) -> str:
    """The text; numbered lists keep their numbers, cells of a table are separated by spaces, `<sup>` is a power."""
    pieces: list[str] = []
    numbers: list[int] = []
    position, preformatted = 0, False
    while match := _TAG.search(source, position):
        pieces.append(_text(source[position : match.start()], preformatted))
        position = match.end()
        closing, name = match[1] == "/", (match[2] or "").lower()
        if match[0] == "<!--":
            position = _behind(source, "-->", position)
        elif name in _SILENT and not closing:
            position = _behind(source, f"</{name}", position)
        elif name == "pre":
            preformatted = not closing
            pieces.append("\n")
        elif name in ("ol", "ul"):
            if closing and numbers:
                numbers.pop()
            elif not closing:
                start = re.search(r'start\s*=\s*["\']?(\d{1,4})', match[3])
                numbers.append(int(start[1]) if start and name == "ol" else 1 if name == "ol" else 0)
            pieces.append("\n")
        elif name == "li" and not closing:
            pieces.append("\n" + (f"{numbers[-1]}. " if numbers and numbers[-1] else ""))
            if numbers and numbers[-1]:
                numbers[-1] += 1
        elif name in ("td", "th"):
            pieces.append(" ")
        elif name == "sup" and not closing:
            pieces.append("^")
        elif name in _BLOCKS:
            pieces.append("\n")
    pieces.append(_text(source[position:], preformatted))
    lines = [line.rstrip() for line in "".join(pieces).replace("\u00a0", " ").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _behind(source: str, mark: str, position: int) -> int:
    found = source.find(mark, position)
    return len(source) if found < 0 else found + (len(mark) if mark == "-->" else 0)


def _text(piece: str, preformatted: bool) -> str:
    """The text between two tags; line ends in it are spaces, except where it is preformatted."""
    if not preformatted:
        piece = re.sub(r"[ \t\r\n]+", " ", piece)
    return html.unescape(piece)
