"""What a run leaves behind beside its model: the report."""

import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from resnet.evaluation.evaluate import Evaluation
from resnet.evaluation.metrics import summarize
from resnet.store import read_lines

if TYPE_CHECKING:
    from resnet.worker.run import Run


def report_of(run: "Run", val: Evaluation, test: Evaluation | None, stopped: bool) -> dict:
    """report.json: the evaluation of the delivered model, and the summary of how it came about."""
    stage = run.trainer.stage
    settings = run.settings
    if Path(settings.model).is_absolute():  # a report tells no one's folders
        settings = replace(settings, model=Path(settings.model).name)
    return {
        **val.report(run.data, "val", fitted=True),
        **run.folds.report(),
        "model": run.record["name"],
        "test": summarize(test.logits, test.targets, run.config.labels, run.config.temperature) if test else None,
        "curves": [line for line in read_lines(run.folder / "metrics.jsonl") if "fold" not in line],
        "summary": {
            "mode": settings.mode,
            "architecture": run.record["architecture"],
            "start": settings.model,
            "adapted": run.adapted,
            "data": run.data.name,
            "data_id": run.data.id,
            "epochs": math.ceil(stage.step / stage.epoch_steps),
            "steps": stage.step,
            "images": {"train": len(run.data.part("train")), "val": len(run.data.part("val"))},
            "devices": run.ranks.count,
            "seconds": run.seconds,
            "images_per_second": run.images / run.seconds["train"],
            "finished": time.time(),
            "stopped_early": stopped,
            "selected": "validation" if getattr(stage, "best", None) else "last",
            "settings": {name: value for name, value in asdict(settings).items() if value is not None},
            "versions": run.record["versions"],
        },
    }
