"""Mending labels: edits, reviewed masks, what to look at next, and the journal."""
