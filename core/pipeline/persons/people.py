"""``people``: the stages of the person pipeline over a video or a folder of videos; ``select-person``: its last one.

Each stage reads what the one before it wrote, and writes its own file whole or not at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import files
from core.errors import FramesieveError, RunError, SettingsError, SourceError, WeightsError
from core.models.yolo_weights import prepare_environment
from core.pipeline.failures import failure_of_one
from core.pipeline.persons import choose, config, edits, follow, tracks
from core.pipeline.persons.analyse import analyse
from core.pipeline.persons.canonical import GROUPING, Material, regroup, settings_of
from core.pipeline.persons.crops import describe_tracklets
from core.pipeline.persons.detect import Detecting, detect_persons, key_of
from core.pipeline.persons.frames import tell_runs
from core.pipeline.persons.home import folder_of_persons, home_of
from core.pipeline.persons.rank import rank
from core.pipeline.persons.table import write_table
from core.pipeline.persons.track import track
from core.pipeline.persons.video import write_video
from core.settings.model import to_mapping
from core.settings.persons import PersonsArguments, SelectPersonArguments
from core.step import Notice, Outcome, Step, each
from core.store import person_edits, person_legacy, persons
from core.store.person_crops import Crops
from core.store.person_dir import PersonDir
from core.store.persons import About, Persons
from core.store.run import RunDir
from core.video.folder import videos_below
from core.video.probe import Video, probe
from core.weights import Weights, identify
from core.wording import plural

VERB = "people"
DONE, FAILED = "done", "failed"


@dataclass(frozen=True)
class PeopleFound(Outcome):
    """What became of each video."""

    videos: list[dict[str, Any]]
    """Plain values: ``video``, ``state``, ``folder``, ``persons`` (how many; ``null``: not grouped), ``error``."""

    def lines(self) -> list[str]:
        """One line a video."""
        return [_line(video) for video in self.videos]

    def shortfall(self) -> FramesieveError | None:
        """Says how many failed."""
        failed = sum(video["state"] == FAILED for video in self.videos)
        if not failed:
            return None
        sentence = f"{failed} of {plural(len(self.videos), 'video')} failed; the reasons stand above."
        return FramesieveError(sentence, failed=failed)


def _line(video: Mapping[str, Any]) -> str:
    if video["state"] == FAILED:
        return f"{video['video']}: failed: {video['error']}"
    count = "" if video["persons"] is None else f"{plural(video['persons'], 'person')} in "
    return f"{video['video']}: {count}{video['folder']}"


def people(arguments: PersonsArguments) -> Generator[Step, None, PeopleFound]:
    """Runs the stages; a video of a folder that fails does not stop the others.

    Raises:
        SettingsError: what was asked for cannot be. SourceError: there is no video. WeightsError, MissingDependency:
        the weights cannot be used. RunError: the file of an earlier stage is missing, damaged or stale; RunBusy.
    """
    stages = arguments.chosen
    if "7" in stages and not arguments.person_id:
        raise SettingsError("stage 7 wants a person: name one with --person-id.", field="person_id")
    said = config.Config() if arguments.config is None else config.read(arguments.config)
    arguments = arguments.model_copy(update={"settings": said.applied(arguments.settings)})
    yield Step("reading the video's index", notices=tuple(said.notices))
    weights = None
    if "1" in stages:
        path = arguments.weights or said.weights()
        if path is None:
            raise WeightsError("stage 1 needs the weights of a detector; name them with --weights.", code="no_weights")
        prepare_environment()
        weights = identify(path)
    videos, several = _videos(arguments, said)
    done: list[dict[str, Any]] = []
    for number, video in enumerate(videos, 1):
        title = f"[{number}/{len(videos)}] {video.name}: " if several else ""
        out = arguments.out or said.out
        if out is not None and several:
            out = out / video.stem if arguments.out is not None else out.parent / video.stem
        try:
            done.append((yield from _Stages(video, weights, arguments, out, title).run(stages)))
        except (WeightsError, SettingsError):
            raise
        except Exception as error:
            if not several:
                raise
            sentence = failure_of_one(error, VERB)
            done.append({"video": str(video), "state": FAILED, "folder": None, "persons": None, "error": sentence})
            yield Step(title, notices=(Notice("video_failed", f"{title}{sentence}", {"video": str(video)}),))
    return PeopleFound(done)


def _videos(arguments: PersonsArguments, said: config.Config) -> tuple[list[Path], bool]:
    path = arguments.video or said.video
    if path is None:
        if arguments.config is not None:
            raise config.videos_missing(said, arguments.config)
        raise SettingsError("a video, or a folder of videos, is wanted.", code="setting_missing", field="video")
    if not path.is_dir():
        return [path], False
    found = sorted(videos_below(path, lambda error: None))
    if not found:
        raise SourceError(f"no file in {path} is named like a video; give another folder.", field="video")
    return found, True


@dataclass
class _Stages:
    """The stages of one video."""

    path: Path
    weights: Weights | None
    arguments: PersonsArguments
    out: Path | None
    title: str
    """Names the video among others; "" = it is the only one."""
    notices: list[Notice] = field(default_factory=list)

    def run(self, stages: tuple[str, ...]) -> Generator[Step, None, dict[str, Any]]:
        settings = self.arguments.settings
        video = probe(self.path, stream=settings.detect.stream)
        self.folder, run = home_of(video, self.out, self.arguments.downloads, make="1" in stages)
        if not self.folder.path.is_dir():
            raise RunError(f"{self.folder.path} is not there: run stage 1 first.", code="no_stage", stage="1")
        with RunDir(self.folder.path).lock():
            files.clean_temporaries(self.folder.path, older_than_s=0)
            for stage in stages:
                yield from STAGES[stage](self, video, run)
        if "4b" in stages and (notices := tell_runs(self.folder)):
            yield self._step("telling runs", notices=notices)
        count = None
        if self.folder.persons.exists():
            count = len(persons.read_persons(self.folder.persons))
        folder = str(self.folder.path)
        return {"video": str(self.path), "state": DONE, "folder": folder, "persons": count, "error": None}

    # --- one stage each

    def detect(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        settings, folder = self.arguments.settings.detect, self.folder
        assert self.weights is not None
        if not self.arguments.force and self._is_detected(video):
            frames = len(video.ledger)
            yield self._step("stage 1: detecting", frames, frames, [Notice("stage_done", "stage 1 is done already.")])
            self._note(video, "1", to_mapping(settings) | {"weights": self.weights.name})
            return
        told = 0

        def step(state: Detecting) -> Step:
            nonlocal told
            new, told = state.notices[told:], len(state.notices)
            return self._step("stage 1: detecting", state.done, state.total, new)

        options: dict[str, Any] = {"downloads": self.arguments.downloads, "unsafe": self.arguments.unsafe}
        passes = detect_persons(folder, video, self.weights, settings, run=run, **options)
        found = yield from each(passes, step)
        self._note(video, "1", to_mapping(settings) | {"weights": self.weights.name})
        if not len(found):
            text = f"{self.path.name}: no person was detected."
            frames = len(video.ledger)
            yield self._step("stage 1: detecting", frames, frames, [Notice("no_persons", text)])

    def track(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        settings = self.arguments.settings.track
        detections = persons.read_detections(self.folder.detections)
        frames = detections.frames
        steps = track(detections, settings, video.info.rate)
        found = yield from each(steps, lambda done: self._step("stage 2: tracking", done, frames))
        more = person_legacy.tracklets_array(found) if self.arguments.legacy else None
        persons.write_tracklets(self.folder.tracklets, found, more)
        self._note(video, "2", to_mapping(settings))

    def analyse(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        yield self._step("stage 3: analysing")
        detections = persons.read_detections(self.folder.detections)
        found = persons.read_tracklets(self.folder.tracklets, detections)
        numbers = analyse(found, detections, video.info.width, video.info.height)
        persons.write_analysis(self.folder.analysis, numbers, found.digest())

    def describe(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        detections = persons.read_detections(self.folder.detections)
        found = persons.read_tracklets(self.folder.tracklets, detections)
        how: dict[str, Any] = {}
        if (model := self.arguments.settings.group.reid_model) is not None:
            from core.models.appearance import ReidModel

            network = ReidModel(identify(model))
            how = {"describe": network.describe, "kind": network.kind}
        with Crops(self.folder.crops, self.folder.crop_offsets, len(detections)) as crops:
            steps = describe_tracklets(found, crops, video.info.width, video.info.height, **how)
            looks = yield from each(steps, lambda n: self._step("stage 4a: describing crops", n, unit="crops"))
        persons.write_appearances(self.folder.appearance, looks, found.digest())

    def group(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        yield self._step("stage 4: grouping")
        settings = self.arguments.settings.group
        regroup(self.folder, settings, legacy=self.arguments.legacy)
        self._note(video, GROUPING, to_mapping(settings))

    def rank(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        yield self._step("stage 5: ranking")
        detections, found = self._persons()
        settings, names = self.arguments.settings.rank, person_edits.read(self.folder.edits).names()
        ranked = rank(found, detections, settings, video.info.width, video.info.height, names)
        files.write_json(self.folder.ranking, {"made_from": found.digest(), "persons": ranked})
        if self.arguments.legacy:
            ids = [entry["person_id"] for entry in ranked]
            with Crops(self.folder.crops, self.folder.crop_offsets, len(detections)) as crops:
                most = self.arguments.legacy_crops_gb
                choose.write_legacy_crops(self.folder, detections, found, crops, ids, most)

    def draw(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        _, found = self._persons()
        names, total = person_edits.read(self.folder.edits).names(), len(video.ledger)
        steps = write_video(video, found, names, self.folder.video)
        yield from each(steps, lambda done: self._step("stage 6: drawing the video", done, total))

    def select(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        _, found = self._persons()
        known = person_edits.read(self.folder.edits)
        chosen = choose.resolved(found, self.arguments.person_id, known)
        paths = choose.write_chosen(self.folder, found, chosen)
        text = f"{', '.join(path.name for path in paths)} written."
        yield self._step("stage 7: selecting", notices=[Notice("person_selected", text)])

    def table(self, video: Video, run: Path | None) -> Generator[Step, None, None]:
        yield self._step("stage 7b: drawing the table")
        detections, found = self._persons()
        ranked = self._ranking(found)
        with Crops(self.folder.crops, self.folder.crop_offsets, len(detections)) as crops:
            size = video.info.width, video.info.height
            write_table(self.folder.table, found, ranked, crops, *size, self.path.name)

    # --- what they share

    def _is_detected(self, video: Video) -> bool:
        assert self.weights is not None
        with contextlib.suppress(RunError):
            found = persons.read_detections(self.folder.detections)
            with Crops(self.folder.crops, self.folder.crop_offsets, len(found)):
                return found.made_by == key_of(video, self.weights, self.arguments.settings.detect)
        return False

    def _persons(self) -> tuple[persons.RawDetections, Persons]:
        detections = persons.read_detections(self.folder.detections)
        tracklets = persons.read_tracklets(self.folder.tracklets, detections)
        return detections, persons.read_persons(self.folder.persons, tracklets)

    def _ranking(self, found: Persons) -> list[dict[str, Any]]:
        try:
            values = files.read_json(self.folder.ranking)
        except FileNotFoundError:
            text = f"{self.folder.ranking} is missing: run stage 5 first."
            raise RunError(text, code="no_stage", stage="5") from None
        if not isinstance(values, dict) or not isinstance(values.get("persons"), list):
            text = f"{self.folder.ranking} is damaged: run stage 5 again."
            raise RunError(text, code="damaged_stage", stage="5")
        persons.check_made_from(self.folder.ranking, "5", str(values.get("made_from")), found.digest())
        ranked: list[dict[str, Any]] = values["persons"]
        return ranked

    def _note(self, video: Video, stage: str, settings: Mapping[str, Any]) -> None:
        stages: dict[str, Any] = {}
        with contextlib.suppress(RunError):
            before = persons.read_about(self.folder.about)
            stages = dict(before.stages) if before.video.fingerprint == video.info.fingerprint else {}
        persons.write_about(self.folder.about, About(video.info, stages | {stage: dict(settings)}))

    def _step(
        self,
        phase: str,
        done: int = 0,
        total: int | None = None,
        notices: list[Notice] | None = None,
        unit: str = "frames",
    ) -> Step:
        return Step(f"{self.title}{phase}", done, total, unit=unit, notices=tuple(notices or ()))


Stage = Callable[[_Stages, Video, Path | None], Generator[Step, None, None]]
STAGES: Mapping[str, Stage] = {
    "1": _Stages.detect,
    "2": _Stages.track,
    "3": _Stages.analyse,
    "4a": _Stages.describe,
    "4b": _Stages.group,
    "5": _Stages.rank,
    "6": _Stages.draw,
    "7": _Stages.select,
    "7b": _Stages.table,
}


# --- select-person


@dataclass(frozen=True)
class PersonSelected(Outcome):
    """Who was chosen, or all persons where nobody was."""

    folder: str
    persons: list[dict[str, Any]]
    """All of them: id, name, first and last frame, frames."""
    selected: list[int]
    files: list[str]
    alike: list[dict[str, Any]] | None = None
    """By a photo: ``person_id``, ``name``, ``similarity``, ``by`` (``face`` or ``looks``), the most alike first."""

    def lines(self) -> list[str]:
        """What was written; without a choice all persons."""
        if self.alike is not None:
            return [f"person {one['person_id']}: {one['similarity']:.2f} alike by {one['by']}" for one in self.alike]
        if self.selected:
            return [f"person {' and '.join(map(str, self.selected))}: {', '.join(self.files)}"]
        return [f"{plural(len(self.persons), 'person')} in {self.folder}", *map(choose.span_line, self.persons)]


def select_person(arguments: SelectPersonArguments) -> Generator[Step, None, PersonSelected]:
    """Writes the files of the chosen persons; without a choice it lists all.

    Raises:
        SettingsError: there is no such person (the sentence lists all), or no folder was named. RunError: a stage has
        to run first. StorageError: a file cannot be written.
    """
    said = config.Config() if arguments.config is None else config.read(arguments.config)
    path = arguments.folder or said.out
    if path is None:
        raise SettingsError("a run folder or a folder of persons is wanted, or --config.", field="folder")
    folder = folder_of_persons(path)
    yield Step("reading persons", notices=tuple(said.notices))
    with RunDir(folder.path).lock():
        found = persons.read_persons(folder.persons)
        known = person_edits.read(folder.edits)
        chosen = choose.resolved(found, arguments.person_id, known)
        notices = [
            Notice("person_forwarded", f"person {asked} is person {known.now(asked)} now.", {"person": asked})
            for asked in arguments.person_id
            if known.now(asked) != asked
        ]
        alike = _alike(folder, arguments) if arguments.photo is not None else None
        if arguments.merge and len(chosen) > 1:
            material = Material.read(folder)
            grouped = material.grouped(settings_of(folder), known)
            if (sentence := edits.overlap_sentence(grouped, chosen)) is not None:
                notices.append(Notice("persons_overlap", sentence, {"persons": chosen}))
            merged = material.grouped(settings_of(folder), edits.merge(grouped, chosen))
            legacy = folder.legacy_crops.exists()
            found, known = material.write(merged, legacy=legacy), merged.edits
            chosen = [known.now(chosen[0])]
        yield Step("writing persons", notices=tuple(notices))
        paths = choose.write_chosen(folder, found, chosen) if chosen else []
        paths += _tracks(folder, found, chosen, arguments, known.names())
        if arguments.crops:
            yield from _cut_out(folder, found, chosen, arguments)
        if arguments.follow:
            paths += yield from _follow(folder, found, chosen, arguments)
    if arguments.merge and (told := tell_runs(folder)):
        yield Step("telling runs", notices=tuple(told))
    return PersonSelected(
        str(folder.path), choose.spans(found, known.names()), chosen, [str(written) for written in paths], alike
    )


def _alike(folder: PersonDir, arguments: SelectPersonArguments) -> list[dict[str, Any]]:
    from core.pipeline.persons.photo import find_by_photo, open_reader_for

    photo = f"{arguments.photo}#{arguments.face}" if arguments.face is not None else str(arguments.photo)
    return [one.to_mapping() for one in find_by_photo(folder, photo, open_reader_for(folder))]


def _cut_out(
    folder: PersonDir, found: Persons, chosen: list[int], arguments: SelectPersonArguments
) -> Generator[Step, None, None]:
    video = _video_of(folder, arguments)
    for person in chosen:
        rows = found.rows(person)
        total = rows.stop - rows.start
        steps = choose.cut_out(folder, video, found, person, arguments.padding, arguments.aspect)
        yield from each(steps, lambda done, total=total: Step("cutting crops", done, total))  # type: ignore[misc]


def _video_of(folder: PersonDir, arguments: SelectPersonArguments) -> Video:
    about = persons.read_about(folder.about).video
    video = probe(arguments.video or about.path, stream=about.stream_index)
    if video.info.fingerprint != about.fingerprint:
        sentence = f"{video.path} is not the video of {folder.path} (its content differs); name the right one."
        raise RunError(sentence, code="other_video", field="video")
    return video


def _tracks(
    folder: PersonDir, found: Persons, chosen: list[int], arguments: SelectPersonArguments, names: Mapping[int, str]
) -> list[Path]:
    wanted, paths = chosen or found.person_ids.tolist(), []
    if arguments.mot:
        paths.append(folder.tracks(".txt"))
        tracks.write_mot(paths[-1], found, wanted)
    if arguments.cvat:
        paths.append(folder.tracks(".xml"))
        about = persons.read_about(folder.about).video
        frames = persons.read_detections(folder.detections).frames
        size, source = (about.width, about.height), Path(about.path).name
        tracks.write_cvat(paths[-1], found, wanted, names, frames=frames, size=size, source=source)
    return paths


def _follow(
    folder: PersonDir, found: Persons, chosen: list[int], arguments: SelectPersonArguments
) -> Generator[Step, None, list[Path]]:
    if not chosen:
        raise SettingsError("whom to follow? Name a person with --person-id.", field="person_id")
    video, detections = _video_of(folder, arguments), persons.read_detections(folder.detections)
    for person in chosen:
        padding, aspect = arguments.follow_padding, arguments.follow_aspect
        way = follow.way_of(found, detections, person, video.info.rate, padding, aspect)
        total = len(way.frames)
        steps = follow.write_follow(folder.follow(person), video, way)
        yield from each(steps, lambda done, total=total: Step("following", done, total))  # type: ignore[misc]
    return [folder.follow(person) for person in chosen]
