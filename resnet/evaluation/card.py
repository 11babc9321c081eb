"""The model card: what a model knows, how good it is, how it came about; README.md of its folder."""

import re

from resnet.nn.variants import variant
from resnet.weights.folder import ModelConfig

RECIPE = {  # of a run's settings; those that its mode used are there
    "head_epochs": "epochs of the head",
    "head_learning_rate": "learning rate of the head",
    "head_weight_decay": "weight decay of the head",
    "epochs": "epochs of all layers",
    "learning_rate": "learning rate",
    "weight_decay": "weight decay",
    "train_size": "crops in px",
    "batch_size": "batch size",
    "seed": "seed",
}


def model_card(config: ModelConfig, report: dict | None, notes: str = "") -> str:
    """Markdown with the Hub's front matter. notes: paragraphs on data and terms, for a model that is published."""
    small = variant(config.architecture).small  # of which timm has none
    front = [
        "---",
        *([] if small else ["library_name: timm"]),
        "pipeline_tag: image-classification",
        f"tags: [image-classification, {'' if small else 'timm, '}resnet]",
        *([f"license: {config.license}"] if config.license else []),
        "---",
    ]
    parts = [
        f"# {config.architecture}, {config.num_classes} classes",
        _knows(config),
        f"A picture is {config.preprocessing.describe().say()}.",
    ]
    if report:
        parts += [_accuracy(report), _training(report)]
    parts += [notes] if notes else []
    if small:
        parts.append("timm has no such network: the model opens in ResNet Lab alone.")
    else:
        parts.append("Opens in timm: `timm.create_model('local-dir:FOLDER', pretrained=True)`.")
    parts.append("The order of the classes and the preprocessing stand in config.json.")
    return "\n".join(front) + "\n\n" + "\n\n".join(parts) + "\n"


def _knows(config: ModelConfig) -> str:
    names = [plain(config.describe_label(label)) for label in config.labels]
    shown = ", ".join(names[:50]) + (f" and {len(names) - 50} more" if len(names) > 50 else "")
    return f"It tells apart: {shown}. It knows nothing else."


def _accuracy(report: dict) -> str:
    before = report.get("uncalibrated")
    temper = f" Scores are at a temperature of {report['temperature']:.3g}; without it these" if before else ""
    chosen = report["summary"].get("selected") == "validation"
    return (
        f"{_right(report)} of the {report['split']} part of {plain(report['data']['name'])}, "
        f"which it did not learn from: {_shares(report)}. "
        f"Log loss {report['log_loss']:.3f}, expected calibration error {report['ece']:.3f}."
        + (f"{temper} are {before['log_loss']:.3f} and {before['ece']:.3f}." if before else "")
        + (" The epoch was selected on validation, by its loss on these pictures." if chosen else "")
        + _tested(report.get("test"))
    )


def _right(report: dict) -> str:
    return f"Right on {round(report['accuracy'] * report['n'])} of {report['n']} pictures"


def _shares(report: dict) -> str:
    low, high = report["interval"]
    return f"{report['accuracy']:.1%}, between {low:.1%} and {high:.1%} (95 % Wilson interval)"


def _tested(test: dict | None) -> str:
    if not test:
        return ""
    return f"\n\n{_right(test)} of the test part, which was looked at once, when all was decided: {_shares(test)}."


def _training(report: dict) -> str:
    summary = report["summary"]
    settings, seconds = summary["settings"], summary["seconds"]
    stopped = ", stopped early" if summary["stopped_early"] else ""
    curve = [line for line in report["curves"] if "val_accuracy" in line]
    rows = "\n".join(
        f"| {line['stage']} | {line['epoch']} | {line['val_accuracy']:.4f} | {line['val_loss']:.4f} |" for line in curve
    )
    recipe = ", ".join(f"{words} {settings[name]}" for name, words in RECIPE.items() if name in settings)
    start = "random weights" if summary["mode"] == "scratch" else plain(summary["start"])
    adapted = "".join(f" {note['english']}" for note in summary.get("adapted", []))
    return (
        f"Trained in mode {summary['mode']} from {start}: {summary['epochs']} epochs, {summary['steps']} steps, "
        f"{seconds['total']:.0f} s on {settings['device']}{stopped}; {recipe}.{adapted}\n\n"
        f"| stage | epoch | validation accuracy | validation loss |\n|---|---|---|---|\n{rows}"
    )


def plain(text: str) -> str:
    """Text of a user's as text in Markdown: no markup, no line breaks."""
    return re.sub(r"([\\`*_{}\[\]<>()#|!])", r"\\\1", " ".join(text.split()))
