"""Every diagnostic that there is: its code, what it is called, and where it belongs in the index.

A code is a letter for the severity (E error, W warning, N note) and three digits. Its page is docs/errors/CODE.md, and
docs/es/errors/CODE.md in Spanish; the indices of both folders are written from this table (`scripts/reference.py`).
"""

from __future__ import annotations

from convdsl.messages import T

SECTIONS: tuple[tuple[T, dict[str, T]], ...] = (
    (
        T("Reading the text"),
        {
            "E101": T("A line that cannot be read"),
            "E102": T("Not a text"),
            "E103": T("No layer at all"),
            "E104": T("Nested too deep"),
            "E105": T("Too large"),
            "E106": T("A number that is too large"),
            "E107": T("A bracket without its partner"),
            "E108": T("A character that means nothing"),
            "E109": T("The notation of another tool"),
        },
    ),
    (
        T("Names and values"),
        {
            "E201": T("No such layer"),
            "E202": T("No such option"),
            "E203": T("A value is missing"),
            "E204": T("A value that cannot be"),
            "E205": T("A value too many"),
            "E206": T("An option given twice"),
            "E207": T("A block that is called wrongly"),
            "E208": T("A block that uses itself"),
            "E209": T("A name that is taken"),
            "E210": T("An activation that cannot stand here"),
            "E212": T("Braces and branches"),
            "E213": T("A line in the wrong place"),
            "E214": T("A line of the train block that cannot be used"),
            "E215": T("Something that cannot be expected"),
            "E216": T("A shared block that cannot be shared so"),
            "E217": T("A kept value that is not there"),
            "E218": T("An output that cannot be one"),
            "E219": T("Values that have no places to go back to"),
        },
    ),
    (
        T("Sizes"),
        {
            "E301": T("A window larger than its input"),
            "E302": T("Branches of different sizes"),
            "E303": T("Groups that do not divide"),
            "E304": T("The wrong number of axes"),
            "E305": T("A size that this layer cannot have"),
            "E306": T("A shape with another number of values"),
            "E307": T("Too much output padding"),
            "E308": T("A division by zero"),
            "E309": T("An output beyond all bounds"),
            "E310": T("Formulas that grow too long"),
            "E320": T("Images that do not fit the input"),
            "E321": T("Outputs that do not fit the classes"),
        },
    ),
    (
        T("Expectations"),
        {
            "E401": T("An expectation that is false"),
        },
    ),
    (
        T("Other formats"),
        {
            "E601": T("A layer that another format does not have"),
        },
    ),
    (
        T("Warnings and notes"),
        {
            "W501": T("The stride does not divide"),
            "W502": T("Same padding with an even window"),
            "W503": T("Channels first"),
            "W504": T("Softmax twice"),
            "W505": T("Two dense layers that are one"),
            "N506": T("A dense layer with nearly all parameters"),
            "N507": T("A receptive field larger than the input"),
            "N508": T("An expectation with symbols"),
            "W509": T("An input without channels"),
            "W511": T("A kept value that is not used"),
            "N510": T("Two convolutions that are one"),
            "W520": T("More outputs than classes"),
            "W521": T("An activation that bounds the scores"),
            "N530": T("A stride that does not divide and loses no data"),
            "N531": T("A momentum that keeps little"),
            "N532": T("A result that leads nowhere"),
            "W540": T("A change that mixes classes up"),
        },
    ),
)

CODES: dict[str, T] = {code: title for _, titles in SECTIONS for code, title in titles.items()}
"""What each code is called."""
