"""What is asked once before something is deleted for good."""

from collections.abc import Callable

import gradio as gr

from resnet.ui.components import Choice
from resnet.views import figures


class Asking:
    """A row that opens with a question; button: makes one of the tab's; elem_id: with which the names in it begin."""

    def __init__(self, page, button: Callable[..., gr.Button], elem_id: str) -> None:
        self.page = page
        with gr.Row(visible=False, elem_id=f"{elem_id}-ask", elem_classes="buttons ask") as self.row:
            self.question = page.html(f"{elem_id}-question")
            self.sure = button("delete_for_good", f"{elem_id}-delete-sure", variant="stop")
            self.keep = button("keep", f"{elem_id}-delete-keep")

    def wire(
        self,
        delete: gr.Button,
        chosen: Choice | gr.State,
        question: Callable[[str, str], str],
        act: Callable[[str, str], tuple],
        outputs: list[gr.blocks.Block],
        note: gr.HTML,
    ) -> None:
        """delete: the button that asks of what is `chosen`; question, act: are called with that and the language."""

        def ask(reference: str, language: str):
            return gr.update(visible=True), figures.lines(question(reference, language))

        def delete_it(reference: str, language: str):
            return *act(reference, language), gr.update(visible=False)

        page = self.page
        page.on(delete.click, ask, [chosen], [self.row, self.question], note)
        page.on([self.keep.click, chosen.change], lambda language: gr.update(visible=False), [], [self.row])
        page.on(self.sure.click, delete_it, [chosen], [*outputs, self.row], note)
