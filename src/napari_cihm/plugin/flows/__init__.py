"""What happens when something is asked for: one flow a section, none of them drawn.

What is handed to several of them is said here, and their docstrings do not repeat it:

========= ================================================================
desk      what all flows work with: the session, the viewer, what runs
section   the part of the panel that a flow answers
bench     the labels that are corrected just now, and all that were begun
pairing   which image labels belong to, and how it is read
pointing  what the mouse does on the canvas while a tool is chosen
runner    runs jobs beside the window: torch stays out of its process
model     takes a model into use
comparing shows two models beside each other
========= ================================================================
"""
