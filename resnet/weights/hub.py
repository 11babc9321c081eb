"""Downloads from the Hugging Face Hub, or a mirror of it, into its cache on this machine."""

from pathlib import Path

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

from resnet.errors import UserError


def download(repository: str, file: str) -> Path:
    """The file on this machine, from the cache where it is there already.

    HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE have their usual meaning. Whatever fails becomes a UserError that says
    what was looked for, where, and what to do.
    """
    where = {"model": repository, "endpoint": constants.ENDPOINT, "cache": constants.HF_HUB_CACHE}
    try:
        return Path(hf_hub_download(repository, file))
    except LocalEntryNotFoundError as error:  # not in the cache, and the Hub not asked or not reached
        key = "hub_offline" if constants.HF_HUB_OFFLINE else "hub_unreachable"
        raise UserError(key, **where) from error
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise UserError("hub_missing", file=file, **where) from error
    except OSError as error:  # another answer than 200, a broken transfer, a full disk
        raise UserError("hub_failed", reason=str(error).strip().split("\n")[0], **where) from error
