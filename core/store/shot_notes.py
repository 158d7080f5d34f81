"""What people point at on the shots of a video: prompts of objects, notes of shots, and how they follow their frames.

Points are kept as they were clicked: x and y in pixels of the displayed source. Not here: the file (``annotations``).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from core.prompts import Prompt

MOST_OBJECTS = 255
"""Ids have to fit into the pixels of an 8-bit mask."""
MOST_POINTS = 10_000
"""Of one object on one frame."""
Point = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ObjectPrompt:
    """What is said of one object on one frame."""

    object_id: int
    """1-255."""
    frame: int
    """Ordinal."""
    points: tuple[Point, ...] = ()
    """x, y in source pixels."""
    labels: tuple[int, ...] = ()
    """1 include, 0 exclude, one for each point."""
    box: Box | None = None
    """xyxy, source pixels."""
    by: str = ""
    """What made it where the program pointed by itself, of ``masks.DECIDED``; empty = a person did."""

    def __post_init__(self) -> None:
        if type(self.object_id) is not int or not 1 <= self.object_id <= MOST_OBJECTS:
            raise ValueError(f"object {self.object_id!r} is not a whole number from 1 to {MOST_OBJECTS}")
        if type(self.frame) is not int or self.frame < 0:
            raise ValueError(f"frame {self.frame!r} is not a whole number from 0")
        if len(self.points) != len(self.labels) or len(self.points) > MOST_POINTS:
            raise ValueError(f"{len(self.points)} points and {len(self.labels)} labels; as many of each are wanted")
        if not set(self.labels) <= {0, 1}:
            raise ValueError("a label is neither 1 (include) nor 0 (exclude)")
        numbers = [*(v for point in self.points for v in point), *(self.box or ())]
        if any(len(point) != 2 for point in self.points) or (self.box is not None and len(self.box) != 4):
            raise ValueError("a point is wanted as [x, y], a box as [x1, y1, x2, y2]")
        if not all(math.isfinite(v) for v in numbers):
            raise ValueError("a coordinate is not a number")

    @property
    def empty(self) -> bool:
        """Whether it says nothing."""
        return not self.points and self.box is None

    def prompt(self, start: int) -> Prompt:
        """Returns what a masker is given; ``start``: first ordinal of the shot."""
        points = np.array(self.points, np.float32).reshape(-1, 2)
        box = None if self.box is None else np.array(self.box, np.float32)
        return Prompt(self.frame - start, self.object_id, points, np.array(self.labels, np.int8), box)


@dataclass(frozen=True)
class ShotNote:
    """What is said of one shot."""

    start: int
    end: int
    """Exclusive; both are ordinals."""
    prompt_frame: int
    """Ordinal of the frame on which the shot is shown and its objects are pointed at."""
    prompts: tuple[ObjectPrompt, ...] = ()
    """By frame and object; those of another frame than ``prompt_frame`` are corrections."""
    saved_at: str = ""
    """ISO 8601, UTC; empty = never saved."""
    revision: int = 0
    """Of the file when this shot was saved last: a page that knows another one is out of date."""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.prompt_frame < self.end:
            raise ValueError(f"shot {self.start} to {self.end} with prompt frame {self.prompt_frame}")
        if any(not self.start <= prompt.frame < self.end for prompt in self.prompts):
            raise ValueError(f"a prompt is not on a frame of its shot, {self.start} to {self.end - 1}")
        key = [(prompt.frame, prompt.object_id) for prompt in self.prompts]
        if len(set(key)) < len(key):
            raise ValueError("an object is prompted twice on one frame")
        object.__setattr__(self, "prompts", tuple(sorted(self.prompts, key=lambda p: (p.frame, p.object_id))))

    @property
    def objects(self) -> tuple[int, ...]:
        """Ids of its objects that say something, ascending."""
        return tuple(sorted({prompt.object_id for prompt in self.prompts if not prompt.empty}))

    @property
    def corrections(self) -> tuple[ObjectPrompt, ...]:
        """Prompts on other frames than the prompt frame."""
        return tuple(prompt for prompt in self.prompts if prompt.frame != self.prompt_frame)

    def on(self, frame: int) -> tuple[ObjectPrompt, ...]:
        """Returns the prompts of a frame (ordinal), by object."""
        return tuple(prompt for prompt in self.prompts if prompt.frame == frame)

    def of(self, object_ids: Iterable[int] | None = None) -> list[Prompt]:
        """Returns what a masker is given of some objects; of all if ``None``."""
        wanted = set(self.objects if object_ids is None else object_ids)
        return [p.prompt(self.start) for p in self.prompts if p.object_id in wanted and not p.empty]

    def with_prompt(self, prompt: ObjectPrompt) -> ShotNote:
        """Returns the note with this in place of what was said of the object there; an empty one takes it out."""
        rest = [p for p in self.prompts if (p.frame, p.object_id) != (prompt.frame, prompt.object_id)]
        return dataclasses.replace(self, prompts=(*rest, *(() if prompt.empty else (prompt,))))


@dataclass(frozen=True)
class Annotations:
    """What ``annotations.json`` holds."""

    notes: tuple[ShotNote, ...] = ()
    """Ascending, not overlapping; only shots of which something was said."""
    revision: int = 0
    """Rises with each save; 0 = there is no file."""
    fingerprint: str = ""
    """Of the video; empty = not known."""
    size: tuple[int, int] | None = None
    """Width and height of the picture that the points lie in."""

    def note(self, start: int) -> ShotNote | None:
        """Returns what is said of the shot that begins at this ordinal."""
        return next((note for note in self.notes if note.start == start), None)

    def with_note(self, note: ShotNote) -> Annotations:
        """Returns the annotations with this note in place of all notes that it overlaps."""
        rest = [n for n in self.notes if n.end <= note.start or note.end <= n.start]
        return dataclasses.replace(self, notes=tuple(sorted((*rest, note), key=lambda n: n.start)))

    def without(self, start: int) -> Annotations:
        """Returns them without what was said of a shot."""
        return dataclasses.replace(self, notes=tuple(note for note in self.notes if note.start != start))

    def moved(self, shots: Sequence[tuple[int, int]]) -> Annotations:
        """Returns them after cuts have changed: every prompt in the shot that holds its frame now.

        In a joined shot all prompts count, and the first prompt frame with a prompt is that of the shot. A shot that
        was not changed keeps its note as it is. Prompts beyond the last shot are dropped.

        Args:
            shots: ``[start, end)`` of every shot now, ascending.
        """
        notes = []
        for start, end in shots:
            if (same := self.note(start)) is not None and same.end == end:
                notes.append(same)
            elif (note := self._gathered(start, end)) is not None:
                notes.append(note)
        return dataclasses.replace(self, notes=tuple(notes))

    def _gathered(self, start: int, end: int) -> ShotNote | None:
        prompts = [p for note in self.notes for p in note.prompts if start <= p.frame < end]
        said = [note for note in self.notes if start <= note.prompt_frame < end]
        prompted = {p.frame for p in prompts}
        frames = [note.prompt_frame for note in said if note.prompt_frame in prompted]
        frames = frames or sorted(prompted) or [note.prompt_frame for note in said]
        if not frames:
            return None
        parts = [note for note in self.notes if note.start < end and start < note.end]
        return ShotNote(
            start, end, frames[0], tuple(prompts), max(note.saved_at for note in parts), max(n.revision for n in parts)
        )
