"""What is refused: to strangers by us, and to us by the machine."""

import contextlib
import functools
from collections.abc import Callable, Iterator

from resnet.errors import UserError


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """What the machine refuses (no space, no permission) becomes a UserError too; it is not ours to mend."""
    try:
        yield
    except OSError as error:
        raise UserError("machine_refuses", reason=error.strerror or error, path=error.filename or "-") from error


def at_home(method: Callable) -> Callable:
    """A method that only a local app offers, of an object that is `hosted` or not."""

    @functools.wraps(method)
    def guarded(self: object, *arguments: object, **named: object) -> object:
        if self.hosted:
            raise UserError("hosted_off")
        return method(self, *arguments, **named)

    return guarded
