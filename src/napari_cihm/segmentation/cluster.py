"""Dask workers: started here, or found at a scheduler's address."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from napari_cihm.errors import UnavailableError

PATIENCE = "10s"
ORPHANED = "60s"  # without a scheduler, after which workers end
OWN_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)  # Windows'


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
        If dask.distributed is not installed, no scheduler answers, or no worker
        starts.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise UnavailableError(
            "dask.distributed is not installed",
            remedy='install it with: pip install "napari-cihm[distributed]"',
        ) from error
    if scheduler is None:
        with _started(workers or 1) as client:
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


@contextmanager
def _started(workers: int) -> Iterator[Any]:
    """Start workers apart from the terminal, whose Ctrl+C is for this process alone.

    Those that dask starts by itself are met by it too, and die of it with tracebacks.
    Scripts in the folder it was called in are taken for no module of Python's.
    """
    import dask
    from distributed import Client, LocalCluster
    from distributed.system import MEMORY_LIMIT

    # A free port: none at all would be the one of any other run, and a warning.
    alone = LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0")  # type: ignore[no-untyped-call]
    place = dask.config.get("temporary-directory", None)
    scratch = TemporaryDirectory(
        prefix="napari-cihm-", dir=place, ignore_cleanup_errors=True
    )
    with alone as cluster, Client(cluster) as client, scratch as folder:  # type: ignore[no-untyped-call]
        command = [
            *(sys.executable, "-P", "-m", "distributed.cli.dask_worker"),
            *(cluster.scheduler_address, "--no-dashboard", "--local-directory", folder),
            *("--nworkers", str(workers), "--nthreads", "1"),
            *("--memory-limit", str(MEMORY_LIMIT // workers)),
            *("--death-timeout", ORPHANED),
        ]
        log = Path(folder, "log")
        with log.open("w") as file:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
                creationflags=OWN_GROUP,
            )
        try:
            while len(client.nthreads()) < workers:
                if process.poll() is not None:
                    *_, last = ["", *log.read_text(errors="replace").splitlines()]
                    raise UnavailableError(f"dask's workers did not start ({last})")
                time.sleep(0.1)
            yield client
        finally:
            process.kill()  # their own processes end with it
            process.wait()
