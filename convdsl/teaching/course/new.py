"""A small course of one's own to start from: what `convdsl course new` writes."""

from __future__ import annotations

import shutil
from pathlib import Path

TEMPLATE = Path(__file__).parent / "template"


def write_course(folder: Path) -> list[Path]:
    """Writes a new course into a folder that is empty or not there yet. Raises FileExistsError, OSError."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(folder)
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
    return sorted(folder.rglob("*.toml"))
