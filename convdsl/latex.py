"""Text for LaTeX: what is special to it is escaped, and signs that its text fonts lack are set as formulas."""

from __future__ import annotations

import re

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{c: f"\\{c}" for c in "{}&%$#_"},
    "…": r"\dots{}",
    "\u202f": r"\,",
    "“": "``",
    "”": "''",
}
_SIGNS = {
    "×": r"\times",
    "·": r"\cdot",
    "−": "-",
    "√": r"\surd",
    "∂": r"\partial",
    "Σ": r"\Sigma",
    "≤": r"\le",
    "≥": r"\ge",
    "≈": r"\approx",
    "≠": r"\neq",
    "→": r"\to",
    "←": r"\leftarrow",
    "⌊": r"\lfloor",
    "⌋": r"\rfloor",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "∗": "*",
    "⋆": r"\star",
    "✓": r"\surd",
    "°": r"^\circ",
    "½": r"\frac12",
    "′": "'",
    "ᶻ": "^z",
    "⁻": "^-",
    "<": "<",
    ">": ">",
    **{
        "α": r"\alpha",
        "β": r"\beta",
        "γ": r"\gamma",
        "δ": r"\delta",
        "ε": r"\varepsilon",
        "η": r"\eta",
        "θ": r"\theta",
    },
    **{"λ": r"\lambda", "μ": r"\mu", "µ": r"\mu", "σ": r"\sigma"},
    **{sign: f"^{n}" for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{n}" for sign, n in zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₙ", "0123456789ijkn", strict=True)},
    **{"⁻": "^-", "ᶻ": "^z", "′": "'", "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}", "¾": r"\tfrac{3}{4}"},
}
_PLAIN = {
    **{"−": "-", "×": "x", "·": "*", "→": "->", "←": "<-", "≈": "~", "≤": "<=", "≥": ">=", "…": "...", "\u202f": " "},
    **{"“": '"', "”": '"', "√": "sqrt ", "∗": "*", "⋆": "*", "½": "1/2 ", "′": "'", "ᶻ": "^z", "⁻": "^-"},
    **{sign: f"^{n}" for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{sign: f"_{n}" for n, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}


_LETTERS = re.compile(
    r"[\n\t -~\u00a1-\u00ac\u00ae-\u017f\u0218-\u021b\u2013\u2014\u2018-\u201e\u2020-\u2022\u2030\u2039\u203a]"
)
"""What the fonts of T1 have. Of what they lack the code is set: a document with it still compiles."""


PICTURES = (
    r"\usepackage{tikz}",
    r"\newsavebox\fitbox",
    r"\newcommand\fit[2]{\sbox\fitbox{#2}\ifdim\wd\fitbox>#1\resizebox{#1}{\height}{\usebox\fitbox}\else\usebox\fitbox\fi}",
)
"""What a document with drawings has at its top: TikZ, and text that is squeezed where it comes out wider than laid out."""


def escaped(text: str) -> str:
    """A text for LaTeX's text mode."""
    return "".join(_SPECIAL.get(c) or (f"${_SIGNS[c]}$" if c in _SIGNS else _letter(c)) for c in text)


def _letter(sign: str) -> str:
    if _LETTERS.fullmatch(sign):
        return sign
    return " " if sign.isspace() else f"[U+{ord(sign):04X}]"


def marked_up(text: str) -> str:
    """The same, words in backticks being set as code."""
    pieces = re.split(r"`([^`\n]+)`", text)
    return "".join(rf"\texttt{{{escaped(p)}}}" if i % 2 else escaped(p) for i, p in enumerate(pieces))


def verbatim(text: str) -> list[str]:
    """Lines that are set as they are; signs that LaTeX has no letters for are spelled out."""
    plain = "".join(_PLAIN.get(c) or _letter(c) for c in text)
    return [r"\begin{verbatim}", plain.replace(r"\end{verbatim}", ""), r"\end{verbatim}"]
