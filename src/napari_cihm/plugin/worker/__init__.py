"""The worker: a process beside the window in which networks compute.

A process and not a thread, because both were measured (``benchmarks/window.py``):
while a 2048 x 2048 image was segmented on two cores, a thread held the window up
for 100 to 420 ms at its worst, above all while torch was imported and objects were
decoded under Python's lock; a process of lower priority for 14 ms. A process can
also be stopped within a tile, gives its memory back, and if it runs out of memory
the window lives on.
"""
