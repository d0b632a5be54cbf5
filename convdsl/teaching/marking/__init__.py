"""What an answer is worth: `mark(question, text)` reads it (reading/) and holds it against the question (questions/)."""

from convdsl.teaching.marking.mark import mark
from convdsl.teaching.marking.verdict import Verdict

__all__ = ["Verdict", "mark"]
