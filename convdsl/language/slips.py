"""Slips in the lines that begin with a keyword, capitals and small letters, parentheses for braces."""

from __future__ import annotations

import re

from convdsl.diagnostics import written
from convdsl.language.keywords import BRACED
from convdsl.language.statement import SIZES, Correction, Statement, rewritten, word_before
from convdsl.messages import T

_IN_SIZES = (*SIZES, "LPAR", "RPAR", "CALL", "COMMA", "EQUAL", "X", "TIMES", "MATRIX")
_SIZES = r"[0-9A-Z?]+(?:[x×][0-9A-Z?]+)+"
_NAME = r"[a-z][a-z0-9_]*\s*[:=]?\s*"
_SEVERAL = re.compile(
    rf"input\s+(?:(?:{_NAME})?\(?{_SIZES}\)?\s*(?:[,;&+]|\b(?:and|y|e)\b)\s*(?:{_NAME})?\(?{_SIZES}"
    rf"|{_NAME}[0-9A-Z?]+\s*[,;&+]\s*{_NAME}[0-9A-Z?]+)"
)
"""`input 8x8x3, 8x8x3`, `input a 8x8x3, b 8x8x3`, `input a 10, b 10`."""
_NAMED = re.compile(rf"input\s+([a-z][a-z0-9_]*)\s*[:=]?\s+({_SIZES})\s*")
_PATH = re.compile(r"""data[ \t=:]+['‘’]?((?=.*[./\\~])[^\s"'{}#]([^"'{}#;\n]*[^\s"'{}#;])?)['’]?""")

# Capitals.


def capital_name(s: Statement) -> Correction | None:
    if s.place or s.token.type != "SYMBOL":
        return None
    if s.after is not None and s.after.type == "EQUAL" and len(s.tokens) > 2:
        return rewritten(s.token.span, T("A value is given a name with `let`."), f"let {s.text}", at=s.span)
    lower = str(s.token).lower()
    message = T("Names are lower-case; `{token}` would be a symbol.", token=str(s.token))
    return rewritten(s.token.span, message, s.with_token(lower), by=lower)


def small_symbol(s: Statement) -> Correction | None:
    if s.token.type != "WORD" or "SYMBOL" not in s.expected or s.first not in ("BLOCK", "LET", "INPUT", "EXPECT"):
        return None
    shown = str(s.token)
    if s.first in ("INPUT", "EXPECT"):
        if not re.fullmatch(r"[a-z][0-9]?(x[a-z0-9]+)*", shown):
            return None
        upper = "x".join(part.upper() for part in shown.split("x"))
    else:
        upper = shown.upper().replace("-", "_")
    return rewritten(s.token.span, T("A symbol for a number is upper-case."), upper)


# Keywords.


def input(s: Statement) -> Correction | None:
    if s.first != "INPUT":
        return None
    if _SEVERAL.match(s.text):
        return Correction(
            s.token.span,
            T("A network has one input here."),
            T(
                "Two images of one size stand side by side in it, and branches cut them apart: `{example}`.",
                example="input 28x56x1 -> concat { crop after=0x28 | crop before=0x28 }",
            ),
        )
    if s.place == 1 and (one := _NAMED.fullmatch(s.text)):
        return rewritten(s.token.span, T("An input has no name."), f"input {one[2]}", at=s.span)
    rest = s.tokens[1:]
    if s.place > 1 and s.place == len(s.tokens):
        return None
    named = s.token.type == "SYMBOL" and len(s.token.text) > 2 and s.place > 1
    if rest and not named and all(t.type in _IN_SIZES or str(t) in (":", "[", "]", ";") for t in rest):
        sizes = re.findall(r"[A-Z][A-Z0-9_]*|[0-9]+|\?[A-Z]*", " ".join(map(str, rest)))
        if 1 <= len(sizes) <= 4:
            span, joined = rest[0].span.to(rest[-1].span), "x".join(sizes)
            return rewritten(span, T("The sizes of an input are joined by `x`."), f"input {joined}", by=joined)
    glued = s.before is not None and s.before.span.end == s.token.span.start
    if str(s.token) == "x" and glued:
        return Correction(
            s.token.span,
            T("Behind this `x` a size is missing."),
            T("An input is height × width × channels: `input 28x28x3`."),
        )
    if named or (s.place and s.token.type in ("WORD", "MIXED") and glued):
        return Correction(
            s.token.span,
            T("`{token}` is no size.", token=str(s.token)),
            T("An input is height × width × channels: `input 28x28x3`."),
        )
    if len(s.tokens) == 1:
        return Correction(
            s.tokens[0].span,
            T("`input` needs its sizes."),
            T("An input is height × width × channels: `input 28x28x3`."),
        )
    return None


def net(s: Statement) -> Correction | None:
    if s.first != "NET":
        return None
    words = re.findall(r"\w+", s.text)[1:]
    if not words:
        return rewritten(s.tokens[0].span, T("`net` needs a name."), "net lenet5", safe=False)
    if s.place == len(s.tokens) or s.token.type == "INPUT":
        return None
    name = "_".join(words)
    name = name if name[0].isalpha() else f"net_{name}"
    if s.text.split()[1:] == [name]:  # one word, in letters that names do not have
        name = "lenet5"
    span = s.tokens[1].span.to(s.tokens[-1].span)
    return rewritten(span, T("The name of a net is one word."), f"net {name}", by=name)


def let(s: Statement) -> Correction | None:
    if s.first != "LET" or "EQUAL" not in s.expected or len(s.tokens) < 3:
        return None
    rest = s.text[s.token.span.start - s.span.start :]
    return rewritten(s.span, T("`=` is missing."), f"let {s.tokens[1]} = {rest}")


