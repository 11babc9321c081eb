"""Heat maps: equations against an independent implementation, on timm's network; labels, pictures."""

import numpy as np
import pytest
import timm
import torch

from resnet.errors import UserError
from resnet.evaluation.explain import coloured, explain, grad_cam
from resnet.nn.network import create
from resnet.weights.models import load


@pytest.fixture(scope="module")
def network(small_model):
    return load(small_model)


def pixels(network) -> np.ndarray:
    size = network.config.preprocessing.size
    return np.random.default_rng(0).integers(0, 256, (3, size, size), dtype=np.uint8)


@pytest.mark.parity
@pytest.mark.parametrize("name", ["resnet18", "resnet50d"])
def test_grad_cam_is_what_hooks_on_timms_network_find(name):
    torch.manual_seed(0)
    own, peer = create(name, 7).eval(), timm.create_model(name, num_classes=7).eval()
    peer.load_state_dict(own.state_dict())
    images, targets = torch.randn(3, 3, 64, 64), torch.tensor([6, 0, 2])
    kept = {}
    peer.layer4.register_forward_hook(lambda module, inputs, maps: kept.update(maps=maps))
    peer.layer4.register_full_backward_hook(lambda module, inputs, gradients: kept.update(gradients=gradients[0]))
    logits = peer(images)
    logits.backward(torch.nn.functional.one_hot(targets, 7).float())
    expected = torch.einsum("nchw,nc->nhw", kept["maps"], kept["gradients"].mean((2, 3))).clamp_min(0)
    found = grad_cam(own, own.forward_features(images), targets)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-4, atol=1e-7)
    assert found.max() > 0


def test_another_classifier_looks_elsewhere(network):
    before = explain(network, pixels(network))
    other = load_again(network)
    torch.manual_seed(1)
    torch.nn.init.normal_(other.fc.weight)
    after = explain(other, pixels(network), before.label)
    assert np.abs(before.heat - after.heat).max() > 0.3


def load_again(network):
    other = create(network.config.architecture, network.config.num_classes).eval()
    other.load_state_dict(network.state_dict())
    other.config = network.config
    return other


def test_the_label_is_the_answer_or_the_one_that_is_named_by_key_or_words(network):
    found = explain(network, pixels(network))
    assert found.label in network.labels and 0 < found.score <= 1
    assert found.heat.shape == found.seen.size and found.heat.min() >= 0 and found.heat.max() in (0, pytest.approx(1))
    label = next(label for label in network.labels if label != found.label)
    named, by_words = (
        explain(network, pixels(network), name) for name in (label, network.config.describe_label(label))
    )
    assert named.label == by_words.label == label and named.score < found.score
    with pytest.raises(UserError, match="knows nothing called zebra"):
        explain(network, pixels(network), "zebra")


def test_the_overlay_goes_from_the_picture_to_the_heat(network):
    found = explain(network, pixels(network))
    assert np.array_equal(np.asarray(found.overlay(0.0)), np.asarray(found.seen))
    assert np.array_equal(np.asarray(found.overlay(1.0)), np.asarray(coloured(found.heat)))


def test_colours_rise_in_brightness():
    grey = np.asarray(coloured(np.linspace(0, 1, 50)[None]).convert("L"))[0].astype(int)
    assert (np.diff(grey) > 0).all()
