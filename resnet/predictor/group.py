"""Several ranks, which accelerate brings together."""

import atexit
import contextlib
import datetime
import importlib
from collections.abc import Generator, Iterator, Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from resnet.errors import UserError
from resnet.predictor.ranks import R, Ranks, T

PATIENCE = datetime.timedelta(days=7)  # the first rank may have to wait for its turn; one that ended is told at once


class Group(Ranks):
    """Tensors go from device to device; words between processes over gloo, on the host: they wait for no device."""

    def __init__(self, device: str) -> None:
        try:
            state = importlib.import_module("accelerate").PartialState(cpu=device == "cpu")
        except ImportError:
            raise UserError("accelerate_missing") from None
        self.rank, self.count = state.process_index, state.num_processes
        self.device = device if device == "cpu" else str(state.device)
        self._words = dist.new_group(backend="gloo", timeout=PATIENCE)
        atexit.register(dist.destroy_process_group)  # its threads, left to themselves, may abort a process that ends

    def totals(self, *numbers: int) -> list[int]:
        values = torch.tensor(numbers, dtype=torch.int64)
        with _all_there():
            dist.all_reduce(values, group=self._words)
        return values.tolist()

    def first(self, value: T) -> T:
        values = [value]
        with _all_there():
            dist.broadcast_object_list(values, src=0, group=self._words)
        return values[0]

    def gathered(self, items: list[T]) -> list[T]:
        parts: list = [None] * self.count
        with _all_there():
            dist.all_gather_object(parts, items, group=self._words)
        return [item for part in parts for item in part]

    def in_step(self, items: Generator[T, None, R], rest: T) -> Generator[T, None, R]:
        result, going = None, True
        while True:
            try:
                item = next(items) if going else rest
            except StopIteration as end:
                item, result, going = rest, end.value, False
            if not any(self.any(going)):
                return result
            yield item

    @torch.no_grad()
    def follow(self, tensors: Sequence[Tensor]) -> None:
        with _all_there():
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    @torch.no_grad()
    def add(self, tensors: Sequence[Tensor]) -> None:
        message = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with _all_there():
            dist.all_reduce(message)
        for tensor, total in zip(tensors, message.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))


@contextlib.contextmanager
def _all_there() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise UserError("rank_lost") from error
