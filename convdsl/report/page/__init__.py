"""The report of a run: one HTML file with its results, its curves and pictures out of it, for people without a terminal."""
