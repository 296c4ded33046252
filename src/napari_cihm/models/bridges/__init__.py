"""Bridges: what happens to all skips together between encoder and decoder."""
