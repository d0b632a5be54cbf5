"""What is handed out to a class: a sheet (sheet.py) for every student of a roster (roster.py), with numbers of his own
(assign.py), on paper (printing.py), as an exam with versions (exam.py) or as a question bank (moodle_xml.py, gift.py).
"""
