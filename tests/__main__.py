"""Run the tests from a fresh clone: `python3 tests [tox arguments]`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    start = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "start.py"))
    sys.exit(start["main"](sys.argv[1:]))
