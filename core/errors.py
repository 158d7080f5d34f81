"""Every error that Framesieve raises on purpose.

FramesieveError                 its text is one sentence: what came, what was wanted, what to do
├── SourceError                 the source is not a video that we can open (missing, empty, a directory)
├── DecodeError                 a frame that the ledger knows could not be decoded
├── LedgerMismatch              the decoder showed a frame that the ledger does not know
├── SettingsError               a setting, weight, preset key or filter is out of range or unknown
├── RunError                    the run folder is unreadable, of another video, or of other settings
│   ├── RunBusy                 another process works in the run folder
│   ├── FolderTaken             the folder of an export is there and not empty
│   └── SelectionChanged        the filters keep other frames now than those that were shown
├── CacheError                  a detection cache is damaged, or of another video or other weights
├── JobError                    there is no such job, or it cannot be resumed or cancelled
│   └── QueueFull               too many jobs wait
├── StorageError                the disk is full or the folder cannot be written
├── MissingDependency           a package or program that this verb needs is not installed
├── RequestError                what came to the page is too much, too slow, not JSON, or names what is not there
└── ModelError                  the files of a model are absent, broken or not what is wanted
    └── WeightsError            weights of a detector: also unsafe ones, or of another task

docs/codes.md lists every code.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound="FramesieveError")

LASTING = frozenset(
    {
        "cannot_run", "face_model_broken", "face_model_unfit", "is_picture", "no_cuda", "no_face", "no_face_model",
        "no_faces", "no_folder", "no_video_stream", "not_offered", "other_face_model", "other_suffix",
        "other_task", "undecodable", "unknown_codec", "unsafe_weights", "weights_apart", "weights_of_other_program",
        "weights_unfit", "weights_unreadable",
    }
)  # fmt: skip
"""Codes of errors that come again, whatever their class, until a person changes a file or asks for something else."""


class FramesieveError(Exception):
    """Base of all errors that are shown to people as one sentence.

    Programs, the page among them, decide by ``code``, ``field`` and ``facts``, never by the sentence.
    """

    code = "error"
    """Stable name of the kind; a raise may give a narrower one than that of its class."""
    field: str | None = None
    """The setting or argument at fault, by its name in the settings models; a raise may give another than its class."""
    exit_code = 1
    """What the command line returns."""
    lasting = False
    """Whether the same call fails again however often it is made, so that nobody is offered to try it again."""

    def __init__(self, sentence: str, *, code: str | None = None, field: str | None = None, **facts: Any) -> None:
        """Makes an error.

        Args:
            sentence: what came, what was wanted, what to do.
            code: a narrower kind than that of the class.
            field: another one than that of the class.
            facts: plain JSON values that the sentence was made from.
        """
        super().__init__(sentence)
        self.code = code or type(self).code
        self.lasting = type(self).lasting or self.code in LASTING
        self.field = field or type(self).field
        self.facts = facts

    def to_mapping(self) -> dict[str, Any]:
        """Returns plain JSON values: ``error`` (the sentence), ``code``, ``field``, ``facts``."""
        return {"error": str(self), "code": self.code, "field": self.field, "facts": plain(self.facts)}

    def reworded(self: Kind, sentence: str) -> Kind:
        """Returns the same error, code, field and facts included, with another sentence."""
        return type(self)(sentence, code=self.code, field=self.field, **self.facts)


def plain(value: Any) -> Any:
    """Returns a fact as a JSON value: lists, objects, text, finite numbers; what is none of these becomes text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, float) and math.isfinite(value) else str(value)


ERROR_KEYS = ("error", "error_code", "error_field", "error_facts")
"""How the state of something that goes on (a job, a look, an export) tells of the error that ended it."""


def error_keys(error: FramesieveError | None) -> dict[str, Any]:
    """Returns ``ERROR_KEYS`` with their values; without an error they are ``None``, the facts empty."""
    if error is None:
        return dict(zip(ERROR_KEYS, (None, None, None, {}), strict=True))
    return dict(zip(ERROR_KEYS, error.to_mapping().values(), strict=True))


def revived(kind: str, values: Mapping[str, Any]) -> FramesieveError:
    """Returns the error that another process told of.

    Args:
        kind: the name of its class; one that is not known here becomes the base.
        values: its ``to_mapping``.
    """
    found = globals().get(kind)
    known = found if isinstance(found, type) and issubclass(found, FramesieveError) else FramesieveError
    code, field, facts = (values.get(name) for name in ("code", "field", "facts"))
    return known(str(values.get("error")), code=code, field=field, **(facts or {}))


class SourceError(FramesieveError):
    """The source is not a video that can be opened."""

    code = "source"
    exit_code = 3


class DecodeError(FramesieveError):
    """A frame that the ledger knows could not be decoded."""

    code = "decode"
    exit_code = 4


class LedgerMismatch(FramesieveError):
    """The decoder showed a frame that the ledger does not know."""

    code = "ledger_mismatch"
    exit_code = 4


class SettingsError(FramesieveError):
    """A setting, weight, preset key or filter is out of range or unknown."""

    code = "setting"
    exit_code = 2
    lasting = True


class RunError(FramesieveError):
    """The run folder is unreadable, or belongs to another video or other settings."""

    code = "run"
    exit_code = 5


class RunBusy(RunError):
    """Another process works in the run folder."""

    code = "run_busy"
    exit_code = 6


class FolderTaken(RunError):
    """The folder that an export is to make is there and not empty."""

    code = "folder_taken"
    lasting = True


class SelectionChanged(RunError):
    """The filters keep other frames now than those that a person saw."""

    code = "selection_changed"
    lasting = True


class CacheError(FramesieveError):
    """A detection cache is damaged, or belongs to another video or other weights."""

    code = "cache"
    exit_code = 5


class JobError(FramesieveError):
    """There is no such job, or it is in a state that does not allow what was asked."""

    code = "job"


class QueueFull(JobError):
    """So many jobs wait that no other one is taken."""

    code = "queue_full"


class StorageError(FramesieveError):
    """The disk is full or the folder cannot be written."""

    code = "storage"
    exit_code = 7


class MissingDependency(FramesieveError):
    """A package or program that this verb needs is not installed."""

    code = "missing_dependency"
    exit_code = 8


class RequestError(FramesieveError):
    """What came to the page over the network is not a request that can be answered."""

    code = "request"


class ModelError(FramesieveError):
    """The files of a model are absent, broken or not what is wanted."""

    code = "model"
    exit_code = 9


class WeightsError(ModelError):
    """Weights of a detector are missing, unsafe, unreadable or of another task, or the model cannot be run."""

    code = "weights"
    field = "weights"
