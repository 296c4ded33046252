"""Run tox from a fresh clone: `main(arguments)` sets up a private tox at first use."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".tox" / ".start"
OLDEST = (3, 11)


def main(arguments):
    """Run tox in the clone with `arguments`; give its exit status."""
    if sys.version_info < OLDEST:
        have, need = (".".join(map(str, v[:2])) for v in (sys.version_info, OLDEST))
        return f"error: this is Python {have}; call Python {need} or newer"
    python = HOME / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = HOME / "ready"
    if not ready.exists():
        print("first start: setting up tox in", HOME, flush=True)
        try:
            venv.create(HOME, clear=True, with_pip=True)
        except subprocess.CalledProcessError:
            return (
                "error: this Python cannot make virtual environments; "
                "on Debian and Ubuntu: apt install python3-venv"
            )
        pip = [str(python), "-m", "pip", "install", "--quiet"]
        status = subprocess.call([*pip, "--disable-pip-version-check", "tox>=4.28,<5"])
        if status:
            return status
        ready.touch()
    try:
        return subprocess.call([str(python), "-m", "tox", *arguments], cwd=ROOT)
    except KeyboardInterrupt:
        return 130
