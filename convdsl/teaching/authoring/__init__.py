"""What an author of exercises needs: whether a course can be given to students (lint.py)."""
