"""Starts the verbs as jobs, for the page and for the API: whatever comes in is read and checked here, in one place.

The child of a job reads its arguments again; here is decided which files it may be sent to (``places``).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from core import inside
from core.errors import FramesieveError, JobError, SettingsError
from core.jobs.queue import JobQueue
from core.jobs.state import RESUMABLE, JobState
from core.pipeline.verbs import verb_of
from core.settings.extract import ExtractArguments
from core.settings.faces import FacesArguments
from core.settings.filter import FilterSettings
from core.settings.model import Model, nearest, to_mapping
from core.store import run_file
from core.store.run import RunDir
from core.ui import owner as owner_words
from core.ui.places import Places
from core.ui.session import Workspace

EXTRACT_KEYS = ("max_height", "item", "resume")
"""What ``extract`` takes beside the settings."""
FACE_KEYS = ("settings", "people", "again")
"""What ``faces`` takes here; the run and its video are the server's."""


class Verbs:
    """The queue as people and programs may use it."""

    def __init__(self, workspace: Workspace, queue: JobQueue, *, unsafe_weights: bool = False) -> None:
        """Remembers what it works on; ``unsafe_weights``: whoever started the server trusts all weights."""
        self.workspace = workspace
        self.queue = queue
        self.places = Places(workspace.downloads, tuple(workspace.roots))
        self.unsafe_weights = unsafe_weights

    def start(self, verb: str, values: Mapping[str, Any], owner: str, title: str, run: Path | None = None) -> str:
        """Queues any verb and returns the job's id.

        Args:
            verb: a key of ``pipeline.verbs.VERBS``.
            values: plain JSON values of its arguments.
            owner: see ``owner``.
            title: for people.
            run: the folder that it works in, where that is known.

        Raises:
            SettingsError, SourceError, ModelError: what is wrong with them. RunBusy: the same is queued or running.
        """
        self.places.check(verb_of(verb).read(values))
        return self.queue.start(verb, values, owner, run, title)

    def owner_of(self, event: Any) -> str:
        """Returns whose browser sent an event of the page, by the word in its data; a program sends none."""
        word = event.get("owner") if isinstance(event, dict) else None
        return owner_words.proven(word if isinstance(word, str) else None, self.workspace.secret()) or owner_words.API

    def extract(self, source: Any, values: Any, owner: str) -> str:
        """Queues an extraction and returns the job's id; a video on the web is downloaded first.

        Args:
            source: see ``Places.source``.
            values: ``ExtractSettings`` as plain JSON values, and ``max_height``, ``item``, ``resume``.
            owner: see ``owner``.

        Raises:
            SourceError, SettingsError, ModelError: what is wrong with them. RunBusy: the same is queued or running.
        """
        if not isinstance(values, dict):
            raise SettingsError(
                'settings are wanted as an object, for example {"method": "interval", "interval": 2}.', code="no_object"
            )
        found = self.places.source(source)
        settings = {name: value for name, value in values.items() if name not in EXTRACT_KEYS}
        beside = {name: values[name] for name in EXTRACT_KEYS if values.get(name) is not None}
        source = str(found) if isinstance(found, Path) else found.text
        arguments: dict[str, Any] = {"source": source, "settings": settings} | beside
        arguments |= {"downloads": str(self.workspace.downloads)}
        wanted = verb_of("extract").read(arguments)
        assert isinstance(wanted, ExtractArguments)
        if isinstance(found, Path):
            beside.pop("max_height", None)
            beside.pop("item", None)
        if wanted.settings.reads_faces:
            self.places.check(wanted)
            _find_pack(wanted.settings.face_model)
        arguments["settings"] = _given(wanted.settings) | {"thumbs": True}
        title = f"Extract {found.name if isinstance(found, Path) else source}"
        return self.start("extract", arguments, owner, title)

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
        folder = self.places.export_folder(dest) if dest else _free(run)
        arguments = {"run": str(run.path), "filters": to_mapping(filters), "dest": str(folder)}
        arguments |= {name: value for name, value in (("digest", digest), ("settings", settings)) if value is not None}
        return self.start("export", arguments, owner, f"Export {called(run)}", run.path), folder

    def faces(self, run: RunDir, values: dict[str, Any], owner: str) -> str:
        """Queues what has to be done about the faces of a run and returns the job's id.

        Args:
            run: the run.
            values: plain JSON values: ``settings`` (those of ``FaceSettings`` that are not to stay as they are),
                ``people`` (``PeopleSettings``: group the faces), ``again`` (read them anew).
            owner: see ``extract``.

        Raises:
            SettingsError, ModelError, SourceError: what is wrong with them. RunBusy: a job works in this run.
        """
        for name in values:
            if name not in FACE_KEYS:
                sentence = f'"{name}" is not an argument{nearest(name, FACE_KEYS)}.'
                raise SettingsError(sentence, code="unknown_argument", field=name)
        arguments = {"run": str(run.path)} | values
        wanted = verb_of("faces").read(arguments)
        assert isinstance(wanted, FacesArguments)
        self.places.check(wanted)
        given = wanted.settings.model_fields_set
        if "face_model" in given or not run.face_file.exists():
            _find_pack(wanted.settings.face_model)
        what = "Find people in" if wanted.people else "Compare faces of" if "face_refs" in given else "Faces of"
        return self.start("faces", arguments, owner, f"{what} {called(run)}", run.path)

    def unsafe(self, wanted: Any) -> bool:
        """Returns whether weights may be loaded that can run any code.

        Raises:
            SettingsError: that is wanted, and whoever started the server has not allowed it.
        """
        if wanted is True and not self.unsafe_weights:
            raise SettingsError(
                "weights that may run any code are not loaded by this server; start it with --allow-unsafe-weights if "
                "you trust their maker.",
                code="unsafe_not_allowed",
                field="unsafe",
            )
        return wanted is True

    def exported(self, state: JobState) -> Path | None:
        """Returns the folder that an export made, ``None`` for what is not one that may be shown: files can be forged.

        It is another folder than the allowed ones and the runs, lies in them, and holds the manifest that an export
        ends with; one that is gone is returned too.
        """
        from core.pipeline.export_folder import MANIFEST

        dest = state.result.get("dest")
        try:
            folder = self.places.export_folder(dest)
        except SettingsError:
            return None
        if state.verb != "export" or os.path.lexists(RunDir(folder).run_json):
            return None
        is_export = inside.is_file_in(folder / MANIFEST, [folder]) or not os.path.lexists(folder)
        return folder if is_export else None

    def sweep(self, state: JobState) -> None:
        """Removes what an export that ended too early left; its run and its place are checked before."""
        from core.pipeline.export_folder import remove_partial

        dest = state.arguments.get("dest")
        run = state.run
        if state.verb != "export" or state.state not in RESUMABLE or run is None or not self.places.allows(run):
            return
        with contextlib.suppress(SettingsError, OSError):
            remove_partial(self.places.export_folder(dest), RunDir(Path(run)))

    def resume(self, job_id: str) -> None:
        """Starts a job that ended too early again.

        Raises:
            JobError: there is no such job, or its file names places outside the allowed folders.
            RunBusy: it is running.
        """
        self._check(self.queue.snapshot(job_id))
        self.queue.resume(job_id)

    def _check(self, state: JobState) -> None:
        """What a file on disk says of a job is not ours until it was checked."""
        if state.run and not self.places.allows(state.run):
            sentence = f"{state.title} works in a folder that is not allowed here; start it anew."
            raise JobError(sentence, code="not_allowed")
        try:
            arguments = verb_of(state.verb).read(state.arguments)
            self.places.check(arguments)
        except FramesieveError as error:
            sentence = f"{state.title} cannot be gone on with ({str(error).rstrip('.')}); start it anew."
            raise JobError(sentence, code=error.code, field=error.field) from error
        other = getattr(arguments, "run", None)
        if other and state.run and os.path.realpath(other) != os.path.realpath(state.run):
            sentence = f"{state.title} lies in another run than the one it works in; start it anew."
            raise JobError(sentence, code="not_allowed")
        if getattr(arguments, "unsafe", False):
            raise JobError(f"{state.title} loads weights that may run any code; start it anew.", code="not_allowed")


def called(run: RunDir) -> str:
    """Returns what people call a run: its title, else the name of its folder."""
    return run_file.title_of(run.run_json) or run.path.name


def _find_pack(model: str) -> None:
    from core.models.face_packs import find_pack

    find_pack(model)


def _given(settings: Model) -> dict[str, Any]:
    """The settings that were given, as plain JSON values."""
    return {name: value for name, value in to_mapping(settings).items() if name in settings.model_fields_set}


def _free(run: RunDir) -> Path:
    """The folder of an export, named as the command line names it, with a number where it is taken."""
    wanted = run.exported_dir(datetime.now())
    return next(path for path in _numbered(wanted) if not path.exists())


def _numbered(path: Path) -> Iterable[Path]:
    yield path
    for number in range(2, 10_000):
        yield path.with_name(f"{path.name}-{number}")