def train(s: Statement) -> Correction | None:
    if s.first != "TRAIN" or s.place != 1:
        return None
    return Correction(
        s.tokens[0].span,
        T("`{name}` needs braces.", name="train"),
        T("It is written like this: `{example}`.", example="train { epochs 5 }"),
    )


def setting(s: Statement) -> Correction | None:
    """`epochs = 5,`, `lr: 0.01`, `epochs 5; lr 0.01` and `data photos/train` inside `train { … }`."""
    bracket = s.brackets[-1] if s.brackets else None
    if bracket is None or bracket.type != "LBRACE" or word_before(s.source, bracket) != "train":
        return None
    path = _PATH.fullmatch(s.text.rstrip(" ,;"))
    if path is not None:
        return rewritten(s.span, T("A path stands between double quotes."), f'data "{path[1]}"')
    text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", s.text)  # a decimal comma
    lines = [
        " ".join(re.sub(r"[=:]", " ", line).split()) for line in re.split(r"[;,]" if str(s.token) == ";" else ";", text)
    ]
    lines = [line for line in lines if line]
    if len(lines) > 1 and all(re.match(r"[a-z_]+ ", line) for line in lines):
        way = T("Write {lines} on lines of their own.", lines=", ".join(f"`{line}`" for line in lines))
        fix = written(s.span, "\n".join(lines), way, safe=True)
        return Correction(s.token.span, T("Each setting of `train` stands on a line of its own."), fix)
    words = re.sub(r"[=:,;]", " ", text).split()
    if s.first != "WORD" or len(words) < 2 or words == s.text.split():
        return None
    message = T("A line of `train` is a name and its value, with a space between them.")
    return rewritten(s.span, message, " ".join(words))


def block(s: Statement) -> Correction | None:
    if s.first not in ("BLOCK", "SHARED"):
        return None
    word = str(s.tokens[0])
    if s.place == 1 and s.token.type in ("LPAR", "CALL", "LBRACE"):
        example = "block unit(C) { conv C k3 }" if word == "block" else "shared unit { conv 8 k3 }"
        return Correction(
            s.tokens[0].span,
            T("`{word}` needs a name.", word=word),
            T("It is written like this: `{example}`.", example=example),
        )
    name = str(s.tokens[1]) if len(s.tokens) > 1 else ""
    if s.token.type == "EQUAL":
        return Correction(s.token.span, T("Parameters have no default values."), T("Give the values in each call."))
    if s.expected <= {"LBRACE", "CALL", "LPAR"}:
        symbols = [str(t) for t in s.tokens[2:] if t.type == "SYMBOL"]
        if s.token.type == "SYMBOL":
            head = f"block {name}({', '.join(symbols)})"
            message = T("Parameters stand in parentheses, right behind the name.")
            return rewritten(s.token.span, message, f"{head} {{ … }}", at=s.span, by=head)
        return Correction(
            s.tokens[0].span,
            T("`{name}` needs braces.", name=word),
            T(
                "It is written like this: `{example}`.",
                example=f"block {name}(C) {{ … }}" if word == "block" else f"shared {name} {{ … }}",
            ),
        )
    return None


def expect(s: Statement) -> Correction | None:
    if s.first != "EXPECT":
        return None
    rest = s.tokens[1:]
    words = [t for t in rest if t.type == "WORD"]
    sizes = [str(t) for t in rest if t.type in SIZES]
    if s.place == len(s.tokens) and not sizes:
        quantity = str(words[-1]) if words else "params"
        example = f"expect {quantity} 80"
        return Correction(s.span, T("`expect` needs a value."), T("For example `{example}`.", example=example))
    if not words and len(sizes) > 1 and all(t.type in (*_IN_SIZES, "X") for t in rest):
        span, joined = rest[0].span.to(rest[-1].span), "x".join(sizes)
        return rewritten(span, T("Sizes are joined by `x`."), f"expect {joined}", by=joined)
    if str(s.token) == ":":
        line = re.sub(r" ?: ?", " ", s.text)
        return rewritten(s.token.span, T("No colon stands here."), line, at=s.span)
    if str(s.token) == "!":
        return Correction(
            s.token.span,
            T("What is expected is equal, smaller or larger: there is no `!=`."),
            T("A quantity is compared with =, <=, >=, < or >."),
        )
    if s.token.type == "WORD" and s.place == 2 and s.tokens[1].type == "NUMBER" and len(rest) == 2:
        message = T("The name of the quantity stands before its value.")
        return rewritten(s.token.span, message, f"expect {s.token} {s.tokens[1]}", at=s.span)
    if s.token.type == "WORD" and sizes:
        fix = written(s.token.span.front, "\nexpect ", T("Write the next one on a line of its own."))
        return Correction(s.token.span, T("A line states one expectation."), fix)
    return None


def parentheses(s: Statement) -> Correction | None:
    """`residual ( conv … )` and `repeat(3) { … }`."""
    if s.token.type == "LBRACE" and len(s.tokens) > 3 and s.tokens[1].type == "CALL":
        name = str(s.tokens[0])
        if name in BRACED:
            inside = s.text[len(name) :].strip(" ()")
            message = T("The value of `{name}` stands without parentheses.", name=name)
            return rewritten(s.span, message, f"{name} {inside} {{ … }}", by=f"{name} {inside}")
    bracket = s.brackets[-1] if s.brackets else None
    if s.token.type == "WORD" and bracket is not None and bracket.type in ("LPAR", "CALL"):
        name = word_before(s.source, bracket)
        if name in BRACED:
            return Correction(
                bracket.span,
                T("Layers are grouped by braces, not by parentheses."),
                T("It is written like this: `{example}`.", example=f"{name} {{ … }}"),
            )
    return None
