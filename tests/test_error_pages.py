"""Every diagnostic has a page in both languages, and the examples on it are right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convdsl import load
from convdsl.cli import main
from convdsl.diagnostics import Findings
from convdsl.messages import use_language
from convdsl.report.data import diagnostic_data
from convdsl.training.matching import check_images, check_outputs

ROOT = Path(__file__).parent.parent
FOLDERS = {"en": ROOT / "docs" / "errors", "es": ROOT / "docs" / "es" / "errors"}
CODES = sorted(
    {
        code
        for path in (ROOT / "convdsl").rglob("*.py")
        for code in re.findall(r'"([EWN][0-9]{3})"', path.read_text("utf-8"))
    }
)


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    yield
    use_language(None)


def page(code: str, language: str) -> str:
    return (FOLDERS[language] / f"{code}.md").read_text(encoding="utf-8")


def programs(code: str, language: str) -> list[str]:
    """The programs on a page; `␀` stands for a NUL character."""
    return [b.replace("␀", "\0") for b in re.findall(r"```cnn\n(.*?)```", page(code, language), re.DOTALL)]


@pytest.mark.parametrize("language", FOLDERS)
def test_every_code_has_a_page_and_every_page_a_code(language: str) -> None:
    pages = sorted(p.stem for p in FOLDERS[language].glob("*.md") if p.stem != "README")
    assert pages == CODES


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("code", CODES)
def test_the_first_example_gives_the_code_and_the_second_mends_it(
    code: str, language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, right = programs(code, language)
    found = next(d for d in check(wrong, language, tmp_path, capsys) if d["code"] == code)
    assert found["message"] in page(code, language)
    assert not found["help"] or found["help"] in page(code, language)
    mended = check(right, language, tmp_path, capsys)
    assert not [d for d in mended if d["severity"] == "error" or d["code"] == code]


def check(program: str, language: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The diagnostics of a program, as `convdsl check` gives them; of one with a `train` block, also those that `run`
    adds when its images are the digits of MNIST."""
    path = folder / "net.cnn"
    path.write_text(program, encoding="utf-8")
    failed = main(["check", "--format", "json", "--lang", language, str(path)])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    if "train" in program and not failed:
        net = load(path)
        findings = Findings(net.analysis.source)
        check_images(net, (28, 28, 1), "mnist", findings)
        check_outputs(net, [str(digit) for digit in range(10)], 0, "mnist", findings)
        found += [diagnostic_data(d) for d in findings.items]
    return found


@pytest.mark.parametrize("code", CODES)
def test_both_languages_show_the_same_programs(code: str) -> None:
    assert programs(code, "en") == programs(code, "es")
    english, spanish = page(code, "en").splitlines()[0], page(code, "es").splitlines()[0]
    assert english.startswith(f"# {code}: ") and spanish.startswith(f"# {code}: ")
    assert english != spanish


@pytest.mark.parametrize("language", FOLDERS)
def test_the_index_lists_every_page_by_its_title(language: str) -> None:
    index = (FOLDERS[language] / "README.md").read_text(encoding="utf-8")
    titles = {c: page(c, language).splitlines()[0].partition(": ")[2] for c in CODES}
    assert dict(re.findall(r"^\| \[(\w+)\]\(\1\.md\) \| (.*) \|$", index, re.MULTILINE)) == titles
