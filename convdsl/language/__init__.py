"""From text to a syntax tree: the only room that knows lark."""

from convdsl.language.parser import parse
from convdsl.source import Source, Span

__all__ = ["Source", "Span", "parse"]
