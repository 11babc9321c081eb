"""timm's names of ImageNet's classes: the one place that imports timm.

Slow to import: reached through `resnet.weights.late`.
"""

from timm.data import ImageNetInfo

SUBSETS = {1000: "imagenet-1k", 11821: "imagenet-12k"}  # by their numbers of classes


def imagenet_labels(count: int) -> tuple[list[str], dict[str, str]]:
    """The class keys (WordNet's numbers) of ImageNet's subset of `count` classes, and their words."""
    info = ImageNetInfo(SUBSETS[count])
    return info.label_names(), info.label_descriptions(as_dict=True)
