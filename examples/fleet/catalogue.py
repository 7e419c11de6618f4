"""The models that the fleet may serve: where their files are, what they must contain, what they need."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import gguf
import msgspec
from msgspec import Meta

from fleet.plain_english import what_is_wrong
from fleet.wire import SHA256_PATTERN, Model, ModelRequirements, Name
from narration_worker.config import BUNDLED_NAME, model_path
from narration_worker.model.gguf_check import ModelFile, NotAModelError, check
from narration_worker.model.memory_estimate import context_length, estimate_bytes

OWN: Final = Path(__file__).with_name("catalogue.json")
_FILE_TYPE_PREFIX: Final = "MOSTLY_"


class UnknownModelError(LookupError):
    """No model of this name is in the catalogue."""


class CatalogueError(Exception):
    """A file that is no catalogue; the message says which one and why."""


class BadModelError(Exception):
    """A file of the catalogue that must not be served.

    Args:
        code: `MODEL_INVALID` or `SHA256_MISMATCH`.
        reason: why, in a few words.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of the catalogue's file.

    Attributes:
        model_ref: its name.
        path: relative to the catalogue; `bundled` is the model that the worker brings along.
        sha256: what the file must contain, 64 hexadecimal digits.
    """

    model_ref: Name
    path: Annotated[str, Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern=SHA256_PATTERN)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    models: list[Entry]


class Catalogue:
    """The catalogue of one file, read once.

    Args:
        path: the file.

    Raises:
        CatalogueError: it cannot be read, or is not a catalogue.
    """

    def __init__(self, path: Path = OWN) -> None:
        self._folder = path.parent
        self._entries = {entry.model_ref: entry for entry in _read(path).models}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def exists(self, model_ref: str) -> bool:
        """Return whether the catalogue has a model of this name."""
        return model_ref in self._entries

    def locate(self, model_ref: str) -> Path:
        """Return where the file of a model is; it may be missing or damaged.

        Raises:
            UnknownModelError: there is no such model.
        """
        path = self.entry(model_ref).path
        return model_path(path) if path == BUNDLED_NAME else self._folder / path

    def entry(self, model_ref: str) -> Entry:
        """Return what the catalogue says of a model.

        Raises:
            UnknownModelError: there is no such model.
        """
        try:
            return self._entries[model_ref]
        except KeyError:
            raise UnknownModelError(f"no model {model_ref!r} is in the catalogue") from None

    def model(self, model_ref: str) -> Model:
        """Return a model with its requirements, which are read from its file.

        Raises:
            UnknownModelError: there is no such model.
            BadModelError: its file is not a model.
        """
        entry = self.entry(model_ref)
        return Model(model_ref, entry.sha256, requirements_of(checked(self.locate(model_ref))))


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise CatalogueError(f"{path} cannot be read: {(error.strerror or '').lower()}") from None
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{path} is not a catalogue: {what_is_wrong(error, _File)}") from None
    except (msgspec.DecodeError, UnicodeError):
        raise CatalogueError(f"{path} is not a catalogue: it is not valid JSON") from None


def checked(path: Path) -> ModelFile:
    """Return what a model's file says about itself.

    Raises:
        BadModelError: it is not a GGUF file that the worker can load, or one of several parts.
    """
    try:
        file = check(path)
    except NotAModelError as error:
        raise BadModelError("MODEL_INVALID", str(error)) from None
    if file.metadata.get("split.count", 0) not in {0, 1}:
        raise BadModelError("MODEL_INVALID", "it is split into several files; merge them first")
    return file


def requirements_of(file: ModelFile) -> ModelRequirements:
    """Return what a model needs of the GPU that it is placed on; on the CPU it needs a little less."""
    tokens = context_length(file, None, None)
    return ModelRequirements(estimate_bytes(file, tokens, on_gpu=True), tokens, _quantisation(file))


def _quantisation(file: ModelFile) -> str:
    try:
        return gguf.LlamaFileType(int(file.metadata.get("general.file_type", -1))).name.removeprefix(_FILE_TYPE_PREFIX)
    except ValueError:  # absent, or younger than this version of the library
        return "unknown"
