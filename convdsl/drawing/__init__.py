"""Networks as pictures: from what `check` knows to a file. See drawing.py for the way on one page."""
