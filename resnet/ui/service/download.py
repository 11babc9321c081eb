"""A model on its way from the Hub: in a thread of its own, which any number of pages watch."""

import threading

from resnet.errors import UserError
from resnet.text import Message
from resnet.weights import hub


class _CancelledError(Exception):
    pass


class Download:
    """One model on its way; it goes on when the page is closed."""

    def __init__(self, source: hub.Source) -> None:
        self.source = source
        self.done = self.total = 0  # bytes
        self.speed = 0.0  # bytes a second
        self.state = "running"  # then "arrived", "cancelled" or "failed"
        self.problem = Message("hub_defect", {"model": source.model})  # why it failed
        self._pace = hub.Pace()
        self._wanted = True
        threading.Thread(target=self._run, daemon=True).start()

    def cancel(self) -> None:
        self._wanted = False

    def _note(self, done: int, total: int) -> None:
        if not self._wanted:
            raise _CancelledError
        self.done, self.total, self.speed = done, total, self._pace.note(done)

    def _run(self) -> None:
        end = "failed"
        try:
            hub.download(self.source, self._note)
            end = "arrived"
        except _CancelledError:
            end = "cancelled"
        except UserError as error:
            self.problem = error.message
        finally:
            self.state = end
