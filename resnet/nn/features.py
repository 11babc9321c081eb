"""A network as a backbone: the maps between its stages, for detection and segmentation."""

from torch import Tensor, nn

from resnet.errors import UserError
from resnet.nn.blocks import set_checkpointing
from resnet.text import Message


class FeatureMaps(nn.Module):
    """The stem and stages of a network as far as they are needed, under the same names; no classifier.

    Args:
        network: a ResNet; its layers are used, not copied.
        out_indices: which maps: 0 after the stem's convolution, 1 to 4 after each stage; negative ones count from the
            end, and a number alone means so many from the end; None is all. They come in the network's order.

    Raises UserError where there is no such map.
    """

    def __init__(self, network: nn.Module, out_indices: int | tuple[int, ...] | None = None) -> None:
        super().__init__()
        count = len(network.feature_info)
        chosen = count if out_indices is None else out_indices
        given, known = ([chosen], range(1, count + 1)) if isinstance(chosen, int) else (chosen, range(-count, count))
        if problems := [
            Message("out_of_range_whole", {"field": "out_indices", "value": value, "low": known[0], "high": known[-1]})
            for value in given or ["()"]
            if value not in known
        ]:
            raise UserError.of(problems)
        indices = range(-chosen, 0) if isinstance(chosen, int) else chosen
        self.out_indices = sorted({index % count for index in indices})
        self.in_chans = network.in_chans
        self.feature_info = FeatureInfo(network.feature_info, self.out_indices)
        self.returned = set(self.feature_info.module_name())
        last = self.feature_info.module_name()[-1]
        for name, layer in network.named_children():
            self.add_module(name, layer)
            if name == last:
                break

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """As ResNet's."""
        set_checkpointing(self, enable)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, in_chans, H, W) -> maps (N, C, H/reduction, W/reduction), one for each of out_indices."""
        maps = []
        for name, layer in self.named_children():
            x = layer(x)
            if name in self.returned:
                maps.append(x)
        return maps


class FeatureInfo(list):
    """All maps of a network, as {num_chs, reduction, module, index}; the methods tell of the chosen ones alone."""

    def __init__(self, maps: list[dict], out_indices: list[int]) -> None:
        super().__init__({**a_map, "index": index} for index, a_map in enumerate(maps))
        self.out_indices = out_indices

    def channels(self) -> list[int]:
        return self._chosen("num_chs")

    def reduction(self) -> list[int]:
        """How many times smaller than the picture."""
        return self._chosen("reduction")

    def module_name(self) -> list[str]:
        return self._chosen("module")

    def _chosen(self, field: str) -> list:
        return [self[index][field] for index in self.out_indices]
