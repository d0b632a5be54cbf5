"""What an editor, a page and the REPL share: the words of a line, and what could stand at the cursor; as data, without a
terminal."""

from __future__ import annotations

from convdsl.editing.completion import Proposal, Setting, blocks_of, proposals
from convdsl.editing.words import Piece, pieces

__all__ = ["Piece", "Proposal", "Setting", "blocks_of", "pieces", "proposals"]
