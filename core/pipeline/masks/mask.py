"""``mask``: carries what was pointed at through the shots of a video, shot by shot, and says how far it is trusted.

Each finished shot is on the disk; the same call goes on at the first one that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from core import log
from core.errors import SettingsError
from core.models import Masker
from core.pipeline.counting import numbered_by
from core.pipeline.masks.boxes import BoxesOfFrames, detected_in
from core.pipeline.masks.config import with_config
from core.pipeline.masks.exports import exports
from core.pipeline.masks.home import Home
from core.pipeline.masks.identity import Identity
from core.pipeline.masks.imports import import_in_place, import_points
from core.pipeline.masks.metrics import write_columns
from core.pipeline.masks.opening import OpenMasker, estimate, open_by_settings
from core.pipeline.masks.outcome import Masked, rows_of
from core.pipeline.masks.propagate import is_finished, propagate
from core.pipeline.masks.seeds import Seed, Seeder
from core.pipeline.masks.segments import Target, targets
from core.pipeline.masks.shots import find, shots_of, were_found
from core.pipeline.masks.state import masker_digest
from core.pipeline.masks.stills import still_of
from core.settings.masks import MaskArguments
from core.step import Step, each
from core.store import annotations as annotation_file
from core.store.shot_notes import ShotNote

SEEDING = "finding subjects"
MASKING, LOOKING, STILLS = "masking", "looking for cuts", "masking prompt frames"
MEASURING = "measuring the subject"


def mask(arguments: MaskArguments, opener: OpenMasker = open_by_settings) -> Generator[Step, None, Masked]:
    """Masks every shot that has points and is not finished; yields after each frame.

    Raises:
        SettingsError: no shot has points, or one lies outside of the picture. RunError: neither a run nor a segment.
        ModelError: the masker cannot be opened, or the GPU has too little memory; finished shots stay.
        StorageError: the disk is full; finished shots stay.
    """
    arguments = with_config(arguments)
    work = _Work(arguments, opener)
    chosen = targets(arguments)
    for target in chosen:
        yield from work.on(target, alone=len(chosen) == 1)
    work.check_made()
    return work.outcome(chosen)


def _steps(title: str, done: int, total: int, before: int) -> Callable[[int], Step]:
    return lambda frames: Step(f"{title}{MASKING}", done + frames, total, before)


@dataclass
class _Work:
    """One call on one video or several: the masker is opened once, when the first frame wants it."""

    arguments: MaskArguments
    opener: OpenMasker
    made: int = 0
    failed: list[SettingsError] = field(default_factory=list)
    """Of shots whose points give no mask."""
    pointed: int = 0
    """Shots with points."""
    folder: Path | None = None
    """Where frames were exported to."""

    @cached_property
    def masker(self) -> Masker:
        """Opened."""
        return self.opener(self.arguments.settings, self.arguments.weights, unsafe=self.arguments.unsafe)

    @cached_property
    def made_by(self) -> str:
        """Digest of masker and settings."""
        return masker_digest(self.masker, self.arguments.settings)

    def on(self, target: Target, *, alone: bool) -> Generator[Step, None, None]:
        """Does all of it on one video; one without points is passed over where there are others."""
        home, title = target.home, target.title
        yield Step(f"{title}opening", run=home.dir.path.absolute())
        with home.lock(), ExitStack() as stack:
            if home.run is not None:
                stack.enter_context(numbered_by(home.run))
            if self.arguments.scene_detect and not were_found(home) and not self.arguments.export_only:
                yield from each(find(home), lambda done: Step(f"{title}{LOOKING}", done, home.frames))
            if self.arguments.export_only:
                yield from self._as_they_are(target, alone=alone)
                return
            self._import(home)
            if self.arguments.settings.reid_fallback and not self.arguments.stills:
                yield from self._by_identity(home, title)
            else:
                yield from self._seed(home, title)
            notes = self._notes(home, alone=alone)
            if self.arguments.stills:
                yield from self._stills(home, notes, title)
                return
            yield from self._shots(home, notes, title, lambda: detected_in(home))
            telling = write_columns(home, by_looks=self.arguments.settings.reid_fallback)
            yield from each(telling, lambda done: Step(f"{title}{MEASURING}", done))
            yield from self._exports(target)

    def _as_they_are(self, target: Target, *, alone: bool) -> Generator[Step, None, None]:
        """Exports without a masker, whatever its settings are by now."""
        finished = sum(row["worst"] is not None for row in rows_of(target.home, self.arguments))
        if alone and not finished:
            sentence = f"no shot of {target.home.path} has masks yet; mask it first, then export."
            raise SettingsError(sentence, code="not_masked", field="export_only")
        self.pointed += finished
        yield from self._exports(target)

    def _by_identity(self, home: Home, title: str) -> Generator[Step, None, None]:
        """Masks shot after shot, so that each is pointed at with what is known of the subject from those before."""
        with home.pictures() as pictures:
            seeder = Seeder(home, pictures, self.masker)
            identity = Identity(home, pictures, seeder, self.arguments.settings.iou_threshold)
            for start, end in self._chosen(home):
                note = annotation_file.read(home.dir.annotations).note(start)
                if (note is None or not note.objects) and self.arguments.points_itself:
                    seed = identity.seed(start, end) if self.arguments.auto else self._seed_of(seeder, start, end)
                    if seed is not None:
                        self._save(home, seed.note(start, end))
                        note = seed.note(start, end)
                    yield Step(f"{title}{SEEDING}", start, home.frames)
                if note is not None and note.objects and note.end == end:
                    yield from self._shots(home, [note], title, lambda: seeder.detected, identity)
                    identity.look_anew()

    def _import(self, home: Home) -> None:
        import_in_place(home)
        if self.arguments.annotations is not None:
            import_points(home, self.arguments.annotations)

    def _seed(self, home: Home, title: str) -> Generator[Step, None, None]:
        """Points at the wanted subject of every shot that has no points, where it is seen."""
        arguments = self.arguments
        if not arguments.points_itself:
            return
        said = annotation_file.read(home.dir.annotations)
        chosen = self._chosen(home)
        todo = [(start, end) for start, end in chosen if (note := said.note(start)) is None or not note.objects]
        if not todo:
            return
        with home.pictures() as pictures:
            seeder = Seeder(home, pictures, self.masker)
            if not seeder.can_look():
                raise SettingsError(
                    f"nothing tells where subjects are in {home.path}: the masker sees no objects by itself; find the "
                    "persons of the video first, or mask with yolo-seg.",
                    code="no_seeds",
                    field="auto",
                )
            for number, (start, end) in enumerate(todo, 1):
                found = self._seed_of(seeder, start, end)
                if found is None:
                    log.get().warning("%sno subject is seen in the shot at frame %s.", title, start)
                else:
                    self._save(home, found.note(start, end))
                yield Step(f"{title}{SEEDING}", number, len(todo), unit="shots")

    def _seed_of(self, seeder: Seeder, start: int, end: int) -> Seed | None:
        if self.arguments.person is not None:
            return seeder.person(start, end, self.arguments.person)
        if self.arguments.face is not None:
            return seeder.face(start, end, self.arguments.face)
        return seeder.primary(start, end)

    def _save(self, home: Home, note: ShotNote) -> None:
        size = home.width, home.height
        annotation_file.save_note(home.dir.annotations, note, fingerprint=home.fingerprint, size=size)

    def _chosen(self, home: Home) -> list[tuple[int, int]]:
        """The wanted shots."""
        shots, wanted = shots_of(home), self.arguments.wanted_shots
        if wanted and wanted[-1] >= len(shots):
            raise SettingsError(
                f"there is no shot {wanted[-1]}; shots are 0 to {len(shots) - 1}.", code="no_shot", field="shots"
            )
        return shots if wanted is None else [shots[number] for number in wanted]

    def _notes(self, home: Home, *, alone: bool) -> list[ShotNote]:
        """Shots that were pointed at, of those that are wanted."""
        chosen = self._chosen(home)
        said = annotation_file.read(home.dir.annotations)
        notes = [note for start, end in chosen if (note := said.note(start)) is not None and note.end == end]
        notes = [note for note in notes if note.objects]
        self.pointed += len(notes)
        if alone and not notes:
            raise _nothing_said(home.path)
        return notes

    def _shots(
        self,
        home: Home,
        notes: list[ShotNote],
        title: str,
        detected: Callable[[], BoxesOfFrames | None],
        identity: Identity | None = None,
    ) -> Generator[Step, None, None]:
        """Masks the unfinished ones; ``detected``: boxes of a detector, for the trust."""
        force = self.arguments.force and (identity is not None or not self.arguments.settings.reid_fallback)
        todo = [n for n in notes if force or not is_finished(home, n, self.made_by)]
        total = sum(note.end - note.start for note in notes)
        before = done = total - sum(note.end - note.start for note in todo)
        yield Step(f"{title}{MASKING}", done, total, before, notices=estimate(self.masker, home, todo))
        if not todo:
            return
        boxes = detected()
        with home.pictures() as pictures:
            for note in todo:
                try:
                    again = None if identity is None else identity.again
                    carried = propagate(home, note, self.masker, pictures, self.made_by, boxes, again)
                    yield from each(carried, _steps(title, done, total, before))
                    self.made += 1
                except SettingsError as error:  # what is said of this shot; others are masked
                    self.failed.append(error.reworded(f"{title}shot at frame {note.start}: {error}"))
                    log.get().error("%s", self.failed[-1])
                done += note.end - note.start

    def _stills(self, home: Home, notes: list[ShotNote], title: str) -> Generator[Step, None, None]:
        """Makes the mask of every prompt frame."""
        with home.pictures() as pictures:
            for number, note in enumerate(notes, 1):
                try:
                    still_of(home, note, self.masker, pictures.picture(note.prompt_frame))
                    self.made += 1
                except SettingsError as error:
                    self.failed.append(error.reworded(f"{title}shot at frame {note.start}: {error}"))
                yield Step(f"{title}{STILLS}", number, len(notes), unit="shots")

    def _exports(self, target: Target) -> Generator[Step, None, None]:
        if self.arguments.shots is not None:
            only = tuple(start for start, _ in self._chosen(target.home))
            target = replace(target, place=replace(target.place, only=only))
        if (yield from exports(target, self.arguments.exports)):
            self.folder = target.place.folder

    def check_made(self) -> None:
        """Raises what is wrong where nothing came of the call."""
        if not self.pointed:
            raise _nothing_said(self.arguments.base_video_dir or Path())
        if self.failed and not self.made:
            raise self.failed[0]

    def outcome(self, chosen: list[Target]) -> Masked:
        """Returns what is known of all shots, the worst first."""
        rows = [row for target in chosen for row in rows_of(target.home, self.arguments)]
        rows.sort(key=lambda shot: (shot["worst"] is None, shot["worst"] or 0.0, shot["segment"] or 0, shot["start"]))
        name = self.arguments.run or self.arguments.base_video_dir
        folder = None if self.folder is None else str(self.folder)
        return Masked(str(name), rows, self.made, [str(error) for error in self.failed], folder)


def _nothing_said(path: Path) -> SettingsError:
    return SettingsError(
        f"nothing is pointed at in {path}; place points on a shot first, or let the primary subject be found.",
        code="no_points",
        field="annotations",
    )
