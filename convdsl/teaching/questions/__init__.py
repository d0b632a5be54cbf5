"""An exercise with its numbers drawn: its texts, its program, and what is right.

question = ask(course.find("size-valid"), seed=7)
question.text, question.right
"""

from convdsl.teaching.questions.question import Question, ask

__all__ = ["Question", "ask"]
