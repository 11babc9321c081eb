"""The graph of a network for ONNX Runtime: the same function as the network, for every kind of network."""

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from resnet.nn.network import create
from resnet.nn.variants import VARIANTS
from resnet.predictor.graph import onnx_graph
from resnet.predictor.torch_engine import folded
from tests.networks import liven

KINDS = ["resnet18", "resnet26d", "resnet20_cifar"]  # one of each kind of block, stem and shortcut
CLOSE = 1e-4  # of the largest value: what rounding may come to in float32 where sums are made in another order


def network(name: str, **arguments: object) -> nn.Module:
    """With statistics and scales unlike those of a new network, so that folding changes all weights."""
    torch.manual_seed(0)
    return liven(create(name, **arguments).eval())


def in_torch(module: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Logits and features."""
    with torch.inference_mode():
        return module(images), module.forward_head(module.forward_features(images), pre_logits=True)


def in_onnxruntime(module: nn.Module, images: Tensor) -> list[Tensor]:
    session = onnxruntime.InferenceSession(onnx_graph(module).SerializeToString())
    return [torch.from_numpy(output) for output in session.run(["logits", "features"], {"images": images.numpy()})]


def assert_close(given: list[Tensor], expected: tuple[Tensor, Tensor]) -> None:
    for one, other in zip(given, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=CLOSE * float(other.abs().max()))


def assert_same_function(name: str) -> None:
    module = network(name, num_classes=7)
    for images in (torch.randn(1, 3, 64, 64), torch.randn(3, 3, 32, 96)):
        expected = in_torch(module, images)
        assert_close(in_onnxruntime(module, images), expected)
        assert_close(in_torch(folded(module), images), expected)


@pytest.mark.parity
@pytest.mark.parametrize("name", KINDS)
def test_onnxruntime_gives_what_torch_gives(name):
    assert_same_function(name)


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - set(KINDS)))
def test_onnxruntime_gives_what_torch_gives_for_every_network(name):
    assert_same_function(name)


@pytest.mark.parity
def test_pictures_of_odd_sizes_and_of_one_channel():
    module, images = network("resnet26d", in_chans=1), torch.randn(2, 1, 75, 101)
    assert_close(in_onnxruntime(module, images), in_torch(module, images))


def test_folding_leaves_the_network_as_it_was():
    module = network("resnet18").train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    without = folded(module)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in without.modules())
    assert module.training and not without.training
    assert module.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert without.fc.weight.data_ptr() == module.fc.weight.data_ptr()  # what stays as it is costs no memory
    without.double()
    assert module.fc.weight.dtype == torch.float32


def test_a_normalisation_without_a_convolution_of_its_own_stays():
    module = network("resnet18")
    module.bn1 = nn.Sequential(nn.Identity(), module.bn1)
    images = torch.randn(1, 3, 64, 64)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in folded(module).modules()) == 1
    assert_close(in_onnxruntime(module, images), in_torch(module, images))


def test_the_file_says_what_it_is():
    model = onnx_graph(network("resnet18", num_classes=5), metadata={"labels": '["a"]'})
    onnx.checker.check_model(model, full_check=True)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"labels": '["a"]'}
    session = onnxruntime.InferenceSession(model.SerializeToString())
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [
        ("images", "tensor(float)", ["N", 3, "H", "W"])
    ]
    assert [(o.name, o.shape) for o in session.get_outputs()] == [("logits", ["N", 5]), ("features", ["N", 512])]


class _Softplus(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.softplus(x)


@pytest.mark.parametrize(("layer", "named"), [(nn.GELU(), "act1"), (_Softplus(), "softplus")])
def test_what_it_cannot_write_is_named(layer, named):
    module = network("resnet18")
    module.act1 = layer
    with pytest.raises(NotImplementedError, match=named):
        onnx_graph(module)
