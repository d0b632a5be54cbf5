"""Syntax errors that come from habit: other tools' arrows, commas, comments and calls, lists, decimal commas.

Each function looks for one habit around the token that broke, and answers with what is wrong and the text to write.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from convdsl.diagnostics import written
from convdsl.language import other_tools, slips
from convdsl.language.keywords import BRACED, STRUCTURES
from convdsl.language.options import COUNTS, OPTIONS, fold
from convdsl.language.statement import ENDS, SIZES, Correction, Statement, around, rewritten, word_before
from convdsl.language.tokens import Token
from convdsl.messages import T
from convdsl.source import Span

_ARROWS = re.compile(r"(\|>|-+>|=+>|[—–]>?|⇒|⟶|>+|;|\||=|-|\+)[ \t]*[A-Za-z]")
_OPTION = re.compile(r"[0-9]+(x[0-9]+)*|[a-z]{1,2} ?=? ?[0-9?A-Z(][^ ]*|[a-z_]+ ?= ?\S+|p (same|valid)|[a-z_]+")


def answer(tokens: list[Token], position: int, expected: set[str], source: str) -> Correction | None:
    """The answer of the first habit that is recognised in the statement around `tokens[position]`."""
    statement = around(tokens, position, expected, source)
    for habit in _HABITS:
        found = habit(statement)
        if found is not None:
            return found
    return None


# Other tools.


def _assignment(s: Statement) -> Correction | None:
    if s.token.type != "EQUAL" or s.place != 1 or s.first not in ("WORD", "MIXED", "SYMBOL"):
        return None
    rest = s.text[s.token.span.end - s.span.start :].strip()
    if rest.startswith((">", "=")):
        return None  # an arrow or a comparison, and no value
    if re.match(r"[0-9(]", rest):
        return rewritten(
            s.span,
            T("A value is given a name with `let`, and names are upper-case."),
            f"let {str(s.tokens[0]).upper()} = {rest}",
        )
    return rewritten(
        s.tokens[0].span.to(s.token.span),
        T("Layers have no names: each one works on the one before it."),
        rest,
        at=s.span,
    )


def _comment(s: Statement) -> Correction | None:
    sign = None
    if s.place > 1 and str(s.tokens[s.place - 2]) == str(s.before) == "-":
        sign = s.tokens[s.place - 2].span.to(s.tokens[s.place - 1].span)
    elif str(s.token) == "%" and "SEP" in s.expected and s.after is not None and s.after.type == "WORD":
        sign = s.token.span
    if sign is not None:
        return _other_comment(sign, s.source[sign.start : sign.end])
    before = str(s.before) if s.before is not None else ""
    for token, shown in ((s.token, str(s.token)), (s.before, before)):
        if token is not None and shown in ("//", "/", "%") and (token is not s.token or not s.place or shown == "//"):
            if shown != "//" and s.tokens[0] is not token:
                continue
            return _other_comment(token.span, shown)
    return None


def _other_comment(sign: Span, shown: str) -> Correction:
    fix = written(sign, "#", T("A comment begins with #."), safe=True)
    return Correction(sign, T("`{token}` begins no comment here.", token=shown), fix)


def _python_matrix(s: Statement) -> Correction | None:
    match = re.search(r"\[\s*(\[.*\])\s*\]", s.text, re.DOTALL)
    if s.token.type != "STRAY" or str(s.token) != "[" or not match:
        return None
    rows = [" ".join(re.split(r"[\s,]+", row.strip(" ,"))) for row in re.findall(r"\[([^\]\[]*)\]", match[1])]
    span = Span(s.span.start + match.start(), s.span.start + match.end())
    message = T("A matrix stands in one pair of brackets, with `;` between its rows.")
    return rewritten(span, message, f"[{'; '.join(rows)}]")


# Between statements.


def _arrow(s: Statement) -> Correction | None:
    start = s.token.span.start
    if s.before is not None and s.before.type in ("PLUS", "MINUS") and s.token.type == "WORD":
        return _other_arrow(s.before.span, T("`{sign}` does not separate layers.", sign=str(s.before)))
    if s.before is not None and str(s.before) == "=" and str(s.token) == ">" and s.before.span.end == start:
        return _other_arrow(s.before.span.to(s.token.span), T("`{sign}` does not separate layers.", sign="=>"))
    match = _ARROWS.match(s.source, start)
    if match is None or not ({"SEP"} & s.expected or s.token.type == "VBAR" or (s.token.type == "STRAY" and s.place)):
        return None
    if s.token.type == "VBAR" and "LBRACE" in {b.type for b in s.brackets}:
        return None
    sign = match[1]
    message = (
        T("`|` separates branches, and only inside braces.")
        if sign == "|"
        else T("`{sign}` does not separate layers.", sign=sign)
    )
    return _other_arrow(Span(start, start + len(sign)), message)


def _other_arrow(sign: Span, message: T) -> Correction:
    return Correction(sign, message, written(sign, "->", T("Write `->` or begin a new line."), safe=True))


def _number_first(s: Statement) -> Correction | None:
    """`8 conv k3`, `3x3 conv, 8`, `8 filters of 3x3`, and `10` or `28x28x6` alone."""
    filters = re.fullmatch(r"([0-9]+) +(?:filters?|filtros?|kernels?)(?: +(?:of|de))? +([0-9]+x[0-9]+)", s.text)
    if filters and not s.place:
        return rewritten(s.span, T("The name of the layer stands first."), f"conv {filters[1]} k{filters[2]}")
    alone = re.fullmatch(r"[0-9]+(?: *[x×X*] *[0-9]+){1,3}", s.text.strip())
    if alone and not s.place and not s.source[s.span.end :].lstrip(" x×").startswith("{"):
        size = "x".join(re.findall("[0-9]+", s.text))
        way = T("`input {size}` begins a network, `expect {size}` checks what came out.", size=size)
        first = not s.source[: s.span.start].strip()
        fix = written(s.span, f"{'input' if first else 'expect'} {size}", way)
        return Correction(s.span, T("A size alone is no layer."), fix)
    match = re.fullmatch(r"([0-9]+(?:x[0-9]+)*)(?: +([a-z]+)(.*))?", s.text)
    if s.place or s.token.type != "NUMBER" or not match:
        return None
    size, name, rest = match[1], match[2], " ".join((match[3] or "").replace(",", " ").split())
    if name is None and s.source[s.span.end :].lstrip(" x×")[:1] == "{":
        return None
    if name is None:
        line = f"dense {size}"
        fix = written(s.span, line, T("Write its layer before it: `{text}`.", text=line))
        return Correction(s.span, T("A number alone is no layer."), fix)
    if name == "x" or ("x" not in size and re.match("[0-9]", rest)):
        return None
    line = f"{name} {rest} k{size}" if "x" in size else f"{name} {size} {rest}".strip()
    return rewritten(s.tokens[0].span, T("The name of the layer stands first."), line, at=s.span)


def _glued_window(s: Statement) -> Correction | None:
    """`conv3x3 8` and `conv 8@3x3`."""
    match = re.fullmatch(r"([a-z]+?)([0-9]+x[0-9]+)( [0-9]+)?( .*)?", s.text)
    if match and s.place == 1 and s.token.type == "X":
        line = f"{match[1]}{match[3] or ''} k{match[2]}{match[4] or ''}"
    elif str(s.token) == "@" and (match := re.fullmatch(r"(.*?[0-9]) ?@ ?([0-9].*)", s.text)):
        line = f"{match[1]} k{match[2]}"
    else:
        return None
    return rewritten(s.span, T("The window has its letter, `k`."), line)


def _quotes(s: Statement) -> Correction | None:
    if s.token.type != "STRING" and str(s.token) not in ("'", "‘", "’", "“", "”", "«", "»"):
        return None
    plain = re.sub("[\"'‘’“”«»]", "", s.text).strip()
    if not plain or "\n" in plain:
        return None
    return rewritten(s.token.span, T("Words and sizes stand without quotes."), plain, at=s.span)


def _bullet(s: Statement) -> Correction | None:
    if s.place or s.token.type not in ("NUMBER", "MINUS", "TIMES", "STRAY") or str(s.token) in "[\"“«'":
        return None
    following = s.source[s.token.span.end : s.token.span.end + 20]
    if s.token.type == "NUMBER" and re.match(r"\s*[x×*]?\s*\{", following):
        n = str(s.token)
        sign = s.token.span._replace(end=s.token.span.end + following.index("{"))
        fix = written(sign, f"repeat {n} ", T("Write `repeat {n} {{ … }}`.", n=n), safe=True)
        return Correction(s.token.span, T("Layers are repeated with `repeat`."), fix)
    if not re.match(r"[.):-]?\s+[a-z]", following):
        return None
    gap = re.match(r"[.):-]?\s+", following)
    bullet = s.token.span._replace(end=s.token.span.end + (len(gap[0]) if gap else 0))
    fix = written(bullet, "", T("Remove it."), safe=True)
    return Correction(s.token.span, T("Lines have no numbers and no bullets."), fix)


# Commas, points, percent signs.


def _comma(s: Statement) -> Correction | None:
    if s.token.type != "COMMA" or s.before is None or s.after is None:
        return None
    sides = re.fullmatch(r"(pad|crop) *([0-9]+(?: *, *[0-9]+)+)", s.text.strip())
    if sides:
        return _sides(s, sides[1], [int(n) for n in re.findall("[0-9]+", sides[2])])
    option = re.search(r"(?<=[ ])([kspd])(?: *= *| *)([0-9]+(?: *, *[0-9]+)+)(?![.0-9])", s.text)
    if option and s.span.start + option.start() < s.token.span.start <= s.span.start + option.end():
        return _sizes(s, option)
    bracket = s.brackets[-1] if s.brackets else None
    inside = [t for t in s.tokens if bracket is not None and t.span.start > bracket.span.start]
    closing = next((i for i, t in enumerate(inside) if t.type == "RPAR"), -1)
    if bracket is not None and bracket.type in ("LPAR", "CALL") and closing > 0:
        sizes = inside[:closing]
        if all(t.type in (*SIZES, "COMMA") for t in sizes):
            text = "x".join(str(t) for t in sizes if t.type != "COMMA")
            opening = s.tokens.index(bracket) if bracket in s.tokens else 0
            name = next((str(t) for t in reversed(s.tokens[:opening]) if t.type == "WORD"), "")
            group = bracket.span.to(inside[closing].span)
            short = name if len(name) < 3 else ""
            message = T("Sizes are joined by `x`, not by commas.")
            return rewritten(group, message, f"{short}{text}", by=f"{'' if short or name == '' else ' '}{text}")
    if s.before.type == s.after.type == "NUMBER" and s.after.span.start <= s.token.span.end:
        return _decimal_comma(s, str(s.before), str(s.after), s.before.span.to(s.after.span))
    if bracket is not None and bracket.type == "LBRACE" and word_before(s.source, bracket) in BRACED - set(STRUCTURES):
        fix = written(s.token.span, " |", T("Write `|` instead of the comma."), safe=True)
        return Correction(s.token.span, T("Branches are separated by `|`."), fix)
    if "SEP" not in s.expected or s.first not in ("WORD", "MIXED"):
        return None
    if (
        re.fullmatch(r"[a-z]\d+", str(s.before))
        and s.after.type == "NUMBER"
        and s.token.span.start == s.before.span.end
        and s.after.span.start == s.token.span.end
    ):
        message = T("Sizes are joined by `x`, not by commas.")
        return rewritten(s.before.span.to(s.after.span), message, f"{s.before}x{s.after}")
    parts = [p.strip() for p in s.text.split(",")]
    if all(map(_reads_as_options, parts[1:])):
        message = T("Options are separated by spaces, not by commas.")
        return rewritten(s.token.span, message, " ".join(parts), at=s.span)
    fix = written(s.token.span, " ->", T("Write `->` or begin a new line."), safe=True)
    return Correction(s.token.span, T("A comma does not separate layers."), fix)


def _sides(s: Statement, name: str, numbers: list[int]) -> Correction:
    """`pad 0,1,2,3`: two numbers for each axis, in PyTorch's order, the last axis first."""
    span = s.tokens[1].span.to(s.tokens[-1].span)
    if len(numbers) % 2 or len(numbers) > 6:
        return Correction(span, T("Sizes are joined by `x`, not by commas."), T("Write `{text}`.", text=f"{name} 1x2"))
    before, after = ("x".join(map(str, reversed(numbers[n::2]))) for n in (0, 1))
    line = f"{name} before={before} after={after}"
    fix = written(s.span, line, T("If this is in PyTorch's order, write `{text}`.", text=line))
    return Correction(span, T("Sides have names, and sizes are joined by `x`, rows first."), fix)


