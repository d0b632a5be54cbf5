"""`python -m convdsl`."""

import sys

if not sys.flags.safe_path:
    sys.path[:1] = []  # `-m` puts the working folder there, and a file in it may be called like a module that is needed

from convdsl.cli import main

sys.exit(main())
