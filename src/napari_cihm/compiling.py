"""Functions compiled by numba for one signature, and kept on disk where that can be."""

import hashlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core.caching import FunctionCache

_log = logging.getLogger(__name__)

Kernel = Callable[..., Any]


def compiled(function: Callable[..., Any], signature: Any, **options: Any) -> Kernel:
    """Compile a function, or load it as it was compiled before.

    Parameters
    ----------
    function : callable
        One that numba understands.
    signature : numba signature
        What it takes and gives.
    **options
        Of `numba.njit`.

    Returns
    -------
    callable
        The machine code itself: choosing among signatures would cost more than a
        small call does. It takes no keywords. The function as it is, where
        ``NUMBA_DISABLE_JIT`` is set.
    """
    if numba.config.DISABLE_JIT:
        return function
    try:
        made = numba.njit(no_cfunc_wrapper=True, **options)(function)
        made._cache = _Cache(function)
        made.compile(signature)
    except Exception as problem:
        # A folder that cannot be written, a full disk, a torn file: compile without.
        name = function.__name__
        _log.info("compiling %s for this process only: %s", name, problem)
        made = numba.njit(signature, no_cfunc_wrapper=True, **options)(function)
    (result,) = made.overloads.values()
    return result.entry_point  # type: ignore[no-any-return]


class _Cache(FunctionCache):  # type: ignore[misc]
    """numba's cache on disk, made to notice a change in any file of a folder.

    By itself it looks at the file of the function alone, and would go on running the
    functions of other files as they were.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._folder = Path(function.__code__.co_filename).parent

    def _index_key(self, signature: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(signature, codegen), _edition(self._folder))


@cache
def _edition(folder: Path) -> str:
    """Give a digest of the sources in a folder."""
    digest = hashlib.sha256()
    for source in sorted(folder.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
