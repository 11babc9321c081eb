"""Models on their way from the Hub: each in a thread of its own, which any number of pages watch."""

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


class Downloads:
    """Those of an app, by what is fetched: two pages that want the same model watch the same download."""

    def __init__(self) -> None:
        self._known: dict[hub.Source, Download] = {}
        self._changing = threading.Lock()

    def start(self, source: hub.Source) -> None:
        with self._changing:
            if not self.is_running(source):
                self._known[source] = Download(source)

    def get(self, source: hub.Source) -> Download | None:
        """The last download of a model, whether it is over or not."""
        return self._known.get(source)

    def is_running(self, source: hub.Source) -> bool:
        return source in self._known and self._known[source].state == "running"
