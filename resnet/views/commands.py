"""What does the same as the page: a command line, a few lines of Python, a call of curl."""

import dataclasses
import functools
import json
import shlex

from resnet.settings import TrainSettings

AT_HOME = "python -m pip install -r requirements.txt && python app.py"
FLAGS = {"learning_rate": "--lr"}
PHOTO, TOP_K = "photo.jpg", 5


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


def python_call(address: str, model: str, photo: str = PHOTO, user: str | None = None) -> str:
    """Python that asks the app at `address` what a model makes of a picture on the reader's disk.

    user: who is logged in, where the app wants that.
    """
    text = functools.partial(json.dumps, ensure_ascii=False)
    login = f', auth=({text(user)}, "PASSWORD")' if user else ""
    return f"""from gradio_client import Client, handle_file

client = Client({text(address)}{login})
answer = client.predict(handle_file({text(photo)}), {text(model)}, {TOP_K}, api_name="/classify")
print(answer["label"], answer["confidences"])
"""


def curl_call(address: str, model: str, photo: str = PHOTO) -> str:
    """The same in a shell: one call sends the picture, one asks, one reads the answer."""
    api = f"{address.rstrip('/')}/gradio_api"
    before = '{"data": [{"path": "'
    after = '", "meta": {"_type": "gradio.FileData"}}, ' + f"{json.dumps(model)}, {TOP_K}]}}"
    data = shlex.quote(before) + '"$FILE"' + shlex.quote(after)
    return f"""FILE=$(curl -s {shlex.quote(f"{api}/upload")} -F {shlex.quote(f"files=@{photo}")} | tr -d '[]"')
EVENT=$(curl -s {shlex.quote(f"{api}/call/classify")} -H 'Content-Type: application/json' -d {data} | cut -d '"' -f 4)
curl -s {shlex.quote(f"{api}/call/classify")}/$EVENT
"""
