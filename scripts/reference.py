"""Writes the reference pages of layers, settings and diagnostics, in both languages, from their declarations.

`--check` only says whether they are true.
"""

from __future__ import annotations

import sys
from pathlib import Path

from convdsl.messages import use_language
from convdsl.report.reference import codes, layers, settings

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {
    DOCS / "layers.md": ("en", layers),
    DOCS / "settings.md": ("en", settings),
    DOCS / "es" / "capas.md": ("es", layers),
    DOCS / "es" / "ajustes.md": ("es", settings),
    DOCS / "errors" / "README.md": ("en", codes),
    DOCS / "es" / "errors" / "README.md": ("es", codes),
}


def content(path: Path) -> str:
    """What a page should say."""
    language, page = PAGES[path]
    use_language(language)
    text = page()
    use_language(None)
    return text


def stale() -> list[Path]:
    """Pages that are not what the declarations say."""
    return [path for path in PAGES if not path.exists() or path.read_text("utf-8") != content(path)]


def main() -> int:
    if "--check" in sys.argv:
        print(*(f"{path} is out of date" for path in stale()), sep="\n")
        return bool(stale())
    for path in PAGES:
        path.write_text(content(path), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
