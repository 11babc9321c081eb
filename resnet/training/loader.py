"""The batches from which all layers learn: cut from pictures that were decoded once, and augmented on the device.

What happens to a batch is a function of (seed, epoch, its place in the epoch) alone, so a resumed run needs no state
of this, and processes that work together make the batch that one alone would: each its share.
Shapes: N images, 3 channels, S x S pixels, K classes.
"""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from resnet.data.batches import epoch_order, random_boxes, steps_per_epoch
from resnet.data.cache import Cache, kept_side
from resnet.predictor.ranks import ALONE, Ranks
from resnet.settings import TrainSettings
from resnet.training.augment import POLICIES, crops, crops_on_device, erase, mix
from resnet.training.recipe import size_at
from resnet.training.stage import Pictures

T = TypeVar("T")

ON_DEVICE = 0.3  # of a GPU's free memory that pictures may take; the network needs the rest


@dataclass(frozen=True)
class Plan:
    """What a batch will be made of, or a rank's share of it."""

    chosen: np.ndarray  # (N), places in the training part
    boxes: np.ndarray  # (N, 4): top, left, height, width, pixels
    mirrored: np.ndarray  # (N), bool
    random: "np.random.Generator | Rows"  # for all that comes after
    given: int  # of the N pictures; those behind are only there to be mixed in


class Rows:
    """A generator that draws for a whole batch, of `count` pictures, and gives what is drawn for some of them."""

    def __init__(self, whole: np.random.Generator, count: int, rows: np.ndarray) -> None:
        self.whole, self.count, self.rows = whole, count, rows

    def __getattr__(self, name: str) -> Callable[..., np.ndarray]:
        def draw(*parameters_and_size: object) -> np.ndarray:
            *parameters, size = parameters_and_size
            return getattr(self.whole, name)(*parameters, (self.count, *np.atleast_1d(size)[1:]))[self.rows]

        return draw


