"""Open the program on a sample from a fresh clone: `python3 examples [FILE ...]`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    start = runpy.run_path(str(Path(__file__).parents[1] / ".ci" / "start.py"))
    files = [str(Path(name).resolve()) for name in sys.argv[1:]]
    sys.exit(start["main"](["-e", "app", "--", *files]))
