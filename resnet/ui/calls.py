"""How a script asks the same: lines to copy, with this app's address and the chosen model in them."""

from urllib.parse import urlsplit

import gradio as gr

from resnet.ui.components import Choice
from resnet.views import commands


class Calls:
    def __init__(self, page, model: Choice) -> None:
        self.page, self.model = page, model
        self.box = page.words.put(gr.Accordion("", open=False, elem_id="classify-calls"), label="calls")
        with self.box:
            self.python = gr.Code(language="python", lines=5, interactive=False, elem_id="classify-python")
            self.curl = gr.Code(language="shell", lines=1, interactive=False, wrap_lines=True, elem_id="classify-curl")
            page.words.put(self.python, label="calls_python")
            page.words.put(self.curl, label="calls_curl")

    def wire(self) -> None:
        self.page.on([self.box.expand, self.model.change], self.say, [self.model], [self.python, self.curl])

    def say(self, model: str, language: str, request: gr.Request):
        address = own_address(request)
        curl = gr.update(value=commands.curl_call(address, model), visible=not request.username)  # it cannot log in
        return commands.python_call(address, model, user=request.username), curl


def own_address(request: gr.Request) -> str:
    """Where the visitor's browser has found this app, behind whatever stands between."""
    page = urlsplit(request.headers.get("referer") or f"http://{request.headers['host']}")
    return f"{page.scheme}://{page.netloc}{page.path}".rstrip("/")
