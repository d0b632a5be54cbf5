"""What a student typed, understood: numbers, sizes, matrices, values for holes, letters.

    read_answer("28 x 28 x 6", Wanted("size", True, (3,)))

An answer goes through text.py (dashes, quotes), tokens.py (with scanner.py and words.py), the grammar in answers.lark and
terms.py (arithmetic), and then to the file for what is asked: values.py, holes.py, letters.py. It is read only if every
character is accounted for; otherwise Unclear says what was understood and what was not. Nothing here knows what is right.
"""
