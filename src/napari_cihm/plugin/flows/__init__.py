"""What happens when something is asked for: one flow a section, none of them drawn.

Three things are handed to most of them, which their docstrings do not repeat:

======= ==================================================================
desk    what all flows work with: the session, the viewer, what runs
section the part of the panel that a flow answers
bench   the labels that are corrected just now, and all that were begun
======= ==================================================================
"""
