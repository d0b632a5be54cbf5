"""The site as files: what is in it, how large it is, what happens where it cannot be made."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from convdsl.datasets.dataset import DataError
from convdsl.site import building
from convdsl.site.parts import Parts, locked

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_site_is_small(content: dict[str, bytes]) -> None:
    first = sum(len(c) for name, c in content.items() if name not in building.LATER)
    assert sum(map(len, content.values())) <= 20_000_000 and first <= 16_000_000


def test_a_site_is_the_same_whenever_it_is_made(content: dict[str, bytes]) -> None:
    assert building.site() == content


def test_no_file_of_ours_names_another_host(content: dict[str, bytes]) -> None:
    for name in (n for n in content if "/" not in n and n.endswith((".html", ".css", ".js")) and n != "examples.js"):
        hosts = set(re.findall(rb"https?://[\w.-]+", content[name]))
        assert hosts <= {b"http://www.w3.org"}, (name, hosts)  # the name of SVG


def test_every_module_that_is_imported_is_there(content: dict[str, bytes]) -> None:
    for name, text in content.items():
        if name.endswith(".js") and not name.startswith("pyodide/"):
            for path in re.findall(rb"""(?:\bfrom|^import)\s*["']([^"']+)["']""", text, re.MULTILINE):
                folder = name.rpartition("/")[0]
                wanted = f"{folder}/{path.decode()[2:]}".lstrip("/")
                assert path.startswith(b"./") and wanted in content, (name, path)


def test_what_is_kept_for_later_visits_is_there(content: dict[str, bytes]) -> None:
    listed = json.loads(re.search(rb"const NOW = (\[.*\]);", content["service.js"])[1])  # type: ignore[index]
    assert set(listed) | {*building.LATER, "LICENSES.txt", "service.js", building.MARK} == set(content)


def test_the_core_is_ours_without_what_needs_arrays(content: dict[str, bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(content["python/convdsl.zip"])) as archive:
        names = archive.namelist()
        source = b"\n".join(archive.read(n) for n in names if n.startswith(("convdsl/network/", "convdsl/drawing/")))
    assert "convdsl/grammar/tables.json" in names and "convdsl/locale/es/convdsl.mo" in names
    left = (
        "convdsl/cli/",
        "convdsl/engine/model.py",
        "convdsl/engine/cpu/backend.py",
        "convdsl/engine/cuda/",
        "convdsl/datasets/",
    )
    assert not [n for n in names if n.startswith(left)] and "convdsl/engine/wasm/portable.py" in names
    assert b"import numpy" not in source


def test_licences_are_told(content: dict[str, bytes]) -> None:
    text = content["LICENSES.txt"].decode()
    for name in ("pyodide", "@codemirror/view", "lark", "sympy", "mpmath"):
        assert re.search(rf"^{re.escape(name)} [0-9]", text, re.MULTILINE), name
    assert "Zalando" in text


def test_words_are_in_both_languages(content: dict[str, bytes]) -> None:
    words = json.loads(content["words.js"].decode().removeprefix("export const WORDS = ").rstrip(";\n"))
    used = {key for name in ("index.html", "page.js", "training.js") for key in _keys(content[name].decode())}
    assert set(words["en"]) == set(words["es"]) and used <= set(words["en"])
    same = [k for k in words["en"] if words["en"][k] == words["es"][k]]
    assert same == ["went_wrong", "kernels", "poolings", "kernel", "error", "failed"], same


def _keys(text: str) -> list[str]:
    """The words that a file of the page asks for."""
    pattern = r"""data-w(?:-label)?="(\w+)"|\b(?:word|says|notice)\(\s*"(\w+)\""""
    return [a or b for a, b in re.findall(pattern, text)]


def test_a_damaged_archive_is_not_taken(tmp_path: Path) -> None:
    part = locked()["crelt"]
    (tmp_path / part.file).write_bytes(b"something else")
    with pytest.raises(DataError, match="its sum is wrong"):
        Parts(tmp_path).archive("crelt")
    with pytest.raises(DataError, match="has no style-mod"):
        Parts(tmp_path).archive("style-mod")


def test_nothing_else_is_written_over(tmp_path: Path, content: dict[str, bytes]) -> None:
    from convdsl.cli import main

    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(building.NotOurSite):
        building.write(tmp_path, content)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    assert main(["page"]) == 2 and main(["page", "--serve", "--port", "70000"]) == 2
    assert main(["page", "-o", str(tmp_path)]) == 2
    building.write(tmp_path / "site", {building.MARK: b"1\n", "a": b"1"})
    building.write(tmp_path / "site", {building.MARK: b"2\n", "a": b"2"})
    assert (tmp_path / "site" / "a").read_text() == "2"
