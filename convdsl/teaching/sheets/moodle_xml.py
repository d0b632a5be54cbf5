"""A bank of questions in Moodle's XML: Question bank → Import → Moodle XML format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from convdsl.teaching.sheets.quiz import Bank, Given, Item, html

TYPES = {"number": "numerical", "text": "shortanswer", "choice": "multichoice"}
_MORE = {
    "number": ("<unitgradingtype>0</unitgradingtype>", "<unitpenalty>0</unitpenalty>", "<showunits>3</showunits>",
               "<unitsleft>0</unitsleft>"),
    "text": ("<usecase>0</usecase>",),
    "choice": ("<single>true</single>", "<shuffleanswers>true</shuffleanswers>", "<answernumbering>abc</answernumbering>"),
}  # fmt: skip


_INLINE = re.compile(r'src="data:image/([a-z+]+);base64,([^"]+)"')


def moodle_xml(banks: Iterable[Bank]) -> Iterator[str]:
    """The lines of the file: a category for each exercise, and its questions."""
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<quiz>"
    for bank in banks:
        if bank.items:
            path = "/".join(part.replace("/", "//") for part in bank.category)
            yield f'<question type="category"><category><text>{escape(f"$course$/top/{path}")}</text></category></question>'
        for item in bank.items:
            yield from _question(item)
    yield "</quiz>"


def _question(item: Item) -> Iterator[str]:
    yield f'<question type="{TYPES[item.kind]}">'
    yield f"  <name><text>{escape(item.name)}</text></name>"
    yield f'  <questiontext format="html">{_html(item.text)}</questiontext>'
    yield f'  <generalfeedback format="html">{_html(item.feedback)}</generalfeedback>'
    yield "  <defaultgrade>1</defaultgrade><penalty>0.3333333</penalty><hidden>0</hidden>"
    yield f"  {''.join(_MORE[item.kind])}"
    for answer in item.answers:
        yield from _answer(item, answer)
    yield "</question>"


def _answer(item: Item, answer: Given) -> Iterator[str]:
    choice = item.kind == "choice"
    text = _html(answer.text) if choice else f"<text>{escape(answer.text)}</text>"
    tolerance = f"<tolerance>{answer.tolerance:.10g}</tolerance>" if item.kind == "number" else ""
    yield (
        f'  <answer fraction="{answer.fraction:g}" format="{"html" if choice else "moodle_auto_format"}">{text}'
        f'<feedback format="html"><text>{_data(html(answer.feedback))}</text></feedback>{tolerance}</answer>'
    )


def _html(text: str) -> str:
    """A text in HTML, and behind it the files of its pictures, as Moodle keeps them."""
    files: list[str] = []

    def kept(match: re.Match[str]) -> str:
        name = f"picture{len(files) + 1}.{match[1].partition('+')[0]}"
        files.append(f'<file name="{name}" path="/" encoding="base64">{match[2]}</file>')
        return f'src="@@PLUGINFILE@@/{name}"'

    text = _INLINE.sub(kept, text)
    return f"<text>{_data(text)}</text>{''.join(files)}"


def _data(text: str) -> str:
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>" if text else ""
