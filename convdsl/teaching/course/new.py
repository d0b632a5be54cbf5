"""A small course of one's own to start from: what `convdsl course new` writes."""

from __future__ import annotations

from pathlib import Path

from convdsl import files

TEMPLATE = Path(__file__).parent / "template"


def write_course(folder: Path) -> list[Path]:
    """Writes a new course into a folder that is empty or not there yet. Raises FileExistsError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(folder)
    written = []
    for source in sorted(TEMPLATE.rglob("*.toml")):
        target = folder / source.relative_to(TEMPLATE)
        target.parent.mkdir(exist_ok=True)
        files.write(target, (source.read_bytes(),), new=True)
        written.append(target)
    return written
