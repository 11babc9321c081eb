"""The About part: what a residual network is, and where this one comes from."""

import gradio as gr

from resnet.ui.theme import ASSETS

PAPERS = """
<ul class="papers">
<li>He, Zhang, Ren, Sun: <a href="https://arxiv.org/abs/1512.03385" target="_blank" rel="noopener">Deep Residual
Learning for Image Recognition</a>, 2015</li>
<li>He, Zhang, Zhang, Zhang, Xie, Li: <a href="https://arxiv.org/abs/1812.01187" target="_blank"
rel="noopener">Bag of Tricks for Image Classification</a>, 2018 (the “d” networks)</li>
</ul>
"""


def build_about(page) -> None:
    """A panel under the tabs: the block as a picture, its formula, the papers."""
    with page.words.put(gr.Accordion("", open=False, elem_id="about"), label="about"), gr.Row():
        with gr.Column(scale=1, min_width=260):
            gr.HTML((ASSETS / "block.svg").read_text("utf-8"), js_on_load=None, elem_id="about-block")
        with gr.Column(scale=2, min_width=300):
            page.text("about_problem")
            gr.HTML('<p class="formula"><i>y</i> = <i>F</i>(<i>x</i>) + <i>x</i></p>', js_on_load=None)
            page.text("about_idea")
            page.text("about_stack")
            page.text("about_here")
            gr.HTML(PAPERS, js_on_load=None)
