"""What the page and the HTTP endpoints call: one object, without Gradio, that knows what this app may do.

In hosted mode (an app that strangers reach, without a login) it classifies with shipped models and shows their
reports; everything else is refused here, behind every way in, not merely hidden in the page.
"""

import secrets

from resnet.data.bounds import MB, Limits
from resnet.store import Store
from resnet.ui.service.access import at_home
from resnet.ui.service.answers import Answers
from resnet.ui.service.datasets import Datasets
from resnet.ui.service.models import Models
from resnet.ui.service.results import Results
from resnet.ui.service.runs import Runs

STRANGERS = Limits(files=200, bytes=200 * MB)  # what a hosted app looks at, at once


class Service:
    """One workspace and the models in memory, shared by all visitors of an app; a part for each topic.

    reach: "local" (visitors sit at this machine), "remote" (they come from elsewhere and may do the same) or "hosted".
    """

    def __init__(self, store: Store, reach: str = "local") -> None:
        self.store, self.reach, self.hosted = store, reach, reach == "hosted"
        self.key = secrets.token_urlsafe()  # told to pages alone, which a login may guard
        self.limits = STRANGERS if self.hosted else Limits()
        self.models = Models(store, reach)
        self.answers = Answers(store, self.models, self.limits)
        self.results = Results(store, self.models)
        self._datasets, self._runs = Datasets(store), Runs(store, self.models)

    @property
    @at_home
    def datasets(self) -> Datasets:
        return self._datasets

    @property
    @at_home
    def runs(self) -> Runs:
        return self._runs
