"""A small course of one's own to start from: what `convdsl course new` writes."""

from __future__ import annotations

from pathlib import Path

from convdsl import files

TEMPLATES = Path(__file__).parent / "template"
TEMPLATE = TEMPLATES / "both"
"""The course in both languages; beside it the same in each of them alone."""


def write_course(folder: Path, language: str = "both") -> list[Path]:
    """Writes a new course, in `both` languages or in one, into a folder that is empty or not there yet. Raises
    FileExistsError, OSError."""
    template = TEMPLATES / language
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    written = []
    for source in sorted(template.rglob("*.toml")):
        target = folder / source.relative_to(template)
        target.parent.mkdir(exist_ok=True)
        files.write(target, (source.read_bytes(),), new=True)
        written.append(target)
    return written
