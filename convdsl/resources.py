"""Files that lie beside the code in the source tree and inside the package in a wheel: grammar, error pages, examples."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(relative: str) -> Path:
    """The place of a shipped file such as `grammar/convdsl.lark`, in a wheel or in a source tree."""
    inside = _PACKAGE / relative
    return inside if inside.exists() else _PACKAGE.parent / relative