def _sizes(s: Statement, option: re.Match[str]) -> Correction:
    """`conv 8 k3,5` and, with two numbers for each axis, `conv 8 k3 p 0,1,0,1`, which is a layer of its own."""
    numbers = [int(n) for n in re.findall("[0-9]+", option[2])]
    place = s.span._replace(start=s.span.start + option.start(), end=s.span.start + option.end())
    if option[1] != "p" or len(numbers) not in (4, 6):
        message = T("Sizes are joined by `x`, not by commas.")
        return rewritten(place, message, option[1] + "x".join(map(str, numbers)))
    if "pool" in s.text:  # what a pooling pads is no value, and the zeros of `pad` are
        help = T("`p same` puts the odd one at the end, `p same_lower` in front.")
        return Correction(place, T("A pooling pads both sides of an axis alike."), help)
    before, after = ("x".join(map(str, reversed(numbers[n::2]))) for n in (0, 1))
    rest = " ".join((s.text[: option.start()] + s.text[option.end() :]).split())
    line = f"pad before={before} after={after} -> {rest}"
    fix = written(s.span, line, T("If this is in PyTorch's order, write `{text}`.", text=line))
    return Correction(place, T("Zeros on some sides alone are a layer of their own."), fix)


def _reads_as_options(part: str) -> bool:
    """`s=1 relu` does; `maxpool 2` is a layer of its own."""
    first, *others = part.split() or [""]
    layer = (
        others
        and re.fullmatch("[a-z]{3,}", first)
        and fold(first) not in (*OPTIONS, *COUNTS)
        and others[0][0].isdigit()
    )
    return not layer and all(map(_OPTION.fullmatch, (first, *others)))


