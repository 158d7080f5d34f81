"""Where everything of the subject masks of a video lies. Not here: what is in it (``annotations``, ``masks``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.store.run import mask_name


@dataclass(frozen=True)
class MaskDir:
    """Paths of everything in one folder with masks: a run, a segment. Creating the object touches nothing on disk."""

    path: Path

    @property
    def annotations(self) -> Path:
        """What people pointed at."""
        return self.path / "annotations.json"

    @property
    def shots(self) -> Path:
        """Shots as they are now, cuts made by hand among them."""
        return self.path / "shots.json"

    @property
    def cuts(self) -> Path:
        """Cuts that were found, added and taken away."""
        return self.path / "cuts.json"

    @property
    def masks(self) -> Path:
        """Folder of masks."""
        return self.path / "masks"

    def mask(self, ordinal: int) -> Path:
        """The mask of a frame: 0/255 of a single object, else object ids."""
        return self.masks / mask_name(ordinal)

    def shot(self, start: int) -> Path:
        """Columns of a finished shot, written last."""
        return self.masks / f"shot_{start:06d}.npz"

    def still(self, start: int) -> Path:
        """The mask of a shot's prompt frame, before the shot was carried through."""
        return self.masks / f"still_{start:06d}.npz"

    def object(self, object_id: int) -> Path:
        """Folder of the masks of one object, where a shot has several."""
        return self.masks / f"object_{object_id:03d}"

    def object_mask(self, object_id: int, ordinal: int) -> Path:
        """The mask of one object on a frame, 0/255, whatever other objects cover."""
        return self.object(object_id) / mask_name(ordinal)

    def object_shot(self, object_id: int, start: int) -> Path:
        """Columns of one object of a shot, written last."""
        return self.object(object_id) / f"shot_{start:06d}.npz"
