"""From text to a syntax tree. The only room that knows lark, and it loads it only to make the parser's tables anew."""

from convdsl.language.parser import parse
from convdsl.source import Source, Span

__all__ = ["Source", "Span", "parse"]
