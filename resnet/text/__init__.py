"""The string catalogue: every sentence that a person meets, in English and Chinese, by key.

A topic's strings stand in a module of their own; a string is a pair (English, Chinese) with `{named}` values.
"""

import math
from dataclasses import dataclass, field

from resnet.text import classify, data, exports, page, results, runs, views, weights

LANGUAGES = {"en": 0, "zh": 1}
CATALOGUE: dict[str, tuple[str, str]] = {
    **data.STRINGS,
    **weights.STRINGS,
    **exports.STRINGS,
    **runs.STRINGS,
    **views.STRINGS,
    **results.STRINGS,
    **page.STRINGS,
    **classify.STRINGS,
}


@dataclass(frozen=True)
class Message:
    """A sentence to be said later, in whichever language the reader has: a key and its values."""

    key: str
    values: dict[str, object] = field(default_factory=dict)

    def say(self, language: str = "en") -> str:
        return say(self.key, language, **self.values)

    def to_json(self) -> dict:
        """{key, values, english}: what status.json and reports keep."""
        return {"key": self.key, "values": _plain(self.values), "english": self.say()}

    @classmethod
    def from_json(cls, record: dict) -> "Message":
        return cls(record["key"], {name: _revive(value) for name, value in record["values"].items()})


def say(key: str, language: str = "en", **values: object) -> str:
    """The string `key` in `language`, its values filled in; messages among the values are said too."""
    said = {name: _said(value, language) for name, value in values.items()}
    return CATALOGUE[key][LANGUAGES[language]].format(**said)


def _said(value: object, language: str) -> object:
    if isinstance(value, Message):
        return value.say(language)
    if isinstance(value, list | tuple):
        joint = " " if any(isinstance(item, Message) for item in value) else ", "
        return joint.join(str(_said(item, language)) for item in value)
    return value if isinstance(value, int | float | None) else printable(str(value))


def printable(text: str) -> str:
    """Somebody else's text as it can stand in a sentence: on one line, nothing in it that a terminal obeys."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return value.to_json()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | None) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return printable(str(value))  # what is not finite is no JSON


def _revive(value: object) -> object:
    if isinstance(value, dict) and {"key", "values"} <= value.keys():
        return Message.from_json(value)
    if isinstance(value, list):
        return [_revive(item) for item in value]
    return value
