"""Muon by what it promises, and by torch's own Adam where it is Adam."""

import copy

import pytest
import torch
from torch import nn

from napari_cihm import load_model
from napari_cihm.config import TrainSettings
from napari_cihm.training.optimisers import (
    AdamW,
    Muon,
    orthogonal,
    parameter_groups,
    pick_optimiser,
)


@pytest.mark.parametrize("shape", [(16, 144), (64, 16), (48, 48), (8, 9)])
def test_a_step_is_as_long_in_all_directions_of_a_matrix(shape):
    torch.manual_seed(0)
    strong = torch.outer(torch.randn(shape[0]), torch.randn(shape[1]))
    gradient = 10 * strong + torch.randn(shape)
    step = orthogonal(gradient)
    lengths = torch.linalg.svdvals(step)
    assert step.shape == shape
    assert lengths.max() < 1.3 and lengths.median() > 0.6
    signs = torch.linalg.svd(gradient, full_matrices=False)
    along = torch.diag(signs.U.T @ step @ signs.Vh.T)
    assert (along > 0).all()  # it goes the gradient's way in each of them


def test_what_works_on_each_map_alone_is_no_matrix():
    network = load_model("cihm-fluo", "cpu").network
    names = {id(p): n for n, p in network.named_parameters()}
    optimiser = Muon(network, 0.01)
    matrices = [names[id(p)] for p in optimiser.matrices]
    assert all(min(len(p), p[0].numel()) >= 8 for p in optimiser.matrices)
    assert not [n for n in matrices if "log_decay" in n or "norm" in n]
    assert {*names} == {id(p) for p in (*optimiser.matrices, *optimiser.rest)}
    assert sum(p.numel() for p in optimiser.matrices) > 0.7 * 195_000


def gradients(network, seed):
    torch.manual_seed(seed)
    for weights in network.parameters():
        weights.grad = torch.randn_like(weights)


def test_the_rest_moves_as_torchs_adam_moves_it():
    network = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.GroupNorm(2, 4))
    other = copy.deepcopy(network)
    mine = Muon(network, 0.01)
    theirs = torch.optim.Adam(other.parameters(), lr=3e-3)
    assert not mine.matrices
    for seed in range(4):
        gradients(network, seed)
        gradients(other, seed)
        mine.step(3e-3)
        theirs.step()
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_adamw_is_torchs_bit_for_bit_and_takes_up_what_torchs_left():
    network = nn.Sequential(nn.Conv2d(4, 8, 3), nn.GroupNorm(2, 8), nn.Linear(8, 2))
    other = copy.deepcopy(network)
    mine = AdamW(network, 0.01)
    theirs = torch.optim.AdamW(parameter_groups(other, 0.01), lr=3e-3, fused=True)
    for seed in range(5):
        for one in (network, other):
            gradients(one, seed)
            one[2].bias.grad = None if seed < 3 else one[2].bias.grad
        mine.step(3e-3)
        theirs.step()
        if seed == 2:
            mine = AdamW(network, 0.01)
            mine.load_state_dict(theirs.state_dict())
    for a, b in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("optimiser", [Muon, AdamW])
def test_a_weight_without_a_gradient_stays(optimiser):
    network = nn.Sequential(nn.Linear(16, 16), nn.Linear(16, 16))
    before = copy.deepcopy(network.state_dict())
    optimiser = optimiser(network, 0.01)
    for weights in network[0].parameters():
        weights.grad = torch.ones_like(weights)
    optimiser.step(1e-2)
    after = network.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"0.weight", "0.bias"}


@pytest.mark.parametrize("name", ["muon", "adamw"])
def test_what_is_kept_goes_on_bit_for_bit(name):
    settings = TrainSettings(optimiser=name)
    whole = nn.Sequential(nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.Conv2d(16, 3, 1))
    first = copy.deepcopy(whole)
    optimiser = pick_optimiser(whole, settings)
    for seed in range(4):
        gradients(whole, seed)
        optimiser.step(1e-2)
    stopped = pick_optimiser(first, settings)
    for seed in range(2):
        gradients(first, seed)
        stopped.step(1e-2)
    second = copy.deepcopy(first)
    going_on = pick_optimiser(second, settings)
    going_on.load_state_dict(copy.deepcopy(stopped.state_dict()))
    for seed in range(2, 4):
        gradients(second, seed)
        going_on.step(1e-2)
    for a, b in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)


def left_after(name, steps=60):
    """How much of a map is unlearnt whose inputs hardly differ in most directions."""
    torch.manual_seed(1)
    turned = torch.linalg.qr(torch.randn(32, 32)).Q
    inputs = torch.randn(512, 32) * torch.logspace(0, -2, 32) @ turned
    wanted = torch.randn(32, 32)
    network = nn.Linear(32, 32, bias=False)
    optimiser = pick_optimiser(network, TrainSettings(optimiser=name, weight_decay=0))
    for step in range(steps):
        network.zero_grad()
        ((network(inputs) - inputs @ wanted.T) ** 2).mean().backward()
        optimiser.step(0.1 * (1 - step / steps))
    return float((network.weight.detach() - wanted).norm() / wanted.norm())


def test_it_learns_what_is_faint_in_fewer_steps():
    assert left_after("muon") < 0.9 * left_after("adamw")
