"""The course and the sheet of the tests of classes."""

from tests.teaching.classes.conftest import course, sheet

__all__ = ["course", "sheet"]
