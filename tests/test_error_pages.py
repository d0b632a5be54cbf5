"""Every diagnostic has a page in both languages, and the examples on it are right."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convdsl.cli import main
from convdsl.codes import CODES
from convdsl.diagnostics import Diagnostic, Findings, ProgramError, not_text
from convdsl.messages import use_language
from convdsl.net import Net
from convdsl.report.console import console
from convdsl.report.data import diagnostic_data
from convdsl.report.diagnostics import print_diagnostics
from convdsl.source import NotText, Source, decode
from convdsl.training import checked
from convdsl.training.matching import check_images, check_outputs
from convdsl.training.settings import Settings
from convdsl.training.task import task_for

ROOT = Path(__file__).parent.parent
FOLDERS = {"en": ROOT / "docs" / "errors", "es": ROOT / "docs" / "es" / "errors"}
USED = {
    code
    for path in (ROOT / "convdsl").rglob("*.py")
    if path.name != "codes.py"
    for code in re.findall(r'"([EWN][0-9]{3})"', path.read_text("utf-8"))
}


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
    assert pages == sorted(CODES)


def test_every_code_is_used_and_every_used_one_declared() -> None:
    assert set(CODES) == USED, "convdsl/codes.py declares them; `python scripts/reference.py` writes the indices"


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
    """The diagnostics of a program, as `convdsl check` gives them and `run` adds to them."""
    path = folder / "net.cnn"
    path.write_text(program, encoding="utf-8")
    main(["check", "--format", "json", "--lang", language, str(path)])
    found = json.loads(capsys.readouterr().out)["diagnostics"]
    return found + [diagnostic_data(d) for d in (*about_data(program), *about_export(program))]


def diagnose(program: str) -> list[Diagnostic]:
    """The diagnostics of a program, those about its data included."""
    try:
        source = decode(program.encode(), "net.cnn")
    except NotText as error:
        return [not_text(error)]
    return [*checked(source).diagnostics, *about_data(program), *about_export(program)]


def about_export(program: str) -> list[Diagnostic]:
    """What `export onnx` has to say of a right program without symbols."""
    if "local" not in program or (analysis := checked(Source(program, "net.cnn"))).failed:
        return []
    pytest.importorskip("onnx", reason="the package onnx is not installed")
    from convdsl.bridges.giving import onnx_bytes

    try:
        onnx_bytes(Net(analysis))
    except ProgramError as error:
        return list(error.diagnostics)
    return []


def about_data(program: str) -> list[Diagnostic]:
    """What `run` has to say of a right program with a `train` block when its images are the digits of MNIST."""
    if "train" not in program or (analysis := checked(Source(program, "net.cnn"))).failed:
        return []
    net = Net(analysis)
    findings = Findings(analysis.source)
    check_images(net, (28, 28, 1), "mnist", findings)
    digits = np.arange(10)
    data = SimpleNamespace(name="mnist", train_labels=digits)
    check_outputs(net, data, task_for(net, digits, Settings(), list(map(str, digits))), findings)
    said = {(d.code, d.span) for d in analysis.diagnostics}
    return [d for d in findings.items if (d.code, d.span) not in said]


@pytest.mark.parametrize("code", CODES)
def test_both_languages_show_the_same_programs(code: str) -> None:
    assert programs(code, "en") == programs(code, "es")
    english, spanish = page(code, "en").splitlines()[0], page(code, "es").splitlines()[0]
    assert english.startswith(f"# {code}: ") and spanish.startswith(f"# {code}: ")
    assert english != spanish


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("code", CODES)
def test_a_page_is_headed_by_the_title_of_its_code(code: str, language: str) -> None:
    use_language(language)
    assert page(code, language).splitlines()[0] == f"# {code}: {CODES[code]}"


@pytest.mark.parametrize("language", FOLDERS)
@pytest.mark.parametrize("code", CODES)
def test_a_page_shows_what_the_command_prints(code: str, language: str) -> None:
    use_language(language)
    found = next(d for d in diagnose(programs(code, language)[0]) if d.code == code)
    out = io.StringIO()
    print_diagnostics(console(out), [found])
    (shown,) = re.findall(r"```text\n(.*?)```", page(code, language), re.DOTALL)[:1]
    assert shown.strip() == out.getvalue().strip()
