"""Dask workers: started here, or found at a scheduler's address."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari_cihm.errors import UnavailableError

PATIENCE = "10s"


@contextmanager
def connected(
    scheduler: str | None = None, workers: int | None = None
) -> Iterator[Any]:
    """Give a client of a scheduler, or of so many worker processes on this machine.

    Parameters
    ----------
    scheduler : str, optional
        Such as ``tcp://host:8786``.
    workers : int, optional
        Processes to start when no scheduler is named.

    Raises
    ------
    UnavailableError
        If dask.distributed is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise UnavailableError(
            "dask.distributed is not installed",
            remedy='pip install "napari-cihm[distributed]"',
        ) from error
    if scheduler is None:
        local = LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=workers or 1,
            threads_per_worker=1,
            dashboard_address=None,
            # Even so it serves a page, at a port that every cluster would take.
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        )
        with local as cluster, Client(cluster) as client:  # type: ignore[no-untyped-call]
            yield client
        return
    try:
        client = Client(scheduler, timeout=PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"no scheduler answers at {scheduler} ({type(error).__name__})",
            "an address such as tcp://host:8786",
            "start one with `dask scheduler` and workers with `dask worker`",
        ) from error
    with client:
        yield client
