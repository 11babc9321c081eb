"""The command line that does the same as the page."""

import dataclasses
import shlex

from resnet.settings import TrainSettings

AT_HOME = "python -m pip install -r requirements.txt && python app.py"
FLAGS = {"learning_rate": "--lr"}


def train(settings: TrainSettings) -> str:
    """`python -m resnet train …` with the options that differ from their defaults."""
    words = ["python", "-m", "resnet", "train", "--data", settings.data, "--model", settings.model]
    for field in dataclasses.fields(TrainSettings):
        value = getattr(settings, field.name)
        if field.name not in ("data", "model") and value != field.default:
            words += [flag(field.name), str(value)]
    return shlex.join(words)


def flag(setting: str) -> str:
    """The command line's option for a setting."""
    return FLAGS.get(setting, "--" + setting.replace("_", "-"))
