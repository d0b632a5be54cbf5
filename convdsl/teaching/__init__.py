"""What teaches: convolution worked by hand, the session behind the REPL, the course and its exercises.

Nothing here prints: values come in, values go out, and convdsl/report shows them.
"""
