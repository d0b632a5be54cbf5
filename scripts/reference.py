"""Writes docs/layers.md and docs/es/capas.md from the layers' declarations. `--check` only says whether they are true."""

from __future__ import annotations

import sys
from pathlib import Path

from convdsl.messages import use_language
from convdsl.report.reference import reference

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs" / "layers.md", "es": ROOT / "docs" / "es" / "capas.md"}


def page(language: str) -> str:
    """The reference in a language."""
    use_language(language)
    text = reference()
    use_language(None)
    return text


def stale() -> list[Path]:
    """Pages that are not what the declarations say."""
    return [path for language, path in PAGES.items() if not path.exists() or path.read_text("utf-8") != page(language)]


def main() -> int:
    if "--check" in sys.argv:
        print(*(f"{path.relative_to(ROOT)} is out of date" for path in stale()), sep="\n")
        return bool(stale())
    for language, path in PAGES.items():
        path.write_text(page(language), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
