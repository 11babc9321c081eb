"""The one exception that is meant for people: what happened and what to do, in a sentence."""

from collections.abc import Sequence

from resnet.text import Message


class UserError(Exception):
    """Something the user can mend: a sentence of the catalogue, by key, with its values.

    Raised at the edge, where input is checked. The command line prints it on one line; the page renders
    it in the visitor's language. Everything else that goes wrong is a defect and keeps its traceback.
    """

    def __init__(self, key: str, **values: object) -> None:
        self.message = Message(key, values)
        super().__init__(self.message.say())

    @classmethod
    def of(cls, problems: Sequence[Message]) -> "UserError":
        """One error for all `problems` together, so that nobody has to mend them one run at a time."""
        if len(problems) == 1:
            return cls(problems[0].key, **problems[0].values)
        return cls("problems", problems=list(problems))

    def __reduce__(self) -> tuple:
        return _rebuild, (self.message,)


def _rebuild(message: Message) -> UserError:
    return UserError(message.key, **message.values)
