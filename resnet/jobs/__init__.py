"""Runs from the outside: plan, start, stop, resume, list, delete. Free of torch; all state is on the disk."""

from resnet.jobs.bringing import bring_in, take_out
from resnet.jobs.plan import Plan, cautions, estimate, plan
from resnet.jobs.rates import RateSearch
from resnet.jobs.remedies import Remedy, remedies
from resnet.jobs.runs import (
    ALIVE,
    RESUMABLE,
    data_of,
    delete_dataset,
    delete_run,
    diverged,
    list_runs,
    raise_failure,
    read_report,
    rename,
    result,
    resume,
    shutdown,
    start,
    status,
    stop,
    train,
    workers,
)

__all__ = [
    "ALIVE",
    "RESUMABLE",
    "Plan",
    "RateSearch",
    "Remedy",
    "bring_in",
    "cautions",
    "data_of",
    "delete_dataset",
    "delete_run",
    "diverged",
    "estimate",
    "list_runs",
    "plan",
    "raise_failure",
    "read_report",
    "remedies",
    "rename",
    "result",
    "resume",
    "shutdown",
    "start",
    "status",
    "stop",
    "take_out",
    "train",
    "workers",
]
