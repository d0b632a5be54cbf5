"""The documentation as a site: built without a warning in both languages, nothing leads nowhere, nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("furo", reason="the extra `docs` is not installed")

from scripts.docs_site import LANGUAGES, build, pages


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site") / "docs"
    build(target)  # a warning of Sphinx is an error
    return target


def test_every_page_is_there_in_both_languages(site: Path) -> None:
    for code, language in LANGUAGES.items():
        for page in pages(language):
            assert (site / code / page).with_suffix(".html").exists(), page
        text = (site / code / "index.html").read_text("utf-8")
        assert f'lang="{code}"' in text and language.other in text
    assert len(list((site / "es").rglob("errors/*.html"))) == len(list((site / "en").rglob("errors/*.html"))) > 50


def test_links_lead_somewhere_and_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    count = 0
    for page in site.rglob("*.html"):
        text = re.sub(r"<script.*?</script>|<svg.*?</svg>", "", page.read_text("utf-8"), flags=re.DOTALL)
        fetched = re.findall(r'<(?:script|img|source|iframe)[^>]*?(?:src|srcset)="([^"]*)"', page.read_text("utf-8"))
        fetched += re.findall(r'<link[^>]*rel="(?:stylesheet|preload|icon)"[^>]*href="([^"]*)"', text)
        assert not [address for address in fetched if "://" in address or address.startswith("//")], page
        for address in re.findall(r'<a[^>]*href="([^"#?]+)', text):
            if ":" not in address:
                assert (page.parent / address).exists(), (page, address)
                count += 1
    assert count > 2000


def test_programs_have_colours(site: Path) -> None:
    assert '<span class="nf">conv</span>' in (site / "en" / "docs" / "language.html").read_text("utf-8")
