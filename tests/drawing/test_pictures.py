"""The pictures of the README and the docs are what is drawn now, and ask no host for anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.pictures import IMAGES, ROOT, drawings


def test_every_picture_is_what_is_drawn_now() -> None:
    for path, text in drawings():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: python scripts/pictures.py"


@pytest.mark.parametrize("path", sorted(IMAGES.glob("*.svg")), ids=lambda p: p.name)
def test_no_picture_names_a_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\"') ]+", text)) <= {"http://www.w3.org/2000/svg"}
    assert "<script" not in text and "url(http" not in text


def test_every_picture_is_shown_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    shown = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for path in IMAGES.glob("*.svg"):
        assert f"images/{path.name}" in shown, path.name
