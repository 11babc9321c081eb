"""What a model's name means. Loads neither torch nor timm."""

import difflib
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from resnet import weights
from resnet.errors import UserError
from resnet.nn.variants import VARIANTS
from resnet.store import CHECKPOINTS, Store, folders, name_of
from resnet.text import say
from resnet.weights.folder import CONFIG, SUFFIXES, ModelConfig, read_config


@dataclass(frozen=True)
class TimmName:
    """Weights to download: ARCHITECTURE or ARCHITECTURE.TAG; whether the tag exists only timm's records know."""

    name: str


def find(reference: str, store: Store, *, local: bool = True) -> Path | TimmName:
    """The model called `reference`: a model folder, a file of weights, or weights to download.

    Tried in this order: a path, a run (id or name), a shipped model, a name of timm's with or without tag, and
    last the unique beginning of a run's id or name, so that no run hides a model by being called "resnet50 pets".
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
    path = _path(reference)
    if path:
        return path
    known = reference in here or reference.split(".")[0] in VARIANTS
    run = _run(reference, store, exact=known)
    if run:
        return run
    if reference in here:
        return here[reference]
    if known:
        return TimmName(reference)
    names = [*here, *VARIANTS, *(name_of(folder) for folder in folders(store.runs))]
    near = difflib.get_close_matches(reference, names, n=3, cutoff=0.4) or names[:3]
    raise UserError("model_unknown", name=reference, near=near)


def config_of(reference: str, store: Store) -> ModelConfig:
    """What is known of the model called `reference`, without its weights where that can be.

    Loads torch for a bare file of weights, timm for a name of timm's, neither for a model folder.
    """
    found = find(reference, store)
    if isinstance(found, TimmName):
        return weights.late("records").record(found.name).config
    return read_config(found) if found.is_dir() else weights.late("models").open_model(found)[1]


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
    found += [(name, say("model_network")) for name in VARIANTS]
    return [(name, words) for name, words in found if fnmatchcase(name, pattern)]


def _words(config: ModelConfig) -> str:
    size = config.preprocessing.size
    return say("model_ships", network=config.architecture, count=config.num_classes, size=size)


def _path(reference: str) -> Path | None:
    """A reference with a separator is a path; without one, where a model folder or a file of weights lies there."""
    path = Path(reference)
    if (path / CONFIG).is_file() or (path.is_file() and path.suffix in SUFFIXES):
        return path
    if os.sep in reference or "/" in reference:
        raise UserError("model_path_wrong", path=path, file=CONFIG, suffixes=SUFFIXES)
    return None


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
