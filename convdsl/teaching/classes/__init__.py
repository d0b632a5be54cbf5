"""What a lecturer does with a course: sheets for paper, files of answers taken in, and their marks."""
