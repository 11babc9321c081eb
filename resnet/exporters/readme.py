"""README.md of what is taken away: the model's own card, then what is in the archive and how it was checked."""

from resnet.exporters.formats import Model
from resnet.exporters.scripts import SCRIPT, script
from resnet.weights import noncommercial
from resnet.weights.folder import CARD, ModelConfig

TAKES = "takes `images`, float32 (N, C, H, W), normalised, of any number N, and gives `logits` and `features`"
WORDS = {
    "safetensors": "The model folder: weights in `model.safetensors` under timm's names, all else in `config.json`.",
    "onnx": f"`model.onnx` {TAKES}. Its metadata have labels and preprocessing.",
    "onnx-int8": f"`model.onnx`, in 8-bit integers, {TAKES}. Its metadata have labels and preprocessing.",
    "torch-export": (
        "`model.pt2` is for `torch.export.load`: its module takes float32 (N, C, H, W), normalised, of any number N, "
        "and gives logits."
    ),
}


def readme(model: Model, to: str, checked: dict) -> str:
    """Markdown, the Hub's front matter first. checked: what `export` gives back of its comparison."""
    card = model.folder / CARD if model.folder else None
    own = card.read_text("utf-8").strip() if card and card.is_file() else ""
    return "\n\n".join([own or _card(model.name, model.config), *_archive(model, to, checked)]) + "\n"


def _card(name: str, config: ModelConfig) -> str:
    """For a model that has none of its own."""
    license = [f"license: {config.license}"] if config.license else []
    front = ["---", "pipeline_tag: image-classification", *license, "---"]
    return "\n".join(front) + f"\n\n# {name}\n\n{config.architecture}, {config.num_classes} classes."


def _use(config: ModelConfig, to: str) -> str:
    if script(config, to):
        return f"`python {SCRIPT} PICTURE ...` says what pictures show; its first line names what it needs."
    return f"timm has no {config.architecture}; ResNet Lab opens this folder: `resnet.load('FOLDER')`."


def _archive(model: Model, to: str, checked: dict) -> list[str]:
    config = model.config
    parts = [
        f"## This archive: {to}",
        WORDS[to],
        _use(config, to),
        f"A picture is {config.preprocessing.describe().say()}. Logits are divided by {config.temperature:.4g} before "
        "the softmax. `labels.json` has the classes in the order of the logits, each with its words.",
        f"Checked on {checked['pictures']} pictures before it was handed out: logits differ by "
        f"{checked['largest_difference']:.2g} at most from those of the network in float32.",
    ]
    if accuracy := checked["accuracy"]:
        parts.append(
            f"Right on {accuracy['accuracy']:.2%} of {accuracy['n']} pictures of the {accuracy['split']} part, where "
            f"the network in float32 is right on {accuracy['float_accuracy']:.2%}."
        )
    if model.network.neighbours:
        parts.append("The script does not say “unknown”: ResNet Lab does, by what the model learned from.")
    terms = " (not for commercial use)" if noncommercial(config.license) else ""
    parts.append(f"Licence of the weights: {config.license or 'not stated'}{terms}.")
    return parts
