"""Run the command line as ``python -m napari_cihm``."""

import sys

from napari_cihm.cli import main

if __name__ == "__main__":
    sys.exit(main())
