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
└── ModelError                  the files of a model are absent, broken or not what is wanted
    └── WeightsError            weights of a detector: also unsafe ones, or of another task
"""

from __future__ import annotations


class FramesieveError(Exception):
    """Base of all errors that are shown to people as one sentence. ``exit_code`` is what the command line returns."""

    exit_code = 1
    lasting = False
    """Whether the same call fails again however often it is made, so that nobody is offered to try it again."""


class SourceError(FramesieveError):
    """The source is not a video that can be opened."""

    exit_code = 3


class DecodeError(FramesieveError):
    """A frame that the ledger knows could not be decoded."""

    exit_code = 4


class LedgerMismatch(FramesieveError):
    """The decoder showed a frame that the ledger does not know."""

    exit_code = 4


class SettingsError(FramesieveError):
    """A setting, weight, preset key or filter is out of range or unknown."""

    exit_code = 2
    lasting = True


class RunError(FramesieveError):
    """The run folder is unreadable, or belongs to another video or other settings."""

    exit_code = 5


class RunBusy(RunError):
    """Another process works in the run folder."""

    exit_code = 6


class FolderTaken(RunError):
    """The folder that an export is to make is there and not empty."""

    lasting = True


class SelectionChanged(RunError):
    """The filters keep other frames now than those that a person saw."""

    lasting = True


class CacheError(FramesieveError):
    """A detection cache is damaged, or belongs to another video or other weights."""

    exit_code = 5


class JobError(FramesieveError):
    """There is no such job, or it is in a state that does not allow what was asked."""


class QueueFull(JobError):
    """So many jobs wait that no other one is taken."""


class StorageError(FramesieveError):
    """The disk is full or the folder cannot be written."""

    exit_code = 7


class MissingDependency(FramesieveError):
    """A package or program that this verb needs is not installed."""

    exit_code = 8


class ModelError(FramesieveError):
    """The files of a model are absent, broken or not what is wanted."""

    exit_code = 9


class WeightsError(ModelError):
    """Weights of a detector are missing, unsafe, unreadable or of another task, or the model cannot be run."""