def _decimal_comma(s: Statement, left: str, right: str, span: Span) -> Correction:
    if len(right) == 3 and left != "0" and s.first == "EXPECT":
        return rewritten(span, T("Digits are not grouped with commas."), left + right)
    number = f"{left}.{right}"
    fix = written(span, number, T("Decimals are written with a point: {number}.", number=number), safe=True)
    return Correction(span, T("A comma cannot stand inside a number."), fix)


def _point(s: Statement) -> Correction | None:
    if str(s.token) != "." or s.after is None or s.after.type != "NUMBER":
        return None
    if s.before is not None and s.before.span.end == s.token.span.start and str(s.before)[-1:].isdigit():
        real = re.fullmatch("(momentum|eps|alpha|beta|init)([0-9]+)", str(s.before))
        if real:
            message = T("A number with a point stands behind `=`.")
            return rewritten(s.before.span.to(s.after.span), message, f"{real[1]}={real[2]}.{s.after}")
        number = s.before.span.to(s.after.span)
        whole = str(s.before)
        way = T("Windows, strides, paddings and counts are whole: `{text}`.", text=whole)
        return Correction(number, T("This has to be a whole number."), written(number, whole, way))
    return rewritten(s.token.span.to(s.after.span), T("A number begins with a digit."), f"0.{s.after}")


