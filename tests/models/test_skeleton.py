"""The skeleton: what it pads, hands on, and refuses."""

import pytest
import torch
from torch import nn

from napari_cihm.errors import DtypeError, ShapeError
from napari_cihm.models.bridges.each import Each
from napari_cihm.models.heads import PlainHead
from napari_cihm.models.merges import Add, Concat
from napari_cihm.models.skeleton import Decoder, UNetLike, pad_to_multiple


class Recorder(nn.Module):
    """A head that gives the finest map and keeps what it was handed."""

    def forward(self, decoded, detail, size):
        self.seen = decoded, detail, size
        return decoded[0]


def pyramid(bridge, bridges_bottom=False, stride=4):
    pool = nn.AvgPool2d(2)
    return UNetLike(
        2,
        stem=nn.Identity(),
        stages=[nn.Identity(), pool, pool],
        bridge=bridge,
        decoders=[Decoder(merge=Add()) for _ in range(2)],
        head=Recorder(),
        stride=stride,
        bridges_bottom=bridges_bottom,
    )


def test_the_image_is_padded_by_its_rim_and_cropped_again():
    x = torch.randn(1, 2, 3, 5)
    padded = pad_to_multiple(x, 4)
    assert padded.shape == (1, 2, 4, 8)
    assert torch.equal(padded[..., 3, :5], x[..., 2, :])
    assert torch.equal(padded[..., :3, 5:], x[..., 4:].expand(-1, -1, -1, 3))
    assert pad_to_multiple(padded, 4) is padded
    network = pyramid(nn.Identity())
    assert network(x).shape == x.shape
    assert network.head.seen[2] == (4, 8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_compiled_network_takes_images_of_other_sizes():
    network = pyramid(nn.Identity())
    compiled = torch.compile(network, backend="aot_eager", dynamic=True)
    with torch.no_grad():
        for size in ((5, 7), (9, 6)):
            x = torch.randn(1, 2, *size)
            assert torch.allclose(compiled(x), network(x))


def test_decoded_maps_come_shallow_to_deep_with_the_detail():
    network = pyramid(nn.Identity())
    x = torch.randn(1, 2, 8, 8)
    network(x)
    decoded, detail, _ = network.head.seen
    assert [y.shape[-1] for y in decoded] == [8, 4, 2]
    assert detail is x


def test_skips_are_added_at_their_own_size():
    network = pyramid(nn.Identity())
    x = torch.full((1, 2, 8, 8), 3.0)
    assert torch.equal(network(x), 3 * x)  # the map and its two means, enlarged


class Tenfold(nn.Module):
    def forward(self, x):
        return 10 * x


@pytest.mark.parametrize(("takes_bottom", "wanted"), [(False, 21.0), (True, 30.0)])
def test_the_bridge_takes_the_bottom_if_asked(takes_bottom, wanted):
    bridge = Each(Tenfold() for _ in range(2 + takes_bottom))
    network = pyramid(bridge, takes_bottom)
    assert network(torch.ones(1, 2, 8, 8)).unique().tolist() == [wanted]


def test_a_decoder_works_below_rises_merges_and_works_above():
    decoder = Decoder(
        before=nn.ReLU(),
        up=nn.Upsample(scale_factor=2),
        merge=Concat(),
        after=nn.Tanh(),
    )
    below, skip = torch.randn(1, 1, 2, 2), torch.randn(1, 3, 4, 4)
    risen = below.clamp_min(0).repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(decoder(below, skip), torch.cat([skip, risen], 1).tanh())


def test_each_skip_needs_a_decoder():
    with pytest.raises(ShapeError, match=r"3 stages met 1 decoders.*2 decoders"):
        UNetLike(
            1,
            stem=nn.Identity(),
            stages=[nn.Identity()] * 3,
            bridge=nn.Identity(),
            decoders=[Decoder(merge=Add())],
            head=PlainHead(1, 1),
            stride=1,
        )


@pytest.mark.parametrize("shape", [(2, 8, 8), (1, 3, 8, 8), (1, 2, 0, 8), (0, 2, 8, 8)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(batch, 2, height, width\)"):
        pyramid(nn.Identity())(torch.zeros(shape))


def test_whole_numbers_are_refused():
    with pytest.raises(DtypeError, match="Normalise the image first"):
        pyramid(nn.Identity())(torch.zeros(1, 2, 8, 8, dtype=torch.uint8))
