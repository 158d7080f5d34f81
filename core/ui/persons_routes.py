"""The routes of Person Selection: the persons of a video, their crops, decisions, the files of whom somebody chose.

Not here: the tab (``persons_tab``), which video is meant (``persons_subjects``), what is told (``persons_view``).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import inside
from core.errors import FramesieveError, RequestError, RunError, SettingsError, SourceError
from core.jobs.queue import JobQueue
from core.settings.model import differences, from_mapping
from core.settings.persons import PersonDetect, PersonGroup, PersonRank, PersonsArguments, PersonTrack
from core.store import ledger as ledgers
from core.store import person_edits
from core.store.person_dir import PersonDir
from core.store.run import RunDir
from core.ui import machine, owner, persons_faces, persons_view
from core.ui.answers import FRESH, OpenFile, answer
from core.ui.persons_decisions import DECISIONS, MOST_PERSONS, number, numbers
from core.ui.persons_faces import FacesOnly
from core.ui.persons_subjects import Subject, Videos, nobody_in
from core.ui.places import check_face_reference
from core.ui.review_boxes import Boxes
from core.ui.routes import MEDIA, picture, reading, writing
from core.ui.session import OpenRun
from core.ui.verbs import Verbs

if TYPE_CHECKING:
    from core.pipeline.persons.by_faces import ByFaces
    from core.pipeline.persons.working import State

MOST_COMPARED = 4
STRIP = 5
REEL = 48
PARTS: Mapping[str, type[PersonDetect | PersonTrack | PersonGroup | PersonRank]] = {
    "detect": PersonDetect,
    "track": PersonTrack,
    "group": PersonGroup,
    "rank": PersonRank,
}


class PersonsRoutes:
    """The routes of the tab."""

    def __init__(self, verbs: Verbs, small: JobQueue) -> None:
        """Remembers what it works on; ``small`` is the queue of looks at photos."""
        self._small = small
        self._verbs, self._videos, self._boxes = verbs, Videos(verbs), Boxes(verbs.workspace)
        self._faces = FacesOnly(verbs.workspace)

    def all(self) -> list[Route]:
        """Returns the routes."""
        get: dict[str, Callable[[Request], Response]] = {
            "/fs/persons": self._about,
            "/fs/persons/{video}": lambda request: answer(self._facts(self._videos.of(request))),
            "/fs/persons/{video}/crop/{row:number}": self._crop,
            "/fs/persons/{video}/reel/{person:number}": self._reel,
            "/fs/persons/{video}/table": self._table,
        }
        post: dict[str, Callable[[Request, dict[str, Any]], Response]] = {
            "/fs/persons/open": self._open,
            "/fs/persons/{video}/strips": self._strips,
            "/fs/persons/{video}/compare": self._compare,
            "/fs/persons/{video}/photo": self._photo,
            "/fs/persons/{video}/again": self._again,
            "/fs/persons/{video}/edit": self._edit,
            "/fs/persons/{video}/group": self._group,
            "/fs/persons/{video}/tell": self._tell,
            "/fs/persons/{video}/select": self._select,
        }
        return [
            *(Route(path, reading(make), methods=["GET"]) for path, make in get.items()),
            *(Route(path, writing(make), methods=["POST"]) for path, make in post.items()),
        ]

    # --- the job

    def find(
        self, video: Any, weights: Any, stages: Any, settings: Mapping[str, Any], word: str, *, unsafe: Any
    ) -> str:
        """Starts the job that finds the persons of a video, and returns its id.

        Args:
            video: an id that the page has, or a path in an allowed folder.
            weights: path of a ``.pt`` or ``.onnx`` file; only stage 1 wants one.
            stages: as ``PersonsArguments.stages``.
            settings: of all stages, by their names.
            word: the owner of the job.
            unsafe: load weights that may run any code.

        Raises:
            SourceError, WeightsError, SettingsError: what is wrong with them. RunBusy: a job works there already.
        """
        subject = self._videos.meant(video)
        arguments: dict[str, Any] = {"video": str(subject.path), "downloads": str(self._verbs.workspace.downloads)}
        arguments |= {"stages": stages, "unsafe": self._verbs.unsafe(unsafe)}
        wanted = from_mapping(PersonsArguments, {"stages": stages})
        if "1" in wanted.chosen:
            arguments["weights"] = self._boxes.choose(weights)[1].path
        stream = {} if subject.run is None else _own_stream(subject.run)
        parts = {name: differences(from_mapping(kind, _of(kind, settings))) for name, kind in PARTS.items()}
        arguments["settings"] = parts | {"detect": stream | parts["detect"]}
        folder = self._videos.folder(subject)
        run = None if folder is None else folder.path.parent
        if subject.run is not None:
            run = subject.run.run.path
        return self._verbs.start("people", arguments, word, f"Persons of {subject.path.name}", run)

    def _about(self, request: Request) -> Response:
        facts = {"weights": self._boxes.offered(), "gpu": machine.facts()["gpu"]}
        return answer(facts | {"unsafe_weights": self._verbs.unsafe_weights, "most_compared": MOST_COMPARED})

    def _open(self, request: Request, body: dict[str, Any]) -> Response:
        return answer(self._facts(self._videos.named(body)))

    def _facts(self, subject: Subject) -> dict[str, Any]:
        folder = self._videos.folder(subject)
        run = subject.run
        facts: dict[str, Any] = {
            "id": subject.id,
            "name": subject.path.name,
            "path": str(subject.path),
            "run_id": run and run.id,
            "run_name": run and (run.title or run.run.path.name),
            "there": os.path.exists(subject.path),
            "home": None,
            "stages": {},
            "weights": None,
            "view": None,
            "wrong": None,
        }
        if folder is None:
            return facts
        home = self._verbs.workspace.at(folder.path.parent)
        facts |= {"home": home and home.id, "stages": persons_view.stages_in(folder)}
        facts["weights"] = persons_view.weights_in(folder)
        try:
            facts["view"] = self._view(subject) if facts["stages"]["4b"] else self._view_of_faces(subject)
        except RunError as error:
            facts["wrong"] = error.to_mapping()
        return facts

    def _view(self, subject: Subject, state: State | None = None) -> dict[str, Any]:
        work = self._videos.working(subject)
        state, seconds = state or work.state(), _clock(work.folder)
        faces = subject.run.run if subject.run is not None else RunDir(work.folder.path.parent)
        view = persons_view.told(state, faces, seconds)
        persons_faces.with_faces(
            view, self._by_faces(subject, state), seconds, self._faces.mark(work.folder, _own(subject))
        )
        return view

    def _view_of_faces(self, subject: Subject) -> dict[str, Any] | None:
        """The persons of a video in which no bodies were looked for; ``None`` = its faces were not grouped either."""
        folder, found = self._videos.existing(subject), self._by_faces(subject)
        if not found:
            return None
        view = persons_faces.bare(folder, person_edits.read(folder.edits), persons_view.words_of)
        persons_faces.with_faces(view, found, _clock(folder), self._faces.mark(folder, _own(subject)))
        return view

    def _by_faces(self, subject: Subject, state: State | None = None) -> list[ByFaces]:
        """Who is known by faces alone; ``state``: of the bodies, where they were looked for."""
        folder = self._videos.existing(subject)
        if state is None and folder.persons.exists():
            raise RunError(f"the persons in {folder.path} changed; open them again.", code="stale_stage")
        edits = state.grouped.edits if state is not None else person_edits.read(folder.edits)
        bodies = state.persons.person_ids.tolist() if state is not None else ()
        return self._faces.of(folder, _own(subject), edits, bodies)

    def _pictures(self, subject: Subject, wanted: Sequence[int]) -> dict[int, list[list[Any]]]:
        """Pictures of faces of those of the wanted persons who are known by them alone."""
        folder = self._videos.existing(subject)
        state = self._videos.working(subject).state() if folder.persons.exists() else None
        return {one.person: self._faces.pictures(one) for one in self._by_faces(subject, state) if one.person in wanted}

    # --- pictures

    def _crop(self, request: Request) -> Response:
        subject = self._videos.of(request)
        row = request.path_params["row"]
        with self._videos.crops(subject) as crops:
            jpeg = crops.jpeg(row) if row < len(crops.has) else None
        return picture(jpeg)

    def _strips(self, request: Request, body: dict[str, Any]) -> Response:
        """The best crops of some persons: id -> [[row, ordinal]]."""
        from core.pipeline.persons.strips import strips

        subject = self._videos.of(request)
        wanted = numbers(body, "persons", MOST_PERSONS)
        count = STRIP if body.get("count") is None else number(body, "count", 20)
        by_faces = {
            str(person): persons_faces.picked(pictures, count)
            for person, pictures in self._pictures(subject, wanted).items()
        }
        if len(by_faces) == len(wanted):
            return answer(by_faces)
        state = self._videos.working(subject).state()
        size = state.material.width, state.material.height
        with self._videos.crops(subject) as crops:
            found = strips(state.persons, crops, size, count, wanted, subject.sharpness)
        return answer({str(person): strip for person, strip in found.items()} | by_faces)

    def _reel(self, request: Request) -> Response:
        from core.pipeline.persons.strips import reel

        subject, person = self._videos.of(request), request.path_params["person"]
        by_faces = self._pictures(subject, (person,))
        if person in by_faces:
            return answer(by_faces[person])
        state = self._videos.working(subject).state()
        with self._videos.crops(subject) as crops:
            return answer(reel(state.persons, crops, person, REEL))

    def _table(self, request: Request) -> Response:
        """The selection table, drawn anew where somebody decided something since."""
        from core.pipeline.persons.table import write_table

        subject = self._videos.of(request)
        work = self._videos.working(subject)
        state, folder = work.state(), work.folder
        if _older(folder.table, (folder.persons, folder.edits, folder.ranking)):
            size = state.material.width, state.material.height
            with self._videos.crops(subject) as crops:
                write_table(folder.table, state.persons, state.ranking, crops, *size, subject.path.name)
        try:
            file = inside.open_in(folder.table, self._verbs.places.roots)
        except OSError:
            raise RequestError("there is no selection table.", code="not_found") from None
        return OpenFile(file, MEDIA[".png"], FRESH)

    # --- decisions

    def _compare(self, request: Request, body: dict[str, Any]) -> Response:
        wanted = numbers(body, "persons", MOST_COMPARED)
        return answer(self._compared(self._videos.of(request), wanted))

    def _compared(self, subject: Subject, wanted: Sequence[int]) -> dict[str, Any]:
        folder = self._videos.existing(subject)
        if not folder.persons.exists():
            return persons_faces.compared(wanted, self._by_faces(subject))
        state = self._videos.working(subject).state()
        return persons_view.compared(state, wanted, self._by_faces(subject, state))

    def _photo(self, request: Request, body: dict[str, Any]) -> Response:
        """Begins to compare the persons with a photo, ``IMG`` or ``IMG#2``; the look is asked as one at a face is."""
        from core.pipeline.faces.reference import split

        subject, text = self._videos.of(request), body.get("photo")
        folder = self._videos.existing(subject)
        if not folder.path.is_dir():  # a run in which nobody was looked for yet
            raise nobody_in(subject)
        if not isinstance(text, str) or not text.strip():
            raise SourceError("a photo is wanted as the path of a picture.", field="photo")
        check_face_reference(text.strip(), self._verbs.places.allows)
        path, face = split(text.strip())
        wanted = {"folder": str(folder.path), "photo": str(path), "face": face, "look": secrets.token_hex(8)}
        look = self._small.start("person_photo", wanted, owner.current(), title=f"Look at {path.name}")
        return answer({"look": look, "photo": path.name})

    def _again(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that describes and groups the persons again, with the settings in force."""
        from core.pipeline.persons.canonical import settings_of
        from core.settings.model import to_mapping

        subject = self._videos.of(request)
        work = self._videos.working(subject)
        settings = to_mapping(settings_of(work.folder)) | to_mapping(work.rank_settings())
        return answer({"job": self.find(subject.id, None, "4,5", settings, owner.current(), unsafe=None)})

    def _edit(self, request: Request, body: dict[str, Any]) -> Response:
        """Merges, splits, names, takes away, takes back; tells the persons afterwards.

        Of persons who are seen together a merge is asked for once more: ``{"ask": sentence}``.
        """
        subject = self._videos.of(request)
        folder = self._videos.existing(subject)
        kind = str(body.get("kind"))
        if kind not in DECISIONS:
            raise SettingsError(
                f"kind is wanted as one of {', '.join(DECISIONS)}.", code="setting_choice", field="kind"
            )
        if not folder.persons.exists():
            return answer({"view": self._decided_by_faces(subject, kind, body)})
        work = self._videos.working(subject)
        if kind == "merge" and body.get("sure") is not True:
            sentence = persons_view.overlap(work.state(), numbers(body, "persons", MOST_PERSONS))
            if sentence is not None:
                return answer({"ask": sentence})
        state = work.decide(lambda grouped: DECISIONS[kind](grouped, body))
        return answer({"view": self._view(subject, state)})

    def _decided_by_faces(self, subject: Subject, kind: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        wanted = [number(body, "person")] if kind == "name" else []
        wanted = numbers(body, "persons", MOST_PERSONS) if kind == "merge" else wanted
        name = body.get("name", "")
        if not isinstance(name, str):
            raise SettingsError("name is wanted as text.", field="name")
        persons_faces.decided(self._videos.existing(subject), kind, wanted, name)
        return self._view_of_faces(subject)

    def _group(self, request: Request, body: dict[str, Any]) -> Response:
        """Groups again with other thresholds; nothing is detected or tracked again."""
        subject = self._videos.of(request)
        settings = from_mapping(PersonGroup, _of(PersonGroup, body.get("settings", {})))
        state = self._videos.working(subject).regroup(settings)
        return answer({"view": self._view(subject, state)})

    def _tell(self, request: Request, body: dict[str, Any]) -> Response:
        """Writes who is seen in which frame into the records of the video's runs; filters read them there."""
        from core.pipeline.persons.frames import tell_runs

        notices = tell_runs(self._videos.existing(self._videos.of(request)))
        return answer({"notices": [str(one.text) for one in notices]})

    # --- who is chosen

    def _select(self, request: Request, body: dict[str, Any]) -> Response:
        """Starts the job that writes the files of the chosen persons."""
        subject = self._videos.of(request)
        work = self._videos.working(subject)
        wanted = numbers(body, "persons", MOST_PERSONS)
        if not wanted:
            raise SettingsError("choose a person first.", field="persons")
        arguments: dict[str, Any] = {"folder": str(work.folder.path), "person_id": wanted}
        asked = {name: body.get(name) is True for name in ("crops", "mot", "cvat", "follow")}
        arguments |= {"video": str(subject.path)} if asked["crops"] or asked["follow"] else {}
        arguments |= asked
        arguments |= {name: body[name] for name in ("padding", "aspect") if body.get(name) is not None}
        who = " and ".join(map(str, wanted[:3])) + (" and more" if len(wanted) > 3 else "")
        title = f"Files of person {who}"
        job = self._verbs.start("select_person", arguments, owner.current(), title, work.folder.path.parent)
        return answer({"job": job})


def _own(subject: Subject) -> RunDir | None:
    return None if subject.run is None else subject.run.run


def _of(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise SettingsError("settings are wanted as an object.", code="no_object", field="settings")
    return {name: value for name, value in values.items() if name in kind.model_fields}


def _own_stream(run: OpenRun) -> dict[str, Any]:
    info = run.saved.video
    return {"stream": info.stream_index} if info.named_stream else {}


def _older(path: Path, than: tuple[Path, ...]) -> bool:
    try:
        made = path.stat().st_mtime_ns
        return any(made < one.stat().st_mtime_ns for one in than if one.exists())
    except OSError:
        return True


def _clock(folder: PersonDir) -> Callable[[int], float]:
    """Seconds of an ordinal from the first frame, by the ledger of the run; else by the rate that was noted."""
    try:
        times = ledgers.load(RunDir(folder.path.parent).ledger)
        first, last = times.seconds(0), len(times) - 1
        return lambda ordinal: times.seconds(min(ordinal, last)) - first
    except (FramesieveError, OSError, ValueError, IndexError):
        from core.store import persons

        rate = persons.read_about(folder.about).video.rate
        return lambda ordinal: float(ordinal / rate) if rate else 0.0
