"""The command line that does the same as the page."""

import dataclasses
import shlex

from resnet.settings import TrainSettings

AT_HOME = "python -m pip install -r requirements.txt && python app.py"
OPTIONS = ("mode", "epochs", "image_size", "batch_size", "learning_rate", "seed", "crop_mode", "name")
FLAGS = {"learning_rate": "--lr"}


def train(settings: TrainSettings) -> str:
    """`python -m resnet train …` with the options that differ from their defaults."""
    words = ["python", "-m", "resnet", "train", "--data", settings.data, "--model", settings.model]
    defaults = {field.name: field.default for field in dataclasses.fields(TrainSettings)}
    for name in OPTIONS:
        value = getattr(settings, name)
        if value != defaults[name]:
            words += [FLAGS.get(name, "--" + name.replace("_", "-")), str(value)]
    return shlex.join(words)
