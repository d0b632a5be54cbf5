"""The course: exercises that are programs, with numbers drawn anew, answers computed, and mistakes that have names.

    course = load()
    question = course.find("size-valid").ask(seed=7)
    question.submit("28 x 28 x 6").message

A file of a course is read (format.py) into an Exercise; `ask` draws its numbers (draw.py) and gives a Question;
`submit` reads what was typed (answers.py) and marks it (judge.py, programs.py). Nothing here prints.
"""

from convdsl.teaching.course.course import SHIPPED, Concept, Course, CourseError, load, read_course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.format import Problem
from convdsl.teaching.course.progress import Progress
from convdsl.teaching.course.question import Question
from convdsl.teaching.course.verdict import Verdict

__all__ = [
    "SHIPPED",
    "Concept",
    "Course",
    "CourseError",
    "Exercise",
    "ExpressionError",
    "Problem",
    "Progress",
    "Question",
    "Verdict",
    "load",
    "read_course",
]
