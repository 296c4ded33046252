"""Correcting labels: by tools and brush, what is reviewed, where to look, journals."""
