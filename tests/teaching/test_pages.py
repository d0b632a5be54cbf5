"""The pages about convolution by hand and about the REPL: their commands are run, and print what the pages show."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path

import pytest

from convdsl.cli import main
from convdsl.cli.called import respond
from convdsl.cli.entries import entries
from convdsl.messages import use_language
from convdsl.report.console import console
from convdsl.teaching.session import Session

DOCS = Path(__file__).resolve().parents[2] / "docs"
RUN = re.compile(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SESSION = re.compile(r"^```session\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNS = [
    (page, command, output)
    for page in ("convolve.md", "es/convolucion.md")
    for command, output in RUN.findall((DOCS / page).read_text("utf-8"))
]


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a pipe, wherever the tests run."""
    monkeypatch.delenv("COLUMNS", raising=False)


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


@pytest.mark.parametrize(("page", "command", "output"), RUNS)
def test_commands_print_what_the_page_shows(
    page: str, command: str, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    use_language("es" if page.startswith("es/") else "en")
    assert main(shlex.split(command)[1:]) == 0
    assert plain(capsys.readouterr().out) == plain(output)


@pytest.mark.parametrize("page", ["repl.md", "es/repl.md"])
def test_the_session_answers_what_the_page_shows(page: str) -> None:
    use_language("es" if page.startswith("es/") else "en")
    (written,) = SESSION.findall((DOCS / page).read_text("utf-8"))
    file = io.StringIO()
    out, session = console(file), Session()
    for text in entries(session, [line[2:] for line in written.splitlines() if line.startswith("› ")]):
        file.write(f"› {text}\n")
        respond(out, session.enter(text))
    assert plain(file.getvalue()) == plain(written)


@pytest.mark.parametrize(
    ("english", "spanish"),
    [("convolve.md", "es/convolucion.md"), ("repl.md", "es/repl.md"), ("practising.md", "es/practicar.md")],
)
def test_both_languages_have_the_same_parts(english: str, spanish: str) -> None:
    def parts(name: str) -> list[str]:
        text = (DOCS / name).read_text("utf-8")
        return [m.split()[0] for m in re.findall(r"^(#+ .*|```\w*|\| .*)$", text, re.MULTILINE)]

    assert parts(english) == parts(spanish)


def test_every_command_of_the_session_is_on_the_page() -> None:
    from convdsl.teaching.commands import SPANISH

    for page, names in (("repl.md", SPANISH.keys()), ("es/repl.md", SPANISH.values())):
        text = (DOCS / page).read_text("utf-8")
        assert [name for name in names if f":{name}" not in text] == []
