"""One document in every format: nothing is lost, nothing is executed, and no writer knows what it is about."""

from __future__ import annotations

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from convdsl.cli import main
from convdsl.document import (
    FORMATS,
    Answers,
    Beside,
    Code,
    Fields,
    Formula,
    Gallery,
    Heading,
    Items,
    Label,
    Matrix,
    Node,
    PageBreak,
    Picture,
    Sentence,
    Table,
    Title,
    write,
)
from convdsl.document.latex import whole
from convdsl.report.console import console
from convdsl.report.printing import print_document

HOSTILE = '<script>alert("1")</script> & $x_1$ 50 % \\input{/etc/passwd} a*b'
DOCUMENT: tuple[Node, ...] = (
    Title("A window that slides", ("until Friday",), "version A"),
    Heading("conv 6 k5", beside="32 to 28", number="7"),
    Heading("Row 1", 4),
    Label("size", "of the output"),
    Formula(("O &= N - F", " &= 28"), ("O = N − F", "= 28"), aligned=True),
    Formula((r"\left[\begin{array}{r} 1 \end{array}\right] = 1",), (Matrix((("1",),)), " = 1")),
    Sentence("The word `k5` is code."),
    Sentence(HOSTILE),
    Sentence("N: the size", quiet=True),
    Matrix((("10", "2"), ("3", "40")), (1, 0, 0, 1), (((0, 0), "window"), ((1, 1), "later"))),
    Code("input 28x28x1 -> conv 6 k5", "cnn"),
    Table(("", "A", "B|C"), (("parameters", "156", "1"), ("MACs", "", "2"))),
    Items(("first", "second `k3`")),
    Items(("one", "the other"), ("a)", "b)")),
    Items(((Sentence("as it"), Code("is set\nin lines")), "bare"), ("W1", ""), strong=False),
    Fields((("Name:", 6), ("Id:", 3))),
    PageBreak(),
    Answers((("1", ("P", "Q"), "1.5", False), ("2", (), "4", True))),
    Table(("class", "cat"), (("cat", "7"),), ((0.0, 0.5),), "confusion"),
    Picture(
        "a drawn <net>", svg="<svg xmlns='http://www.w3.org/2000/svg'><text>drawn 5x5</text></svg>", tex="drawn 5x5"
    ),
    Gallery((Picture("a photo", png=b"\x89PNG", caption="photo of a cat", width=20), Picture("not drawn in 3D"))),
    Beside((Sentence("what is seen"),), (Sentence("what is said"),)),
)


class Page(HTMLParser):
    """Checks that tags are closed in order, and gathers the text."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


def test_the_document_of_the_tests_has_every_kind_of_node() -> None:
    assert {type(node) for node in DOCUMENT} == set(get_args(Node))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_every_word(format: str) -> None:
    text = write(DOCUMENT, format)
    for word in (
        "A window that slides",
        "conv 6 k5",
        "size",
        "k5",
        "input 28x28x1",
        "parameters",
        "156",
        "second",
        "the other",
        "until Friday",
        "version A",
        "32 to 28",
        "of the output",
        "the size",
        "40",
        "in lines",
        "Name:",
        "what is seen",
        "what is said",
        "photo of a cat",
        "Q",
        "1.5",
    ):
        assert word in (Page(text).text if format == "html" else text)
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_the_terminal_is_a_writer_too(capsys: pytest.CaptureFixture[str]) -> None:
    print_document(console(), DOCUMENT)
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("7  conv 6 k5   32 to 28")
    assert lines[start + 1 : start + 8] == [
        "Row 1",
        "  size  of the output",
        "    O = N − F",
        "      = 28",
        "[ 1 ]  = 1",
        "",
        "    The word `k5` is code.",
    ]
    matrix = lines.index("[  0   0   0 ]")
    assert lines[matrix + 1 : matrix + 3] == ["[ 10   2   0 ]", "[  3   ·   0 ]"]
    assert "    W1 as it" in lines and "       is set" in lines and "     bare" in lines
    assert "  1  P  Q" in "\n".join(lines) and "\x1b" not in "\n".join(lines)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_the_document_of_the_tests_compiles(tmp_path: Path) -> None:
    (tmp_path / "all.tex").write_text(whole([DOCUMENT, DOCUMENT]), "utf-8")
    call = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]


def test_what_is_longer_than_a_line_stays_in_its_item() -> None:
    text = write([Items(((Sentence("as it"), Code("is set")), "next"))], "markdown")
    assert text == "1. as it\n\n   ```\n   is set\n   ```\n2. next\n"


def test_html_is_one_page_that_fetches_and_runs_nothing() -> None:
    text = write(DOCUMENT, "html")
    page = Page(text)
    assert HOSTILE in page.text
    assert not {"script", "link", "iframe"} & {tag for tag, _ in page.seen}
    assert all((attributes["src"] or "").startswith("data:") for tag, attributes in page.seen if tag == "img")
    assert not [a for _, attributes in page.seen for a in attributes if a == "href" or a.startswith("on")]
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "") and "url(" not in text
    assert [tag for tag, _ in page.seen if tag in ("html", "head", "body", "main", "h1")] == [
        "html",
        "head",
        "body",
        "main",
        "h1",
    ]


def test_latex_sets_what_is_special_as_text() -> None:
    text = write(DOCUMENT, "latex")
    assert r"\textbackslash{}input\{/etc/passwd\}" in text and "\\input{" not in text
    assert r"50 \%" in text and r"\$x\_1\$" in text
    assert text.count(r"\begin") == text.count(r"\end")


def test_markdown_keeps_stars_bars_and_fences() -> None:
    text = write([*DOCUMENT, Code("a\n```\nb")], "markdown")
    assert r"a\*b" in text and r"B\|C" in text
    assert "````\na\n```\nb\n````" in text
    assert "| parameters | 156 | 1 |" in text and "|---|--:|--:|" in text


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "call",
    [
        ("explain", "-e", "input 28x28x1 -> conv 6 k5 tanh"),
        ("explain", "--compare", "-e", "input 8x8x1 -> conv 6 k5", "-e", "input 8x8x1 -> conv 6 k3"),
        ("convolve", "[1 2 3; 4 5 6; 7 8 9; 1 0 1]", "--kernel", "mean", "--steps"),
    ],
    ids=["explain", "compare", "convolve"],
)
def test_what_is_told_is_told_as_a_page(
    call: tuple[str, ...], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", language, *call, "--format", "html"]) == 0
    page = Page(capsys.readouterr().out)
    assert ("html", {"lang": language}) in page.seen
    assert re.search(r"\d", page.text)
