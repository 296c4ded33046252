"""The parts that stages are made of; each block knows nothing of any recipe."""
