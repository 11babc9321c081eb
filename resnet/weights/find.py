"""What a model's name means. Loads neither torch nor timm nor the Hub's client."""

import difflib
import os
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from resnet import weights
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.store import CHECKPOINTS, Store, folders, name_of
from resnet.text import say
from resnet.weights.folder import CONFIG, SUFFIXES, ModelConfig, default_labels, read_config
from resnet.weights.published import FILE, find_published, present_name, published

if TYPE_CHECKING:
    from resnet.weights.hub import Source

HUB = "hf-hub:"
TIMM = "timm/"  # timm's account on the Hub, which may stand before its names
REPOSITORY = re.compile(r"(?!.*(--|\.\.|\.git$))\b[\w.-]{1,96}\b/\b[\w.-]{1,96}\b", re.ASCII)
REVISION = re.compile(r"(?!.*(\.\.|//|/$))\w[\w./-]{0,254}", re.ASCII)  # a branch, a tag or a commit


@dataclass(frozen=True)
class HubName:
    """Weights on the Hub: ARCHITECTURE or ARCHITECTURE.TAG of timm's, or hf-hub:OWNER/NAME[@REVISION].

    Whether there are any so called the table of published weights can say, or the Hub.
    """

    name: str
    former: str = ""  # how timm once called it, where it was asked for so


def find(reference: str, store: Store, *, local: bool = True) -> Path | HubName:
    """The model called `reference`: a model folder, a file of weights, or weights on the Hub.

    Tried in this order: a name that begins with hf-hub:, a path, a run (id or name), a shipped model, a name of
    timm's with or without tag, and last the unique beginning of a run's id or name, so that no run hides a model by
    being called "resnet50 pets".
    "" is the default model. With local=False (visitors from elsewhere) only shipped models are found.
    Raises UserError: with the nearest names, or with the ids where a beginning fits several runs.
    """
    here = {folder.name: folder for folder in shipped()}
    if not reference:
        return default_model()
    if not local:
        if reference not in here:
            raise UserError("model_not_shipped", name=reference, models=list(here))
        return here[reference]
    if reference.replace("_", "-").startswith(HUB):
        return _hub_name(reference)
    path = _path(reference)
    if path:
        return path
    timms = _timms_name(reference.removeprefix(TIMM))
    if timms and reference.startswith(TIMM):
        return timms
    run = _run(reference, store, exact=reference in here or timms is not None)
    if run:
        return run
    if reference in here:
        return here[reference]
    if timms:
        return timms
    names = [*here, *VARIANTS, *(name_of(folder) for folder in folders(store.runs))]
    near = difflib.get_close_matches(reference, names, n=3, cutoff=0.4) or names[:3]
    raise UserError("model_unknown", name=reference, near=near)


def _timms_name(name: str) -> HubName | None:
    present = present_name(name)
    if present.split(".")[0] not in VARIANTS:
        return None
    return HubName(present, name if present != name else "")


def config_of(reference: str, store: Store) -> ModelConfig:
    """What is known of the model called `reference`, without its weights where that can be.

    Loads torch for a bare file of weights, timm where ImageNet's classes are to be named. Of a model folder on the Hub
    its config.json is fetched, if that is not here.
    """
    found = find(reference, store)
    if isinstance(found, HubName):
        return hub_config(found)
    return read_config(found) if found.is_dir() else weights.late("models").open_model(found)[1]


def source(name: HubName) -> "Source":
    """Where the files of a model on the Hub lie."""
    if name.name.startswith(HUB):
        repository, _, revision = name.name.removeprefix(HUB).partition("@")
        return weights.late("hub").Source(name.name, repository, revision or "main")
    row = find_published(name.name)
    return weights.late("hub").Source(row.name, row.repository, file=FILE, license=row.license)


def hub_config(name: HubName) -> ModelConfig:
    """What is known of a model on the Hub: from the table, or its config.json, fetched where it is not here."""
    if name.name.startswith(HUB):
        return read_config(weights.late("hub").config_folder(source(name)))
    row = find_published(name.name)
    labels, descriptions = default_labels(row.classes)
    return ModelConfig(row.architecture, labels, row.preprocessing, descriptions, license=row.license)


def shipped() -> list[Path]:
    """The folders of the models that come with the project."""
    return sorted(path.parent for path in CHECKPOINTS.glob(f"*/{CONFIG}"))


def default_model() -> Path:
    """The model meant where none is named: the first that ships."""
    if not shipped():
        raise UserError("model_none", folder=CHECKPOINTS)
    return shipped()[0]


def list_models(pattern: str = "*") -> list[tuple[str, str]]:
    """Name and a phrase of each shipped model and each network that can be made, where the name fits `pattern`.

    pattern: as for file names: "resnet50*". The weights that can be downloaded: resnet.list_pretrained().
    """
    found = [(folder.name, _words(read_config(folder))) for folder in shipped()]
    with_weights = {row.architecture for row in published()}
    found += [(name, say("model_network" if name in with_weights else "model_network_bare")) for name in VARIANTS]
    return [(name, words) for name, words in found if fnmatchcase(name, pattern)]


def _words(config: ModelConfig) -> str:
    size = config.preprocessing.size
    return say("model_ships", network=config.architecture, count=config.num_classes, size=size)


def _path(reference: str) -> Path | None:
    """A reference with a separator is a path; without one, where a model folder or a file of weights lies there."""
    path = Path(reference)
    if (path / CONFIG).is_file() or (path.is_file() and path.suffix in SUFFIXES):
        return path
    timms = reference.startswith(TIMM) and _timms_name(reference.removeprefix(TIMM)) is not None
    if not timms and (os.sep in reference or "/" in reference):
        raise UserError("model_path_wrong", path=path, file=CONFIG, suffixes=SUFFIXES)
    return None


def _hub_name(reference: str) -> HubName:
    """hf-hub:OWNER/NAME[@REVISION], checked before it becomes part of an address or a path."""
    repository, at, revision = reference[len(HUB) :].partition("@")
    if not REPOSITORY.fullmatch(repository) or (at and not REVISION.fullmatch(revision)):
        raise UserError("hub_name_wrong", name=reference)
    return HubName(f"{HUB}{repository}{at}{revision}")


def _run(reference: str, store: Store, *, exact: bool) -> Path | None:
    """The model of the run called `reference`; with `exact`, of none that only begins so."""
    if exact and not any(reference in (folder.name, name_of(folder)) for folder in folders(store.runs)):
        return None
    try:
        folder = store.run(reference)
    except UserError as error:
        if error.message.key == "run_unknown":
            return None
        raise
    if not (folder / "model" / CONFIG).is_file():
        raise UserError("run_without_model", name=name_of(folder) or folder.name)
    return folder / "model"
