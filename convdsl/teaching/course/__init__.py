"""The files of a course: exercises with numbers still to be drawn, read from TOML, and the expressions in them.

    course = load()
    exercise = course.find("size-valid")

A file is read (reader.py, format.py) into an Exercise (exercise.py); expressions.py evaluates what stands in it. The rooms above
draw the numbers (questions/), read what a student typed (reading/) and mark it (marking/). Nothing here prints.
"""

from convdsl.teaching.course.course import SHIPPED, Concept, Course, CourseError, load, read_course
from convdsl.teaching.course.exercise import Exercise
from convdsl.teaching.course.expressions import ExpressionError
from convdsl.teaching.course.reader import Problem

__all__ = [
    "SHIPPED",
    "Concept",
    "Course",
    "CourseError",
    "Exercise",
    "ExpressionError",
    "Problem",
    "load",
    "read_course",
]
