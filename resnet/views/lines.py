"""What the command line prints for people: lines of text, of the same results that `--json` gives whole."""

import datetime

from resnet.data.dataset import Dataset
from resnet.nn.variants import variant
from resnet.text import Message, say
from resnet.views import downloads, sentences
from resnet.views.picker import amount
from resnet.weights.published import Published

MODEL_LINE = "{:42}  {:>7}  {:>9}  {:>3}  {:>11}  {:>8}  {}"


def predictions(result: dict) -> list[str]:
    lines = []
    for image in result["images"]:
        if image["error"]:
            lines.append(f"{image['file']}: {image['error']}")
            continue
        guesses = ", ".join(f"{entry['description']} {entry['score']:.0%}" for entry in image["labels"])
        lines.append(
            f"{image['file']}: {guesses}" if image["known"] else f"{image['file']}: unknown (nearest: {guesses})"
        )
    where = f"{result['model']}, {result['engine']} on {result['device']}"
    return [
        *lines,
        f"{len(result['images'])} pictures in {result['seconds']:.2f} s, "
        f"{result['images_per_second']:.0f} images/s; {where}",
    ]


def explanation(result: dict) -> list[str]:
    return [f"{result['description']} {result['score']:.0%}: what speaks for it is bright in {result['file']}"]


def data_set(data: Dataset) -> list[str]:
    report = data.report
    lines = [
        f"{data.name} ({data.id}): {report['images']} pictures, {len(data.classes)} classes; split {report['split']}"
    ]
    for label, parts in report["counts"].items():
        lines.append(f"  {label}: " + ", ".join(f"{count} {part}" for part, count in parts.items() if count))
    lines += [
        f"  could not be read: {entry['file']}: {Message.from_json(entry['reason']).say()}"
        for entry in report["unreadable"]
    ]
    for kind, words in (
        ("duplicates", "doubles left out"),
        ("leaks", "pictures in two parts"),
        ("conflicts", "pictures in two classes, left out"),
        ("near_duplicates", "near duplicates of another picture, on its side of the split"),
        ("near_leaks", "near duplicates in two parts"),
        ("missing", "rows of the table without a picture"),
        ("unlabelled", "pictures without a label, left out"),
        ("contradicted", "pictures with rows that differ, left out"),
    ):
        if report.get(kind):
            lines.append(f"  {words}: {report.get('totals', {}).get(kind, len(report[kind]))}")
    return lines + [f"  note: {Message.from_json(warning).say()}" for warning in report["warnings"]]


def corrections(result: dict) -> list[str]:
    entries = result["corrections"][::-1]
    lines = [say("corrections_so_far", count=len(entries)) if entries else say("no_corrections")]
    for entry in entries:
        key = "correction_out" if entry["corrected"] is None else "correction_label"
        lines.append("  " + say(key, file=entry["file"], old=entry["label"], new=entry["corrected"]))
    return lines


def outcome(result: dict) -> list[str]:
    if result["val"]["accuracy"] is None:
        return [f"{result['run']} {result['state']}"]
    low, high = result["val"]["interval"]
    return [
        f"{result['run']} {result['state']}: {result['val']['accuracy']:.1%} of {result['images']['val']} checked "
        f"pictures right, between {low:.1%} and {high:.1%}; {result['seconds']['total']:.0f} s, "
        f"{result['images_per_second']:.0f} images/s",
        *([f"test part, looked at once: {_shares(result['test'])}"] if "test" in result else []),
        *([_folds_line(result["folds"])] if "folds" in result else []),
    ]


def rates(result: dict) -> list[str]:
    lines = [f"{point['rate']:8.2g}  {point['smoothed']:.3f}" for point in result["points"][::8]]
    return ["    rate  loss", *lines, say("rate_suggested", rate=f"{result['suggestion']:.2g}")]


def evaluation(report: dict) -> list[str]:
    top = report.get("top_k")
    lines = [
        f"{report['model']} on {report['data']['name']} ({report['split']}): {_shares(report)}",
        *([f"among the first {top['k']} answers: {top['accuracy']:.1%}"] if top else []),
        f"balanced accuracy {report['balanced_accuracy']:.1%}, macro F1 {report['macro_f1']:.3f}, "
        f"log loss {report['log_loss']:.3f}, calibration error {report['ece']:.3f}",
        *([f"test part, looked at once: {_shares(report['test'])}"] if report.get("test") else []),
        *([_folds_line(report["folds"])] if report.get("folds") else []),
    ]
    lines += [say("selected_on_validation")] if sentences.selected(report) else []
    lines += [Message.from_json(note).say() for note in report.get("summary", {}).get("adapted", [])]
    for row in report["per_class"]:
        lines.append(
            f"  {row['label']}: {row['n']} pictures, recall {row['recall']:.0%}, precision {row['precision']:.0%}"
        )
    return lines


def _folds_line(folds: dict) -> str:
    accuracy, pooled = folds["accuracy"], folds["pooled"]
    mean, spread = accuracy["mean"], accuracy["sd"]
    return f"{folds['k']} folds: {mean:.1%} ± {spread:.1%} (standard deviation); together {_shares(pooled)}"


def _shares(report: dict) -> str:
    low, high = report["interval"]
    return f"{report['accuracy']:.1%} of {report['n']} right, between {low:.1%} and {high:.1%}"


def models(ships: dict[str, str], rows: list[Published], networks: dict[str, str]) -> list[str]:
    lines = [MODEL_LINE.format("name", "params", "mult-adds", "px", "top-1 at px", "download", "licence, or phrase")]
    lines += [MODEL_LINE.format(name, *"-----", words) for name, words in ships.items()]
    for row in rows:
        top1 = f"{row.top1:.1f} % {row.top1_size}" if row.top1 else "-" if row.classes else "no head"
        counts = f"{amount(row.params)} M", f"{amount(row.giga_macs)} G", row.size, top1
        download = "here" if row.cached else downloads.size(row.bytes)
        lines.append(MODEL_LINE.format(row.name, *counts, download, downloads.license(row.license)))
    for name, words in networks.items():
        network = variant(name)
        counts = f"{amount(network.params)} M", f"{amount(network.giga_macs)} G", network.size
        lines.append(MODEL_LINE.format(name, *counts, "-", "-", words))
    return lines


def of_data(data: dict) -> str:
    return f"{data['id']}  {data['name']}  {data['images']} pictures, {data['classes']} classes, split {data['split']}"


def of_run(run: dict) -> str:
    day = datetime.datetime.fromtimestamp(run["created"]).strftime("%Y-%m-%d %H:%M")
    accuracy = f"{run['accuracy']:.1%}" if run["accuracy"] is not None else "-"
    figures = f"{run['run']}  {run['state']:8}  {accuracy:>6}  {run['mode']:7}  {run['architecture']:10}"
    return f"{figures}  {run['data']}  {run['name']}  {day}"


def of_status(status: dict) -> str:
    parts = [status["state"], status["stage"]]
    if status["fold"]:
        parts.append(f"fold {status['fold']} of {status['folds']}")
    if status["epoch"]:
        parts.append(f"epoch {status['epoch']} of {status['epochs']}")
    if status["steps"]:
        parts.append(f"step {status['step']} of {status['steps']}")
    if status["images_per_second"]:
        parts.append(f"{status['images_per_second']:.0f} images/s")
    if status["seconds_left"] is not None:
        parts.append(f"{status['seconds_left']:.0f} s left")
    if status["val_accuracy"] is not None:
        parts.append(f"validation {status['val_accuracy']:.1%}")
    return ", ".join(parts)
