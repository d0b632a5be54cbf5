"""What a student gets back: for each question what was understood, which mistake it shows, and how the answer comes about."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from html import escape

from convdsl.messages import Rounded, T, language
from convdsl.teaching.classes.results import Answer, Result, told
from convdsl.teaching.sheets.sheet import Sheet

VERDICTS = {"right": T("right"), "wrong": T("wrong"), "unclear": T("unclear"), "missing": T("no answer")}
_STYLE = "body{font-family:sans-serif;max-width:46em;margin:2em auto}pre{background:#f4f4f4;padding:.5em}"


def page(sheet: Sheet, result: Result) -> str:
    """The feedback as a page of HTML of its own."""
    titles = {e.id: str(e.title) for e in sheet.exercises}
    who = " · ".join(filter(None, (result.name, result.id)))
    lines = [
        f'<!DOCTYPE html><html lang="{language()}"><head><meta charset="utf-8"><title>{escape(sheet.title)}</title>'
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{escape(sheet.title)}</h1>",
        f"<p>{escape(who)}</p>",
        f"<p><strong>{told(result.points)} / {told(result.of)}</strong> · {escape(result.status)}</p>",
    ]
    if result.share < 1:
        lines.append(f"<p>{_said(T('Late: {share} % of the points count.', share=Rounded(result.share * 100)))}</p>")
    for number, answer in enumerate(result.answers, 1):
        lines += _question(number, titles[answer.exercise], answer)
    return "\n".join([*lines, "</body></html>", ""])


def _question(number: int, title: str, answer: Answer) -> list[str]:
    head = f"{number}. {title} · {told(answer.points)}/{told(answer.of)} · {VERDICTS[answer.status]}"
    lines = [f"<h2>{escape(head)}</h2>"]
    if answer.written:
        lines.append(_field(T("Written:"), answer.written))
    if answer.understood and answer.understood.strip() != answer.written.strip():
        lines.append(_field(T("Understood:"), answer.understood))
    if answer.message:
        lines.append(f"<p>{_said(answer.message)}</p>")
    if answer.status != "right":
        lines.append(_field(T("Right:"), answer.key))
        lines.append("<ol>" + "".join(f"<li>{_said(hint)}</li>" for hint in answer.hints) + "</ol>")
        if answer.why:
            lines.append(f"<p>{_said(answer.why)}</p>")
    return lines


def _field(label: T, text: str) -> str:
    text = text.strip()
    if "\n" in text:
        return f"<p>{escape(str(label))}</p><pre>{escape(_harmless(text))}</pre>"
    return f"<p>{escape(str(label))} <code>{escape(_harmless(text))}</code></p>"


def _said(text: object) -> str:
    """A message in HTML: words in backticks as code, lines as lines, columns kept."""
    safe = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escape(_harmless(str(text))))
    if re.search(r"\S  +\S", safe):
        return f"<pre>{safe}</pre>"
    return safe.replace("\n", "<br>")


def _harmless(text: str) -> str:
    return "".join(c if c.isprintable() or c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def comment(result: Result) -> str:
    """The comment for Moodle's worksheet, in one line of HTML: what is not right, and why."""
    lines = [f"{told(result.points)} / {told(result.of)}" + (f" · {result.status}" if result.statuses[1:] else "")]
    for number, answer in enumerate(result.answers, 1):
        if answer.status != "right":
            said = " ".join(answer.message.split()) or str(VERDICTS[answer.status])
            said = said if len(said) <= 300 else said[:299] + "…"
            lines.append(f"{number}. {answer.exercise} ({told(answer.points)}/{told(answer.of)}): {said}")
    return "<br>".join(escape(_harmless(line), quote=False) for line in lines)


def archive(files: Iterable[tuple[str, str]]) -> bytes:
    """A zip of text files, the same bytes for the same files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in sorted(files):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, text.encode("utf-8", "replace"))
    return data.getvalue()
