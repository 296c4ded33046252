"""How long a thread that waits for others keeps its core."""

import os

SPINS = 1000  # turns, which take about as long as to wake who lies down


def wait_briefly() -> None:
    """Have threads that wait for others lie down soon, and leave them their core.

    GNU's OpenMP, which shares out torch's work under Linux, turns round 300,000 times
    first. That is in the way of the very thread that is waited for where another
    program has its core, and a network then takes several times as long. Only for
    processes that are ours alone; call it before torch is imported. What the user has
    set stays, and elsewhere nothing happens.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))
