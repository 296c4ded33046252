"""The compiled scan: threads, chunks, caches, and the arithmetic underneath."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_cihm.scan import backends, prepare, selective_scan

if backends()["numba"] is not True:
    pytest.skip(f"numba: {backends()['numba']}", allow_module_level=True)

import numba

from napari_cihm.scan import (
    elementary,
    numba_compile,
    numba_gradient,
    numba_plan,
    numba_rows,
    reference,
)
from napari_cihm.scan.inputs import checked
from napari_cihm.scan.lanes import HALF, OPTIONS, WIDTH, load, pick, store
from napari_cihm.scan.shuffles import store_folded, totals, turn


@pytest.fixture(autouse=True)
def _numba(monkeypatch):
    monkeypatch.setenv("CIHM_SCAN", "numba")
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@numba.njit(**OPTIONS)
def _functions(x, exp2, softplus, sigmoid, slope):
    for at in range(0, x.size, WIDTH):
        lanes = load(x, at)
        store(exp2, at, elementary.exp2(lanes))
        store(softplus, at, elementary.softplus(lanes))
        store(sigmoid, at, elementary.sigmoid(lanes))
        store(slope, at, elementary.softplus_slope(lanes))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_elementary_functions_to_the_last_places(kind):
    x = np.concatenate(
        [
            np.linspace(-80, 80, 8000),
            np.linspace(-1, 1, 8000),
            -np.logspace(-7, 1.9, 1600),
        ]
    ).astype(kind)
    found = [np.empty_like(x) for _ in range(4)]
    _functions(x, *found)
    exact = x.astype(np.longdouble)
    sigmoid = 1 / (1 + np.exp(-exact))
    soft = np.maximum(exact, 0) + np.log1p(np.exp(-np.abs(exact)))
    wanted = (
        np.exp2(exact),
        np.where(x > 20, exact, soft),
        sigmoid,
        np.where(x > 20, 1, sigmoid),
    )
    for result, right in zip(found, wanted, strict=True):
        assert np.max(np.abs(result - right) / right) < 2.5 * np.finfo(kind).eps


def test_elementary_functions_at_the_edges():
    x = np.zeros(WIDTH, np.float32)
    x[:7] = [np.nan, np.inf, -np.inf, 1e30, -1e30, 200, -200]
    exp2, softplus, sigmoid, slope = (np.empty_like(x) for _ in range(4))
    _functions(x, exp2, softplus, sigmoid, slope)
    large = [np.nan, np.inf, 0, np.inf, 0, np.inf, 0]
    np.testing.assert_array_equal(exp2[:7], large)
    soft = [np.nan, np.inf, 0, np.float32(1e30), 0, 200, 0]
    np.testing.assert_array_equal(softplus[:7], soft)
    for step in (sigmoid, slope):
        np.testing.assert_array_equal(step[:7], [np.nan, 1, 0, 1, 0, 1, 0])


def test_a_transpose_of_sixteen_by_sixteen():
    @numba.njit(**OPTIONS)
    def run(source, turned):
        turn(source, 3, 20, turned, 0, WIDTH)

    source, turned = np.random.default_rng(0).random(3 + 16 * 20), np.empty(256)
    run(source, turned)
    block = source[3:].reshape(16, 20)[:, :16]
    np.testing.assert_array_equal(turned.reshape(16, 16), block.T)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_sums_of_products_of_sixteen_lanes(kind):
    @numba.njit(**OPTIONS)
    def run(left, right, folded, sums):
        for row in range(WIDTH):
            at = row * WIDTH
            store_folded(folded, row * HALF, load(left, at), load(right, at))
        store(sums, 0, totals(folded, 0))

    rng = np.random.default_rng(0)
    left, right = rng.random((2, 256)).astype(kind)
    folded, sums = np.empty(128, kind), np.empty(16, kind)
    run(left, right, folded, sums)
    exact = left.astype(np.longdouble) * right
    wanted = exact.reshape(16, 16).sum(1)
    np.testing.assert_allclose(sums, wanted, rtol=8 * np.finfo(kind).eps)


def test_a_number_is_picked_without_counting_from_the_end():
    @numba.njit(**OPTIONS)
    def run(row, out):
        for at in range(row.size):
            out[at] = 2 * pick(row, at)

    row, out = np.arange(5.0), np.empty(5)
    run(row, out)
    np.testing.assert_array_equal(out, 2 * row)


def test_what_is_prepared_is_not_compiled_again(case):
    numba_compile._compiled.cache_clear()
    prepare(torch.device("cpu"))
    compiled = numba_compile._compiled.cache_info().misses
    assert compiled == 2
    _all_gradients(case(b=1, d=4, length=20, n=16))
    assert numba_compile._compiled.cache_info().misses == compiled


def _all_gradients(tensors):
    out = selective_scan(**tensors, delta_softplus=True)
    return [out, *torch.autograd.grad(out.square().sum(), list(tensors.values()))]


@pytest.mark.parametrize("groups", [1, 2])
def test_results_do_not_depend_on_the_number_of_threads(case, groups):
    tensors = case(b=1, d=32, length=900, n=16, groups=groups)
    results = []
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        results.append(_all_gradients(tensors))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            assert torch.equal(one, two)


def test_two_threads_may_scan_at_once(case):
    torch.set_num_threads(2)
    cases = [case(d=16, length=2000, n=16, groups=2, seed=seed) for seed in range(2)]
    wanted = [_all_gradients(tensors) for tensors in cases]
    start, wrong = threading.Barrier(2, timeout=20), []

    def scan(index: int) -> None:
        start.wait()
        for _ in range(20):
            results = _all_gradients(cases[index])
            if not all(map(torch.equal, results, wanted[index])):
                wrong.append(index)

    threads = [threading.Thread(target=scan, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert wrong == []


@pytest.mark.parametrize(("length", "parts"), [(520, 1), (555, 4)])
@pytest.mark.parametrize("constant", ["", "B"])
def test_windows_and_segments(
    case, scanned, check_close, monkeypatch, length, parts, constant
):
    # Few kept states make the backward pass recompute several chunks from one; short
    # segments make it hand partial sums over again and again.
    monkeypatch.setattr(numba_plan, "_KEPT", 2)
    monkeypatch.setattr(numba_gradient, "_SEGMENT", 1)
    monkeypatch.setattr(numba_gradient, "_ITEMS", 2 * parts)
    tensors = case(d=8 * parts, length=length, n=7, groups=1, constant=constant)
    wide = {k: t.detach().double().requires_grad_() for k, t in tensors.items()}
    check_close(scanned("numba", tensors), scanned("torch", wide))


def test_what_is_kept_does_not_grow_with_the_sequence():
    kept = {}
    for length in (1 << 15, 1 << 16, 1 << 18):
        u = torch.zeros(1, 1, length, requires_grad=True)
        rates = -torch.ones(1, 16)
        map_ = torch.zeros(1, 16, 1).expand(1, 16, length)
        out = selective_scan(u, u, rates, map_, map_)
        *_, states = out.grad_fn.saved_tensors
        kept[length] = states.numel()
    assert set(kept.values()) == {256 * 16}


def test_long_sequences_stay_right(case, scanned, check_close):
    tensors = case(b=1, d=2, length=35_000, n=2, dtype=torch.float64)
    check_close(scanned("numba", tensors), scanned("torch", tensors), 1e-12)


def test_positions_past_the_end_leave_no_trace(case, scanned, check_close):
    # The carry of a last state's gradient passes the padding of the last chunk.
    tensors = case(length=numba_rows.CHUNK + 1, n=16, without="z D")
    check_close(scanned("numba", tensors), scanned("reference", tensors))


@pytest.mark.parametrize("fastest", [0.0, 0.3, 20.0, 3000.0])
@pytest.mark.parametrize("n", [5, 32])
def test_decays_from_tables_and_computed_ones_are_alike(
    case, scanned, check_close, fastest, n
):
    # Chunk by chunk, steps that a table covers take turns with some that none does.
    tensors = case(length=900, n=n, groups=1, without="z")
    with torch.no_grad():
        tensors["A"].mul_(fastest / tensors["A"].abs().max())
        tensors["delta"][..., 300:320] = 8
    wide = {k: t.detach().double().requires_grad_() for k, t in tensors.items()}
    check_close(scanned("numba", tensors), scanned("torch", wide))


def test_small_steps_are_not_all_off_the_same_way(monkeypatch):
    rng, length = np.random.default_rng(0), 4096
    u, B, C = (
        torch.from_numpy(rng.standard_normal((1, n, length))).float() for n in (4, 8, 8)
    )
    delta = torch.from_numpy(rng.uniform(1e-4, 1e-3, (1, 4, length))).float()
    A = -torch.arange(1.0, 9).repeat(4, 1)
    found = selective_scan(u, delta, A, B, C).double()
    monkeypatch.setenv("CIHM_SCAN", "reference")
    wanted = selective_scan(*(t.double() for t in (u, delta, A, B, C)))
    off = (found - wanted).square().mean() / wanted.square().mean()
    assert off.sqrt() < 1e-6


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -2.0, 1e30])
def test_steps_that_are_in_no_table_are_answered_as_elsewhere(odd):
    # Without softplus a step may be anything; none may be looked up where nothing is.
    torch.manual_seed(0)
    length = numba_plan.LONG
    u, maps = torch.randn(1, 3, length), torch.randn(2, 1, 16, length)
    delta = torch.rand(1, 3, length)
    delta[0, 1, 130] = odd
    given = (u, delta, -torch.arange(1.0, 17).repeat(3, 1), *maps)
    out = selective_scan(*given)
    wanted = reference.scan(checked(*given, None, None, None, False))[0]
    torch.testing.assert_close(
        out, wanted.float(), equal_nan=True, rtol=1e-4, atol=1e-4
    )


def test_a_decay_without_end_leaves_what_came_last():
    torch.manual_seed(0)
    u, delta, (B, C) = torch.randn(1, 3, 70), torch.rand(1, 3, 70), torch.rand(2, 2, 70)
    given = (u, delta, torch.full((3, 2), -torch.inf), B[None], C[None])
    out, last = selective_scan(*given, return_last_state=True)
    wanted = reference.scan(checked(*given, None, None, None, False))
    torch.testing.assert_close((out, last), tuple(t.float() for t in wanted))


def test_states_that_fade_end_at_zero():
    # Numbers below the normal ones, 1e-38, slow processors down a hundredfold.
    u = torch.zeros(1, 1, 400)
    u[..., 0] = 1
    rates = torch.linspace(-0.3, -5, 16)[None]
    ones = torch.ones(1, 16)
    out = selective_scan(u, torch.ones_like(u), rates, ones, ones)
    normal = out[out != 0].abs() > torch.finfo(torch.float32).tiny
    assert out[..., 200] > 0
    assert normal.all()
    assert out[..., -1] == 0


def _scan_in_a_process(body: str = "", **environment: str) -> str:
    program = (
        f"{body}\n"
        "import torch\n"
        "from napari_cihm.scan import selective_scan\n"
        "u = torch.ones(1, 2, 3); A = -torch.ones(2, 1)\n"
        "print(selective_scan(u, u, A, A, A).sum().item())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "CIHM_SCAN": "numba", **environment},
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(2 * (1 + 1.367879 + 1.503215), rel=1e-5)
    return done.stderr


@pytest.mark.slow
def test_compiled_once_and_kept_on_disk(tmp_path):
    folder = tmp_path / "not there yet"
    _scan_in_a_process(NUMBA_CACHE_DIR=str(folder))
    kept = {path.suffix for path in Path(folder).rglob("*.nb*")}
    assert kept == {".nbi", ".nbc"}
    forbidden = (
        "import numba.core.compiler as c\n"
        "def compile_extra(*_, **__): raise SystemExit('compiled again')\n"
        "c.compile_extra = compile_extra"
    )
    _scan_in_a_process(forbidden, NUMBA_CACHE_DIR=str(folder))


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").touch()
    _scan_in_a_process(
        NUMBA_CACHE_DIR=str(tmp_path / "file" / "below"),
        NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator",
    )


@pytest.mark.slow
def test_where_nothing_may_be_compiled_torch_scans():
    _scan_in_a_process(NUMBA_DISABLE_JIT="1", CIHM_SCAN="")
