"""Compiles the Spanish catalogues into the one file that the program reads, whenever the package is built or installed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTranslations(BuildHookInterface):
    """`convdsl/locale/es/convdsl.mo` is made from the `.po` files and is not in the repository."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, str(Path(self.root) / "scripts"))
        import translations

        translations.compile_all()
        build_data["artifacts"].append("convdsl/locale/es/convdsl.mo")