class Loader:
    """Batches of the training part `train`, whose data set keeps the decoded pictures; `fill` decodes them.

    mean: of the preprocessing: 3 values from 0 to 1, which erased places take.
    """

    def __init__(
        self,
        train: Pictures,
        settings: TrainSettings,
        classes: int,
        mean: Sequence[float],
        ranks: Ranks = ALONE,
    ) -> None:
        self.ranks, self.own = ranks, ranks.share(len(train.paths))  # the pictures that are this rank's to decode
        self.settings, self.device, self.classes = settings, torch.device(settings.device), classes
        self.fill_value = 255 * torch.tensor(mean, device=self.device)
        self.targets = np.asarray(train.targets)
        self.squash = settings.crop_mode == "squash"
        side = kept_side(settings.train_size, settings.crop_scale)
        self.cache = Cache(train.data, train.paths, side, self.squash)
        self.on_device: Tensor | None = None  # all pictures, uint8, one after the other

    def fill(self) -> Iterator[int]:
        """Decode what was not decoded before, of `own`; after each picture, how many are there."""
        return self.cache.fill(self.own)

    def _fits_on_device(self) -> bool:
        free = torch.cuda.mem_get_info(self.device)[0] if self.device.type == "cuda" else 0
        return self.cache.nbytes < ON_DEVICE * free

    def move_to_device(self) -> None:
        self.on_device = torch.empty(self.cache.nbytes, dtype=torch.uint8, device=self.device)
        rooms = self.on_device.split(self.cache.sizes.tolist())
        for room, picture in zip(rooms, self.cache.read(range(len(rooms))), strict=True):
            room.copy_(torch.from_numpy(picture.ravel()))

    def epoch(self, epoch: int, first: int = 0, epochs: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Its batches from the `first` on: images uint8 or float32 (N, 3, S, S), 0 to 255; targets int64 (N), or where
        pictures are mixed float32 (N, K), shares of the classes.

        An epoch shows each picture once, or is balanced (see `epoch_order`). Its batches differ in size by at most one,
        so that no small last batch spoils the batch statistics. Of several ranks each gets its share of every batch.
        epochs: over so many the crops grow; None: those of the settings. Raises UserError where a file can no longer
        be read.
        """
        if self.on_device is None and self._fits_on_device():
            self.move_to_device()
        settings, plans = self.settings, self._plans(epoch, first)
        last = (epochs or settings.epochs or 1) - 1
        size = size_at(min(1.0, epoch / last) if last else 1.0, settings.start_size, settings.train_size)
        for plan, images in (self._from_host if self.on_device is None else self._from_device)(plans, size):
            images, targets = self._augmented(images, self._moved(self.targets[plan.chosen]), plan.random)
            yield images[: plan.given], targets[: plan.given]

    def _augmented(self, images: Tensor, targets: Tensor, random: np.random.Generator) -> tuple[Tensor, Tensor]:
        settings = self.settings
        if settings.augment != "light":
            images = POLICIES[settings.augment](images.float(), random)
        if settings.erasing:
            images = erase(images.float(), random, settings.erasing, self.fill_value)
        if settings.mixup or settings.cutmix:
            return mix(images.float(), targets, random, self.classes, settings.mixup, settings.cutmix)
        return images, targets

    def _plans(self, epoch: int, first: int) -> Iterator[Plan]:
        settings, count = self.settings, len(self.targets)
        order = epoch_order(self.targets, settings.seed, epoch, balanced=settings.balance == "sampling")
        batches = np.array_split(order, steps_per_epoch(count, settings.batch_size))
        for place, chosen in list(enumerate(batches, start=1))[first:]:  # from 1: (a, b, 0) is numpy's (a, b)
            random = np.random.default_rng((settings.seed, epoch, place))
            boxes = random_boxes(random, self.cache.shapes[chosen], settings.crop_scale, self.squash)
            mirrored = random.random(len(chosen)) < 0.5
            if self.ranks.count == 1:
                yield Plan(chosen, boxes, mirrored, random, len(chosen))
                continue
            rows = given = self.ranks.share(len(chosen))
            if settings.mixup or settings.cutmix:  # with those that `mix` will find at the same place from the end
                rows = np.concatenate([given, len(chosen) - 1 - given[::-1]])
            drawn = Rows(random, len(chosen), rows)
            yield Plan(chosen[rows], boxes[rows], mirrored[rows], drawn, len(given))

    def _from_host(self, plans: Iterator[Plan], size: int) -> Iterator[tuple[Plan, Tensor]]:
        """With each plan its crops, (N, 3, S, S) on the device; for a GPU a thread makes them, ahead."""
        made = self._cut(plans, size)
        for plan, images in ahead(made) if self.device.type == "cuda" else made:
            yield plan, images.to(self.device, non_blocking=True)

    def _cut(self, plans: Iterator[Plan], size: int) -> Iterator[tuple[Plan, Tensor]]:
        plans, coming = itertools.tee(plans)
        pictures = map(torch.from_numpy, self.cache.read(index for plan in coming for index in plan.chosen))
        for plan in plans:
            chosen = itertools.islice(pictures, len(plan.chosen))
            images = crops(chosen, plan.boxes, size, plan.mirrored)
            yield plan, images.pin_memory() if self.device.type == "cuda" else images

    def _from_device(self, plans: Iterator[Plan], size: int) -> Iterator[tuple[Plan, Tensor]]:
        starts = np.cumsum(self.cache.sizes) - self.cache.sizes
        for plan in plans:
            numbers = (starts[plan.chosen], self.cache.shapes[plan.chosen], plan.boxes)
            numbers, mirrored = map(self._moved, numbers), self._moved(plan.mirrored)
            yield plan, crops_on_device(self.on_device, *numbers, size, mirrored)

    def _moved(self, numbers: np.ndarray) -> Tensor:
        return torch.from_numpy(numbers).to(self.device)


def ahead(items: Iterator[T], count: int = 2) -> Iterator[T]:
    """The same items, `count` of them made by a thread before they are asked for."""
    end = object()
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, items, end) for _ in range(count))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, items, end))
            yield item
