"""The command line: parse, call, print, one file a command."""

from napari_cihm.cli.app import main

__all__ = ["main"]
