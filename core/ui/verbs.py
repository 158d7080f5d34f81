"""Starts the verbs as jobs, for the page and for the API: whatever comes in is checked here, in one place.

The child of a job checks its arguments again; here is decided which files it may be sent to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import config, inside
from core.config import ExportSettings, ExtractSettings, FaceSettings, FetchSettings, FilterSettings, PeopleSettings
from core.errors import JobError, SettingsError, SourceError
from core.job_state import RESUMABLE, JobState
from core.jobs import JobQueue
from core.store.run import RunDir
from core.ui.face_places import check_faces
from core.ui.session import Workspace

if TYPE_CHECKING:
    from core.video.source import Url

SOURCE_KEYS = ("max_height", "item", "resume")
"""What ``extract`` takes beside the settings."""
FACE_KEYS = ("settings", "people", "again")
"""What ``faces`` takes."""
PATHS = ("out", "downloads", "dest", "run", "selection", "weights")
"""Arguments of jobs that name places to write to, or to read records or weights from."""
SOURCES = ("source", "video", "url")
"""Arguments of jobs that name a video."""
MOST_NAME_BYTES = 255
"""Of the name of a folder: more is not taken by any usual file system."""
MOST_PATH_BYTES = 3000


class Verbs:
    """The queue as people and programs may use it."""

    def __init__(self, workspace: Workspace, queue: JobQueue, *, unsafe_weights: bool = False) -> None:
        """Remembers what it works on; ``unsafe_weights``: whoever started the server trusts all weights."""
        self.workspace = workspace
        self.queue = queue
        self.unsafe_weights = unsafe_weights

    def source(self, text: Any) -> Path | Url:
        """Returns the file or web address that a text names.

        Raises:
            SourceError: it is neither, or the file is outside the allowed folders.
        """
        from core.video.source import LocalPath, classify, is_there, resolve_local

        if not isinstance(text, str):
            raise SourceError("a source is wanted as text: a web address or the path of a video.")
        if is_there(text, self._roots):
            return resolve_local(text, self._roots)
        found = classify(text)
        return resolve_local(text, self._roots) if isinstance(found, LocalPath) else found

    def extract(self, source: Any, values: Any, owner: str) -> str:
        """Queues an extraction and returns the job's id; a video on the web is downloaded first.

        Args:
            source: see ``source``.
            values: ``ExtractSettings`` as plain JSON values, and ``max_height``, ``item``, ``resume``.
            owner: see ``owner``.

        Raises:
            SourceError, SettingsError, ModelError: what is wrong with them. RunBusy: the same is queued or running.
        """
        from core.models.face_packs import find_pack

        if not isinstance(values, dict):
            raise SettingsError('settings are wanted as an object, for example {"method": "interval", "interval": 2}.')
        found = self.source(source)
        given = {name: value for name, value in values.items() if name not in SOURCE_KEYS}
        wanted = config.from_mapping(ExtractSettings, given)
        if wanted.reads_faces:
            check_faces(wanted.face_model, wanted.face_refs, self.inside)
            find_pack(wanted.face_model)
        settings = config.to_mapping(wanted)
        arguments: dict[str, Any] = {
            "source": str(found) if isinstance(found, Path) else found.text,
            "settings": {name: settings[name] for name in given} | {"thumbs": True},
            "downloads": str(self.workspace.downloads),
            "resume": _yes_or_no(values.get("resume", True), "resume"),
        }
        if not isinstance(found, Path):
            arguments |= _of_the_web(values)
        name = found.name if isinstance(found, Path) else found.text
        return self.queue.start("extract", arguments, owner, title=f"Extract {name}")

    def export(
        self,
        run: RunDir,
        filters: FilterSettings,
        owner: str,
        *,
        digest: str | None = None,
        dest: Any = None,
        settings: Any = None,
    ) -> tuple[str, Path]:
        """Queues an export; returns the job's id and the folder it will make.

        ``settings`` are those of ``ExportSettings`` as plain JSON values, ``None`` = the defaults.

        Raises:
            SettingsError: a wrong setting, or ``dest`` lies elsewhere than in the folder of runs or an allowed one.
            RunBusy: a job works in this run.
        """
        folder = self._place(dest) if dest else _free(run)
        arguments = {"run": str(run.path), "filters": config.to_mapping(filters), "dest": str(folder)}
        if digest is not None:
            arguments["digest"] = digest
        if settings is not None:
            arguments["settings"] = config.to_mapping(_settings(ExportSettings, settings))
        return self.queue.start("export", arguments, owner, run.path, f"Export {run.path.name}"), folder

    def faces(self, run: RunDir, values: dict[str, Any], owner: str) -> str:
        """Queues what has to be done about the faces of a run and returns the job's id.

        Args:
            run: the run.
            values: plain JSON values as ``job_verbs`` takes them: ``settings`` (those of ``FaceSettings`` that are not
                to stay as they are), ``people`` (``PeopleSettings``: group the faces), ``again`` (read them anew).
            owner: see ``extract``.

        Raises:
            SettingsError, ModelError, SourceError: what is wrong with them. RunBusy: a job works in this run.
        """
        for name in values:
            if name not in FACE_KEYS:
                raise SettingsError(f'"{name}" is not an argument{config.nearest(name, FACE_KEYS)}.')
        given = values.get("settings", {})
        settings = config.to_mapping(wanted := _settings(FaceSettings, given))
        check_faces(wanted.face_model, wanted.face_refs, self.inside)
        if "face_model" in given or not run.face_file.exists():
            from core.models.face_packs import find_pack

            find_pack(wanted.face_model)
        arguments: dict[str, Any] = {"run": str(run.path), "settings": {name: settings[name] for name in given}}
        if values.get("people") is not None:
            arguments["people"] = config.to_mapping(_settings(PeopleSettings, values["people"]))
        if "again" in values:
            arguments["again"] = _yes_or_no(values["again"], "again")
        what = "Find people in" if "people" in arguments else "Compare faces of" if "face_refs" in given else "Faces of"
        return self.queue.start("faces", arguments, owner, run.path, f"{what} {run.path.name}")

    def unsafe(self, wanted: Any) -> bool:
        """Returns whether weights may be loaded that can run any code.

        Raises:
            SettingsError: that is wanted, and whoever started the server has not allowed it.
        """
        if wanted is True and not self.unsafe_weights:
            raise SettingsError(
                "weights that may run any code are not loaded by this server; start it with --allow-unsafe-weights if "
                "you trust their maker."
            )
        return wanted is True

    def exported(self, state: JobState) -> Path | None:
        """Returns the folder that an export made, ``None`` for what is not one that may be shown: files can be forged.

        It is another folder than the allowed ones and the runs, lies in them, and holds the manifest that an export
        ends with; one that is gone is returned too.
        """
        from core.pipeline.export import MANIFEST

        dest = state.result.get("dest")
        try:
            folder = self._place(dest)
        except SettingsError:
            return None
        if state.verb != "export" or os.path.lexists(RunDir(folder).run_json):
            return None
        is_export = inside.is_file_in(folder / MANIFEST, [folder]) or not os.path.lexists(folder)
        return folder if is_export else None

    def sweep(self, state: JobState) -> None:
        """Removes what an export that ended too early left; its run and its place are checked before."""
        from core.pipeline.export import remove_partial

        dest = state.arguments.get("dest")
        if state.verb != "export" or state.state not in RESUMABLE or state.run is None or not self.inside(state.run):
            return
        with contextlib.suppress(SettingsError, OSError):
            remove_partial(self._place(dest), RunDir(Path(state.run)))

    def resume(self, job_id: str) -> None:
        """Starts a job that ended too early again.

        Raises:
            JobError: there is no such job, or its file names places outside the allowed folders.
            RunBusy: it is running.
        """
        self._check(self.queue.snapshot(job_id))
        self.queue.resume(job_id)

    def place(self, folder: Any) -> Path:
        """Returns the real path of a folder to save to, in the folder of runs or an allowed one. Makes nothing.

        Raises:
            SettingsError: it lies elsewhere.
        """
        if not isinstance(folder, str) or not folder.strip() or "\0" in folder:
            raise SettingsError("a folder for saved frames is wanted.")
        path = Path(os.path.realpath(_named(self.workspace.downloads / folder.strip())))
        if not self.inside(path):
            allowed = ", ".join(map(str, self._roots))
            raise SettingsError(f"{folder.strip()} is not in the allowed folders ({allowed}); choose a folder in them.")
        return path

    @property
    def _roots(self) -> tuple[Path, ...]:
        return (*self.workspace.roots, self.workspace.downloads)

    def _check(self, state: JobState) -> None:
        """What a file on disk says of a job is not ours until it was checked."""
        from core.video.source import is_url

        for place in (state.run, *(state.arguments.get(name) for name in PATHS)):
            if place and not (isinstance(place, str) and self.inside(place)):
                raise JobError(f"{state.title} works in a folder that is not allowed here; start it anew.")
        other = state.arguments.get("run")
        if other and state.run and os.path.realpath(other) != os.path.realpath(state.run):
            raise JobError(f"{state.title} lies in another run than the one it works in; start it anew.")
        if state.arguments.get("unsafe"):
            raise JobError(f"{state.title} loads weights that may run any code; start it anew.")
        for name in SOURCES:
            source = state.arguments.get(name)
            if source and not (isinstance(source, str) and is_url(source)):
                self.source(source if isinstance(source, str) else None)

        check_faces(*_faces_of(state), self.inside)

    def _place(self, dest: Any) -> Path:
        if not isinstance(dest, str) or not dest.strip() or "\0" in dest:
            raise SettingsError("dest is wanted as the path of a folder.")
        path = _named(self.workspace.downloads / dest)
        real = Path(os.path.realpath(path))
        if not self.inside(path) or real in (Path(os.path.realpath(root)) for root in self._roots):
            raise SettingsError(f"{dest} is not in the folder of runs or an allowed folder; choose another one.")
        return real

    def inside(self, path: str | Path) -> bool:
        """Whether a path lies in the folder of runs or an allowed one, links followed."""
        return inside.lies_in(path, self._roots)


def _named(path: Path) -> Path:
    """Lets a path pass that a file system can have. Raises ``SettingsError``."""
    try:
        lengths = [len(os.fsencode(part)) for part in path.parts]
    except UnicodeEncodeError:
        raise SettingsError("the name of the folder holds halves of signs (surrogates); type it anew.") from None
    if max(lengths, default=0) > MOST_NAME_BYTES or sum(lengths) > MOST_PATH_BYTES:
        raise SettingsError(
            f"the name of the folder has {max(lengths, default=0)} bytes; at most {MOST_NAME_BYTES} are taken, and "
            f"{MOST_PATH_BYTES} of the whole path."
        )
    return path


def _faces_of(state: JobState) -> tuple[str, tuple[str, ...]]:
    """Returns the face model and the photos that a job would open."""
    settings = state.arguments.get("settings")
    given = settings if isinstance(settings, Mapping) else {}
    photos = [state.arguments["photo"]] if "photo" in state.arguments else []
    if state.verb == "extract" and not (given.get("faces") or given.get("face_filter")):
        return FaceSettings().face_model, tuple(map(str, photos))
    references = given.get("face_refs") or ()
    photos += references if isinstance(references, (list, tuple)) else [references]
    return str(given.get("face_model", FaceSettings().face_model)), tuple(map(str, photos))


def _of_the_web(values: dict[str, Any]) -> dict[str, Any]:
    height = values.get("max_height")
    chosen = FetchSettings() if height is None else config.from_mapping(FetchSettings, {"max_height": height})
    found: dict[str, Any] = {"max_height": chosen.max_height}
    item = values.get("item")
    if item is not None:
        if type(item) is not int or not 1 <= item <= 100_000:
            raise SettingsError("item is wanted as the place of one video in its playlist, from 1 on.")
        found["item"] = item
    return found


def _yes_or_no(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{name} is wanted as true or false.")
    return value


def _settings(kind: type[Any], values: Any) -> Any:
    if not isinstance(values, dict):
        raise SettingsError("settings are wanted as an object of names and values.")
    return config.from_mapping(kind, values)


def _free(run: RunDir) -> Path:
    """The folder of an export, named as the command line names it, with a number where it is taken."""
    wanted = run.exported_dir(datetime.now())
    return next(path for path in _numbered(wanted) if not path.exists())


def _numbered(path: Path) -> Iterable[Path]:
    yield path
    for number in range(2, 10_000):
        yield path.with_name(f"{path.name}-{number}")
