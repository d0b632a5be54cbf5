"""What the characters of an answer may be, as patterns. None takes more than linear time."""

from __future__ import annotations

import re

from convdsl.teaching.reading import vocabulary as known

SPACE = "[ \u00a0\u202f\u2009]"
EXPONENT = r"(?:[eE][+-]?\d{1,4}(?![\w.,]))?"
LEADING = r"(?<![\w).,'])[.,'](?=\d)\d+(?![.,']\d)"
GROUPS = rf"\d{{1,3}}(?:{SPACE}\d{{3}}){{1,12}}(?!\d|{SPACE}?\d)(?:[.,']\d+)?"
RUN = r"\d+(?:[.,'_]+\d+)*+"
WORDS = r"[^\W\d_]+(?:'[^\W\d_]+)?(?:_?[\d₀-₉]+)?"
PATTERNS = {
    "NUMBER": rf"(?:{LEADING}|{RUN}){EXPONENT}",
    "LATEX": r"\\(?:[a-zA-Z]+|[,;:!()\[\] ])",
    "ROW": r"\\\\",
    "SUPERSCRIPT": r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+",
    "ARROW": r"-{1,3}>|=>|→",
    "POWER": r"\*\*|\^",
    "WORD": WORDS,
    "TIMES": r"[×·*]",
    "SLASH": r"/",
    "PLUS": r"\+",
    "MINUS": r"-",
    "ROOT": r"√",
    "PERCENT": r"%",
    "EQUALS": r"[=≈~]",
    "OPEN": r"[(\[{]",
    "CLOSE": r"[)\]}]",
    "COMMA": r",",
    "SEMICOLON": r";",
    "COLON": r":",
    "NEWLINE": r"\n",
    "AT": r"@",
    "BAR": r"[|&\t]",
    "DOTS": r"\.{2,}",
    "POINT": r"[.!¡¿]",
    "QUOTE": r"[\"`$'«»]",
    "SPACE": rf"{SPACE}+|[ \t]+",
}
GROUPED = re.compile(rf"{GROUPS}{EXPONENT}")
NEXT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in PATTERNS.items()))
BECAUSE = "porque|because|since|pues|puesto que|ya que|dado que|debido a|as (?:it|the|there)"
REASON = re.compile(rf"(?<![\s,;.:(-])[\s,;.:(-]++(?:{BECAUSE})\b", re.IGNORECASE)
"""Where a reason begins, which is not read."""
DEGREES = re.compile(r"(?<=\d)\s*(?:°|o\b|deg\b|grados?\b|degrees?\b)(?=\W*$)", re.IGNORECASE)
"""The unit behind an angle; a raised o has become a letter."""
PERCENT = re.compile(r"\b(?:por\s?ciento|por\s?cien|per\s?cent|pct)\b", re.IGNORECASE)
PERCENT_OF = re.compile(r"(?<=\d)\s?%\s(?:de|of)\s(?:l[oa]s\s|the\s)?(?=\d)", re.IGNORECASE)
"""`22 % de 20 000`, which is a product."""
PART_OF = re.compile(r"\s*(\d{1,9})\s(?:de(?: cada)?|of|out of|in)\s(\d{1,9})[\s.]*", re.IGNORECASE)
"""`30 de 60`, which is a fraction where one may be asked for."""
OVER = re.compile(r"(?<=[\d)\] ])(?<=[\d)\]].)(?:dividido (?:entre|por)|divided by)\b", re.IGNORECASE)
GIVES = re.compile(r"(?<=[\d)])\s+(?:is|are|es|son|gives|makes|da)\s+(?=[-+(]?\d)", re.IGNORECASE)
"""The verb between a calculation and its result."""
ORDINAL = re.compile(r"(?<![\d.,])(\d*(?:1[123]th|(?<!1)(?:1st|2nd|3rd)|[04-9]th))\b", re.IGNORECASE)
ROOT = re.compile(
    r"\b(?:ra[ií]z(?: cuadrada)?(?: de)?|(?:the )?square root(?: of)?|root of)\s*(?=[\d(√])", re.IGNORECASE
)
TIMES_MORE = re.compile(r"(?<=\d)(\s?(?:veces|times))\s(?:m[aá]s|more)\b", re.IGNORECASE)
BETWEEN = re.compile(r"(?<=\d)-(?:by|por)-(?=\d)", re.IGNORECASE)
IN_ALL = re.compile(r"\bin all\b", re.IGNORECASE)
SO = re.compile(
    r"[,;.]?\s+(?:so|thus|hence|therefore|luego|entonces|(?:por|y por)\s(?:lo\s)?tanto|as[ií]\sque|de\smodo\sque|o\ssea)"
    r"\b[:,]?\s*(?=[-+(\[]?\d)",
    re.IGNORECASE,
)
"""What stands before the result of a calculation."""
SHAPE = re.compile(
    r"\b(?:torch\.Size|TensorShape|tf\.TensorShape)(?=\()|(?<=[(\[])\s*(?:None|\?|batch(?:_size)?)\s*,\s*"
)
"""How frameworks write a size: its name, and the place of the pictures of a batch."""
TORCH = re.compile(r"\btorch\.Size\(\s*\[\s*(?:\d+\s*,\s*)?(\d+)\s*,\s*(?!\1\b)(\d+)\s*,\s*(\2)\s*\]\s*\)")
"""A size as PyTorch has it: pictures of a batch, maps, height, width. Only that of a square tells its order."""
RAISED = re.compile(r"\b(?:elevado a|a la|to the(?: power(?: of)?)?)(?: la)?(?=\s*+[-+]?\s*+\d)", re.IGNORECASE)
DIGITS_NEXT = re.compile(r"\s*+(?:[-+]\s*+)?(?:[.,']?\d|[(\[√?]|\\d?frac)")
NAME_BEFORE = re.compile(r"[^\W\d_]{2,}$")
GLUED = re.compile(r"[^\W\d_]+")
LABEL_ENDS = re.compile(r"\s*+[=:≈](?!=)")
BRACKET_NEXT = re.compile(r"\s*+\(")
WORDS_NEXT = re.compile(r"[^\w(\[{.,'-]*+[^\W\d_]{2,}")
UNIT_NEXT = re.compile(rf"\s*+({WORDS})")
TEN_NEXT = re.compile(r"\s*+(?:[x×·*]|por|\\cdot|\\times)\s*+10\s*+(?:\^|\*\*|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺])")
WORDY = re.compile(r"[^\W\d_]{2,}")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
PAIRS = {"(": ")", "[": "]", "{": "}"}
LATEX = {
    "cdot": "TIMES",
    "times": "TIMES",
    "ast": "TIMES",
    "approx": "EQUALS",
    "rightarrow": "ARROW",
    "to": "ARROW",
    "frac": "FRACTION",
    "dfrac": "FRACTION",
    "tfrac": "FRACTION",
    "sqrt": "ROOT",
}
LATEX_SILENT = frozenset(
    {
        "left",
        "right",
        "text",
        "mathrm",
        "quad",
        "displaystyle",
        "boxed",
        "mathbf",
        "mathit",
        "bf",
        "mbox",
        "begin",
        "end",
        "textbf",
    }
)
MATRICES = re.compile(
    r"\\(?:begin|end)\s*\{\s*(?:[pbvBV]?matrix|array|smallmatrix)\*?\s*\}(?:\{[lcr|]*\})?|\b(?:np|numpy|torch|tf)\.(?=[a-zA-Z])"
    r"|\b(?:dtype|device|requires_grad|grad_fn)\s*=\s*(?:'[\w:]*'|\"[\w:]*\"|<\w+>|[\w.]+)",
)
SILENT = known.HARMLESS | known.AND | known.ABOUT | known.TIMES
VALUES = frozenset({"NUMBER", "CLOSE", "SUPERSCRIPT", "PERCENT", "UNIT", "NAME", "HOLE", "WORD", "SIDE"})