def _percent(s: Statement) -> Correction | None:
    sign = s.before
    if sign is None or str(sign) != "%" or s.place < 2 or s.tokens[s.place - 2].type != "NUMBER":
        return None
    number = s.tokens[s.place - 2]
    share = f"{float(str(number).rstrip('KMG').replace('_', '')) / 100:g}"
    return rewritten(number.span.to(sign.span), T("Shares are written as decimals, without a percent sign."), share)


def _comparison(s: Statement) -> Correction | None:
    if s.first != "EXPECT" or s.before is None or str(s.before) + str(s.token) not in ("=>", "=<"):
        return None
    return rewritten(s.before.span.to(s.token.span), T("The sign of equality stands last."), f"{s.token}=")


def _bare_expression(s: Statement) -> Correction | None:
    """`k2*F-1` instead of `k(2*F-1)`."""
    if s.token.type not in ("PLUS", "MINUS", "TIMES", "WHOLE", "OVER", "REST") or s.before is None:
        return None
    start = s.before.span.start
    match = re.match(r"([a-z]{1,2})([0-9A-Z][0-9A-Z_]*[-+*/%][-0-9A-Z_+*/%()]*)", s.source[start : start + 60])
    if match is None:
        return None
    span = Span(start, start + len(match[0]))
    return rewritten(span, T("An expression stands in parentheses."), f"{match[1]}({match[2]})")


def _no_value(s: Statement) -> Correction | None:
    """`k=` with nothing behind it, and an arrow that leads nowhere."""
    if s.token.type not in ENDS or s.before is None or s.before.type != "EQUAL" or s.place < 2:
        return None
    name = s.tokens[s.place - 2]
    span, example = name.span.to(s.before.span), f"{name}3"
    fix = written(span, example, T("Write one behind it: `{text}`.", text=example))
    return Correction(span, T("`{option}` has no value.", option=str(name)), fix)


_HABITS: tuple[Callable[[Statement], Correction | None], ...] = (
    slips.input,
    slips.net,
    slips.let,
    slips.train,
    slips.setting,
    slips.block,
    slips.expect,
    slips.parentheses,
    other_tools.call,
    other_tools.name,
    other_tools.python,
    _assignment,
    _comment,
    _python_matrix,
    _quotes,
    _percent,
    _comparison,
    _comma,
    _point,
    slips.small_symbol,
    slips.capital_name,
    _number_first,
    _glued_window,
    _bullet,
    _bare_expression,
    _arrow,
    _no_value,
)
