"""Heads: sizes, and sums of levels."""

import pytest
import torch
from torch.nn import functional as F

from napari_cihm.models.heads import (
    DeepHead,
    DetailHead,
    ExpandHead,
    FusionHead,
    LevelHead,
    NormedHead,
    PlainHead,
    SumHead,
    choose_head,
)

SIZE = torch.Size((16, 24))
CHANNELS = (8, 16, 24)


@pytest.fixture
def decoded():
    return [torch.randn(2, c, 8 >> i, 12 >> i) for i, c in enumerate(CHANNELS)]


def enlarged(x):
    return F.interpolate(x, SIZE, mode="bilinear", align_corners=False)


@pytest.mark.parametrize(
    "head",
    [
        PlainHead(8, 3), NormedHead(8, 3), DetailHead(8, 2, 3), ExpandHead(8, 4, 3),
        DeepHead(PlainHead(8, 3), CHANNELS[1:], 3), SumHead(CHANNELS[:2], 3),
        FusionHead(CHANNELS, 3),
    ],
    ids=lambda head: type(head).__name__,
)  # fmt: skip
def test_logits_have_the_size_that_was_asked_for(head, decoded):
    assert head(decoded, torch.randn(2, 2, *SIZE), SIZE).shape == (2, 3, *SIZE)


def test_levels_are_resized_and_the_finest_comes_first(decoded):
    head = DeepHead(PlainHead(8, 3), CHANNELS[1:], 3)
    levels = head.levels(decoded, decoded[0], SIZE)
    assert isinstance(head, LevelHead)
    assert not isinstance(head.finest, LevelHead)
    assert torch.equal(levels[0], enlarged(head.finest.out(decoded[0])))
    for level, conv, y in zip(levels[1:], head.others, decoded[1:], strict=True):
        assert torch.equal(level, enlarged(conv(y)))


def test_some_levels_may_be_left_to_the_finest_head(decoded):
    head = DeepHead(SumHead(CHANNELS[:2], 1), CHANNELS[2:], 1, skip=2)
    levels = head.levels(decoded, decoded[0], SIZE)
    a, b = (enlarged(c(y)) for c, y in zip(head.finest.outs, decoded, strict=False))
    assert torch.allclose(levels[0], a + b, atol=1e-6)
    assert torch.equal(levels[1], enlarged(head.others[0](decoded[2])))


def test_fusion_is_a_linear_mix_of_the_levels(decoded):
    head = FusionHead(CHANNELS, 1)
    each = [enlarged(out(y)) for out, y in zip(head.outs, decoded, strict=True)]
    weights = head.fuse.weight[0, :, 0, 0]
    wanted = sum(w * x for w, x in zip(weights, each, strict=True)) + head.fuse.bias
    assert torch.allclose(head(decoded, decoded[0], SIZE), wanted, atol=1e-5)


def test_the_detail_decides_where_the_coarse_map_cannot():
    head = DetailHead(8, 1, 1).eval()
    flat, dark = [torch.zeros(1, 8, 1, 1)], torch.zeros(1, 1, *SIZE)
    point = dark.clone()
    point[..., 5, 7] = 1
    changed = head(flat, point, SIZE)[0, 0] != head(flat, dark, SIZE)[0, 0]
    assert changed.nonzero().amin(0).tolist() == [4, 6]
    assert changed.nonzero().amax(0).tolist() == [6, 8]


def test_a_head_is_the_papers_or_one_with_detail():
    paper = PlainHead(4, 1)
    assert choose_head("plain", paper, 4, 2, 1) is paper
    assert isinstance(choose_head("detail", paper, 4, 2, 1), DetailHead)
