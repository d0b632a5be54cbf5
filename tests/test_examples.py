"""The examples are right, state figures that would be missed if they were wrong, and are listed in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from convdsl.datasets import available
from convdsl.diagnostics import Findings
from convdsl.language.formatter import formatted
from convdsl.messages import Grouped, use_language
from convdsl.network import Analysis, analyse
from convdsl.source import Source, read
from convdsl.training.configure import training_settings
from tests.conftest import Convdsl
from tests.nets import EXAMPLES

FILES = sorted(EXAMPLES.glob("*.cnn"))
LISTS = {"README.md": "en", "LEEME.md": "es"}
"""The lists of the examples and their languages."""

each_example = pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)


def check(file: Path) -> Analysis:
    return analyse(read(file))


@each_example
def test_an_example_is_right(file: Path) -> None:
    analysis = check(file)
    assert [d for d in analysis.diagnostics if d.severity == "error"] == []
    assert not {d.code for d in analysis.diagnostics} & {"W502", "W503", "W504", "W505"}
    assert analysis.report.complete
    assert analysis.network.name == file.stem


@each_example
def test_an_example_begins_with_its_source(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert re.fullmatch(r"# .+ \((after )?[A-Z].+\)", lines[0])
    assert lines[1] == f"net {file.stem}"
    assert max(map(len, lines)) <= 120


@each_example
def test_an_example_is_in_the_usual_form(file: Path) -> None:
    analysis = check(file)
    assert formatted(analysis.program) == analysis.source.text


@each_example
def test_a_wrong_figure_would_be_noticed(file: Path) -> None:
    """One more in the last number of every `expect` line: each of them is false then."""
    text, changed = re.subn(
        r"^(\s*expect .*?)(\d[\d_]*)(?=\s*(#.*)?$)",
        lambda m: f"{m[1]}{int(m[2]) + 1}",
        file.read_text("utf-8"),
        flags=re.MULTILINE,
    )
    assert changed == text.count("expect ") >= 1
    errors = [d.code for d in analyse(Source(text)).diagnostics if d.severity == "error"]
    assert errors == ["E401"] * changed


@each_example
def test_an_example_states_its_parameters(file: Path) -> None:
    if file.stem == "stride":  # about sizes alone
        return
    params = check(file).report.total.params
    assert re.search(rf"^expect params ({params:_}|{params})\b", file.read_text("utf-8"), re.MULTILINE)


@each_example
def test_an_example_can_be_trained_as_it_says(file: Path) -> None:
    analysis = check(file)
    findings = Findings(analysis.source)
    settings = training_settings(analysis.network, findings)
    assert not findings.items
    assert not analysis.network.train or settings.data in {known.name for known in available()}


def rows(page: str) -> dict[str, list[str]]:
    """The cells behind the name of each net in a list."""
    found = re.findall(r"^\| \[(\w+)\]\((\w+)\.cnn\) \|(.*)\|$", (EXAMPLES / page).read_text("utf-8"), re.MULTILINE)
    assert all(name == target for name, target, _ in found)
    assert len({name for name, _, _ in found}) == len(found)
    return {name: [cell.strip() for cell in cells.split("|")] for name, _, cells in found}


@pytest.mark.parametrize("page", LISTS)
def test_every_example_is_listed_with_its_true_numbers(page: str) -> None:
    use_language(LISTS[page])
    listed = rows(page)
    assert sorted(listed) == [f.stem for f in FILES]
    for file in FILES:
        report = check(file).report
        size, params, macs, shows = listed[file.stem]
        assert size == "×".join(map(str, report.network.input))
        assert params == str(Grouped(report.total.params)), file.stem
        if isinstance(report.total.macs, int):
            assert macs == str(Grouped(report.total.macs)), file.stem
        else:
            assert not re.search(r"\d", macs)
        assert shows


def test_both_lists_have_one_order() -> None:
    assert list(rows("README.md")) == list(rows("LEEME.md"))


def test_all_examples_in_one_call(convdsl: Convdsl) -> None:
    done = convdsl("check", *map(str, FILES))
    assert done.returncode == 0, done.stdout[-2000:]
    assert f"{len(FILES)} programs, all without errors." in done.stdout
