"""Downloads from the Hugging Face Hub, or a mirror of it, into its cache on this machine."""

from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from resnet.errors import UserError


def download(repository: str, file: str) -> Path:
    """The file on this machine, from the cache where it is there already.

    HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE have their usual meaning. Whatever fails becomes a UserError that says
    what was looked for, where, and what to do.
    """
    where = {"model": repository, "endpoint": constants.ENDPOINT, "cache": constants.HF_HUB_CACHE}
    try:
        if not isinstance(try_to_load_from_cache(repository, file), str):
            get_hf_file_metadata(hf_hub_url(repository, file))  # once: hf_hub_download would knock for half a minute
        return Path(hf_hub_download(repository, file))
    except OfflineModeIsEnabled as error:
        raise UserError("hub_offline", **where) from error
    except LocalEntryNotFoundError as error:
        raise UserError("hub_unreachable", **where) from error
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        raise UserError("hub_missing", file=file, **where) from error
    except HfHubHTTPError as error:
        raise UserError("hub_failed", reason=_first_line(error), **where) from error
    except HTTPError as error:  # no answer at all
        raise UserError("hub_unreachable", **where) from error
    except OSError as error:  # a broken transfer, a full disk
        raise UserError("hub_failed", reason=_first_line(error), **where) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
