"""Documentation is run: every `cnn` block is checked, every link leads somewhere, both languages say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from convdsl.network import analyse
from convdsl.source import Source
from scripts.reference import stale

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "README.es.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "es").glob("*.md")),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


PROGRAMS = [(page, text) for page in PAGES for text in blocks(page, "cnn")]


@pytest.mark.parametrize(("page", "text"), PROGRAMS, ids=[f"{p.name}-{i}" for i, (p, _) in enumerate(PROGRAMS)])
def test_programs_in_the_docs_are_right(page: Path, text: str) -> None:
    analysis = analyse(Source(text, page.name))
    assert not analysis.failed, analysis.diagnostics


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "README.es.md"])
def test_python_in_the_readme_runs(page: Path) -> None:
    (code,) = blocks(page, "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "61706"


def test_the_page_about_python_runs(tmp_path: Path) -> None:
    code = "\n".join(blocks(ROOT / "docs" / "python.md", "python"))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "weights.safetensors").exists()


def test_both_readmes_have_the_same_commands() -> None:
    assert blocks(ROOT / "README.md", "sh") == blocks(ROOT / "README.es.md", "sh")


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("README.md", "README.es.md"),
        ("docs/language.md", "docs/es/lenguaje.md"),
        ("docs/python.md", "docs/es/python.md"),
        ("docs/training.md", "docs/es/entrenamiento.md"),
        ("docs/using.md", "docs/es/uso.md"),
        ("docs/classes.md", "docs/es/clases.md"),
        ("docs/bridges.md", "docs/es/puentes.md"),
        ("docs/editors.md", "docs/es/editores.md"),
        ("docs/several-machines.md", "docs/es/varias-maquinas.md"),
        ("docs/page.md", "docs/es/pagina.md"),
    ],
)
def test_translated_pages_have_the_same_parts(english: str, spanish: str) -> None:
    def parts(name: str) -> list[str]:
        text = (ROOT / name).read_text("utf-8")
        return [m if m.startswith("```") else m.split()[0] for m in re.findall(r"^(#+ .*|```\w*)$", text, re.MULTILINE)]

    assert parts(english) == parts(spanish)


def test_the_reference_of_layers_is_what_the_declarations_say() -> None:
    assert stale() == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_files_for_clusters_are_read_by_what_reads_them() -> None:
    yaml = pytest.importorskip("yaml")
    for page in (ROOT / "docs" / "several-machines.md", ROOT / "docs" / "es" / "varias-maquinas.md"):
        (script,), (job,) = blocks(page, "bash"), blocks(page, "yaml")
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
        nodes = yaml.safe_load(job)["spec"]["pytorchReplicaSpecs"]
        assert (nodes["Master"]["replicas"], nodes["Worker"]["replicas"]) == (1, 3)
        assert nodes["Worker"]["template"]["spec"]["containers"][0]["command"][:3] == ["torchrun", "-m", "convdsl"]
