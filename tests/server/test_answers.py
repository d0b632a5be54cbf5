"""What the language server answers, asked without an editor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from lsprotocol import types as lsp

from convdsl.cli import main
from convdsl.codes import CODES
from convdsl.diagnostics import Edit, Fix
from convdsl.editing.fixing import applied
from convdsl.editing.names import CannotRename, name_at, refuse
from convdsl.messages import use_language
from convdsl.server import answers
from convdsl.server.places import Places
from convdsl.source import Source, Span
from convdsl.training import checked
from tests.test_error_pages import programs

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.cnn"))
PROGRAM = """net resnet
input 32x32x3
let W = 16
block unit(C, act) {
  residual {
    conv C k3 p1 nobias -> bn act
    conv C k3 p1
  } act
}
conv W k3 p1 -> keep a
repeat 3 as I { unit(W + 0*I, relu) }
add { identity | from a } relu
maxpool 2 -> dense 10 softmax
"""


def looked(text: str, encoding: str = "utf-16") -> tuple[answers.Analysis, Places]:
    source = Source(text, "net.cnn")
    return checked(source, strangers=True), Places(source, encoding)


def at(text: str, mark: str, more: int = 0) -> lsp.Position:
    """The position of some words of a text."""
    offset = text.index(mark) + more
    return lsp.Position(text[:offset].count("\n"), offset - (text.rfind("\n", 0, offset) + 1))


def edited(text: str, edits: list[lsp.TextEdit], places: Places) -> str:
    changes = [Edit(Span(places.offset(e.range.start), places.offset(e.range.end)), e.new_text) for e in edits]
    return applied(text, [Fix("", tuple(changes))])


@pytest.mark.parametrize("encoding, columns", [("utf-8", 14), ("utf-16", 10), ("utf-32", 9)])
def test_places_count_what_was_agreed_on(encoding: str, columns: int) -> None:
    text = "# 𝒳 ñ:\n# á𝒳é  b\r\x0b\u2028c\n"
    places = Places(Source(text, "x"), encoding)
    offset = text.index("b") + 1
    assert places.position(offset) == lsp.Position(1, columns - 1)
    for place in range(len(text) + 1):
        assert places.offset(places.position(place)) == place
    assert places.offset(lsp.Position(99, 0)) == places.offset(lsp.Position(1, 99)) + 1 == len(text)


def test_diagnostics_are_those_of_check(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """On all examples and on the programs of all pages of diagnostics: code, place, words."""
    texts = [path.read_text("utf-8") for path in EXAMPLES]
    texts += [text for code in CODES for text in programs(code, "en") if "\r" not in text and "\0" not in text]
    files = []
    for number, text in enumerate(texts):
        files.append(tmp_path / f"{number}.cnn")
        files[-1].write_text(text, "utf-8")
    use_language("en")
    main(["check", "--format", "json", *map(str, files)])
    told = json.loads(capsys.readouterr().out)
    assert len(told) == len(texts) > 150
    for text, path, expected in zip(texts, files, told, strict=True):
        source = Source(text, str(path))
        places = Places(source, "utf-32")
        found = answers.diagnostics(checked(source), places)
        assert [(d.code, d.range.start.line + 1, d.range.start.character + 1) for d in found] == [
            (d["code"], d["line"], d["column"]) for d in expected["diagnostics"]
        ]
        for one, other in zip(found, expected["diagnostics"], strict=True):
            assert one.message.startswith(other["message"])
            assert other["help"] is None or one.message.endswith(other["help"])


def test_a_quick_fix_removes_its_diagnostic() -> None:
    """On the programs of all pages of diagnostics (convdsl/editing has the test of all fixes)."""
    tried = 0
    for code in CODES:
        for text in programs(code, "en")[:1]:
            analysis, places = looked(text)
            whole = lsp.Range(lsp.Position(0, 0), places.end())
            actions = answers.actions(analysis, places, "file:///x.cnn", whole)
            assert len(actions) == sum(len(d.fixes) for d in analysis.diagnostics)
            for action in actions:
                (before,) = action.diagnostics or ()
                assert action.edit and action.edit.changes
                after, there = looked(edited(text, list(action.edit.changes["file:///x.cnn"]), places))
                left = [
                    d for d in answers.diagnostics(after, there) if (d.code, d.message) == (before.code, before.message)
                ]
                now = [d for d in answers.diagnostics(analysis, places) if d.message == before.message]
                assert len(left) < len(now), (text, action.title)
                tried += 1
    assert tried > 25


def test_hints_stand_behind_statements() -> None:
    analysis, places = looked(PROGRAM)
    use_language("en")
    found = answers.inlay_hints(analysis, places, lsp.Range(lsp.Position(0, 0), places.end()))
    told = {(h.position.line, h.position.character): h.label for h in found}
    assert told[9, 12] == "32×32×16 · 448"
    assert told[6, 16] == "32×32×16 (×3) · 6,960"
    assert told[12, 9] == "16×16×16" and told[12, 29] == "10 · 40,970"
    few = answers.inlay_hints(analysis, places, lsp.Range(lsp.Position(9, 0), lsp.Position(10, 0)))
    assert [h.label for h in few] == ["32×32×16 · 448"]


def test_hover_explains_in_the_language_in_use() -> None:
    analysis, places = looked(PROGRAM)
    for language, words in (
        ("en", "parameters: params = (F·F·C + 1)·K = (3·3·3 + 1)·16 = 448"),
        ("es", "parámetros: "),
    ):
        use_language(language)
        told = answers.hover(analysis, places, at(PROGRAM, "conv W", 1))
        assert told is not None and isinstance(told.contents, lsp.MarkupContent)
        assert words in told.contents.value and "## `conv`" in told.contents.value
    use_language("en")
    call = answers.hover(analysis, places, at(PROGRAM, "unit(W", 1))
    assert call and "block unit(C, act)" in call.contents.value
    relu = answers.hover(analysis, places, at(PROGRAM, "relu\nmaxpool", 1))
    assert relu and "`relu`: " in relu.contents.value
    assert answers.hover(*looked("\n\n"), lsp.Position(1, 0)) is None


def test_completion_writes_over_what_is_typed() -> None:
    text = PROGRAM + "conv 8 k3 p1 sig"
    analysis, places = looked(text)
    found = answers.completion(analysis, places, places.end())
    assert "sigmoid" in [item.label for item in found]
    item = next(i for i in found if i.label == "sigmoid")
    assert isinstance(item.text_edit, lsp.TextEdit)
    assert edited(text, [item.text_edit], places).endswith("p1 sigmoid")
    assert "unit(" in [i.label for i in answers.completion(*looked(PROGRAM + "un"), lsp.Position(13, 2))]


@pytest.mark.parametrize(
    "text, words, others",
    [
        ("input 8x8x4\ndense 2\ntrain { # }\n  ¦\n}\n", ("data", "epochs", "optimizer"), ("conv", "relu")),
        ("input 8x8x4\ndense 2\ntrain {\n  data mnist\n  opt¦\n}\n", ("optimizer",), ("data",)),
        ("input 8x8x4\ndense 2\ntrain {\n  optimizer ¦\n}\n", ("adam", "sgd", "lr="), ("conv",)),
        ("input 8x8x4\ndense 2\ntrain {\n  optimizer adam lr=0.1 ¦\n}\n", ("weight_decay=",), ("adam", "lr=")),
        ("input 8x8x4\ntrain { epochs 2 }\n¦", ("conv",), ("epochs",)),
        ("block f(act, C) { conv C k1 ¦ }\ninput 8x8x4\nf(relu, 2)", ("act", "relu", "s"), ("C", "epochs")),
        ("block f(act) { conv 2 k1 act }\ninput 8x8x4\nconv 2 ¦", ("relu",), ("act",)),
    ],
)
def test_completion_knows_where_it_is(text: str, words: tuple[str, ...], others: tuple[str, ...]) -> None:
    before, _, behind = text.partition("¦")
    analysis, places = looked(before + behind)
    found = {item.label for item in answers.completion(analysis, places, places.position(len(before)))}
    assert found >= set(words) and not found & set(others)


def test_formatting_leaves_what_cannot_be_read() -> None:
    _, places = looked("input 3x3x1->conv 4 k3")
    (edit,) = answers.formatting(places) or ()
    assert edited("input 3x3x1->conv 4 k3", [edit], places) == "input 3x3x1 -> conv 4 k3\n"
    assert answers.formatting(looked("input 3x3x1 -> conv (4")[1]) is None
    assert answers.formatting(looked("input 3x3x1\nconv 4 k3\n")[1]) == []


@pytest.mark.parametrize(
    "mark, more, new",
    [("unit(C", 0, "block_a"), ("unit(W", 4, "b2"), ("C k3", 0, "FILTERS"), ("act)", 1, "how"), ("W = 16", 1, "WIDTH"),
     ("keep a", 5, "before"), ("as I", 3, "TURN")],
)  # fmt: skip
def test_a_new_name_changes_nothing_else(mark: str, more: int, new: str) -> None:
    analysis, places = looked(PROGRAM)
    position = at(PROGRAM, mark, more)
    name = name_at(analysis.program, places.offset(position))
    assert name is not None
    refuse(name, new, analysis.program)
    edits = (answers.renamed(name, new, places, "u").changes or {})["u"]
    after, _ = looked(edited(PROGRAM, list(edits), places))
    assert not after.failed
    assert [(n.op, f.output, f.params) for n, f in after.report] == [
        (n.op, f.output, f.params) for n, f in analysis.report
    ]
    assert answers.definition(analysis, places, "u", position)
    assert len(answers.references(analysis, places, "u", position)) == len(edits) >= 2


@pytest.mark.parametrize("mark, new", [("unit(C", "conv"), ("unit(C", "Unit"), ("unit(C", "repeat"), ("W = 16", "w")])
def test_a_name_that_would_not_do_is_refused(mark: str, new: str) -> None:
    analysis, places = looked(PROGRAM)
    name = name_at(analysis.program, places.offset(at(PROGRAM, mark)))
    assert name is not None
    with pytest.raises(CannotRename):
        refuse(name, new, analysis.program)


def test_names_reach_as_far_as_their_braces() -> None:
    """A parameter hides a symbol of the same name; a `let` in braces holds behind it."""
    text = "input 8x8x4\nlet C = 4\nblock f(C) { conv C k1 }\nconv C k1\nresidual { let C = C -> conv C k1 }\nf(C)\n"
    program = looked(text)[0].program
    name = name_at(program, text.index("C = 4"))
    assert name is not None
    lines = [text[: span.start].count("\n") for span in name.uses]
    assert lines[0] == 1 and 2 not in lines and lines[-1] == 5


def test_tokens_cover_the_words() -> None:
    analysis, places = looked(PROGRAM + "# 𝒳 ñ\n")
    data = answers.tokens(analysis, places)
    line = column = 0
    seen = []
    for n in range(0, len(data), 5):
        line, column = line + data[n], data[n + 1] + (column if not data[n] else 0)
        seen.append((places.lines[line][column : column + data[n + 2]], answers.LEGEND[data[n + 3]]))
    assert ("conv", "function") in seen and ("relu", "enumMember") in seen and ("repeat", "keyword") in seen
    assert ("unit", "type") in seen


@pytest.mark.parametrize("path", EXAMPLES[::6], ids=lambda p: p.stem)
def test_everything_is_answered_for_examples(path: Path) -> None:
    """At every word of a program, and at places where there is none."""
    text = path.read_text("utf-8")
    analysis, places = looked(text)
    assert len(answers.inlay_hints(analysis, places, lsp.Range(lsp.Position(0, 0), places.end())))
    assert answers.symbols(analysis, places)
    for offset in range(0, len(text), 97):
        position = places.position(offset)
        answers.hover(analysis, places, position)
        answers.completion(analysis, places, position)
        answers.definition(analysis, places, "u", position)
