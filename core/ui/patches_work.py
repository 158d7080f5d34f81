"""What Training Patches does for the page and for programs: looks at samples, starts jobs, tells how far they are.

Not here: the controls (``patches_tab``), what is typed into them (``patches_form``), addresses (``patches_routes``).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import files
from core.errors import RequestError, SettingsError
from core.jobs.state import JobState
from core.pipeline.patches import config as configuration
from core.pipeline.patches.config import Config
from core.pipeline.patches.outcome import WHY, summed
from core.pipeline.patches.planned import digest_of, planned
from core.settings.model import differences, from_mapping
from core.settings.patches import PatchesArguments, PatchSettings
from core.store import patch_dir
from core.store.patch_dir import PatchDir, Status
from core.ui.patches_form import configuration_of, form_of, values_of
from core.ui.patches_looks import PatchLooks
from core.ui.places import named
from core.ui.verbs import Verbs
from core.wording import plural

CONFIG = "generator_config.json"
"""What the configuration of a folder of patches is called; the command line takes it, too."""
USUAL = "patches"
"""The folder that patches go to, below that of the runs, where none is named."""
VERB = "patches"
MOST_WORKERS = 256


class PatchesWork:
    """What the routes, the tab and the endpoints share. Thread-safe."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs, self.looks = verbs, PatchLooks()

    # --- what is asked for

    def values(self, form: Mapping[str, Any], settings: Mapping[str, Any], out: Any, run: Any = None) -> dict[str, Any]:
        """Returns the configuration of a form; without videos that of the run with this id. Raises as ``values_of``."""
        rows = form.get("videos")
        named_videos = any(row if isinstance(row, str) else (row or {}).get("path") for row in rows or ())
        if run and not named_videos:
            first = next((row for row in rows or () if isinstance(row, dict)), {})
            video = self._verbs.workspace.run(str(run)).saved.video.path
            form = {**form, "videos": [{**first, "path": str(video)}]}
        return values_of(form, settings, self.folder(out), self._verbs.places)

    def folder(self, text: Any) -> Path:
        """Returns the folder that patches go to. Raises ``SettingsError``: it may not be written."""
        typed = str(text or "").strip() or USUAL
        try:
            return self._verbs.places.export_folder(typed)
        except SettingsError as error:
            raise SettingsError(str(error), code=error.code, field="out") from None

    def look(self, values: Mapping[str, Any], owner: str) -> str:
        """Begins to make sample windows of a configuration, and returns the id of the look."""
        return self.looks.begin(values, Path(values["base_settings"]["output_base_dir"]), owner)

    def cut(self, values: Mapping[str, Any], how: Mapping[str, Any], owner: str, *, dry_run: bool = False) -> str:
        """Starts the job that cuts the patches of a configuration, and returns its id.

        The configuration is written into the folder of the patches, where the command line finds it, too.

        Args:
            values: from ``values``.
            how: ``workers``, ``nice``, ``min_free_gb``, ``resume`` as plain JSON values.
            owner: of the job.
            dry_run: only to tell how many there would be.

        Raises:
            SettingsError: the folder holds patches of another configuration. RunBusy: a job works there.
        """
        how = differences(from_mapping(PatchesArguments, how))
        config = configuration_of(values)
        folder = PatchDir(config.out)
        self._check_same(folder, config, resumes=how.get("resume", True))
        self._verbs.queue.withdraw(folder.path, lambda: _write_config(folder, values))
        arguments = {"config": str(folder.path / CONFIG), **how} | ({"dry_run": True} if dry_run else {})
        videos = config.videos
        of = videos[0].name if len(videos) == 1 else plural(len(videos), "video")
        return self._verbs.start(VERB, arguments, owner, f"Patches of {of}", folder.path)

    def verify(self, text: Any, owner: str) -> str:
        """Starts the job that checks a folder of patches against its manifest, and returns its id."""
        folder = PatchDir(self.folder(text))
        if not folder.manifest.is_file():
            sentence = f"{folder.path} holds no patches; name the folder that they were written to."
            raise SettingsError(sentence, code="no_manifest", field="out")
        return self._verbs.start(VERB, {"verify": str(folder.path)}, owner, f"Check {folder.path.name}", folder.path)

    # --- configurations as files

    def load(self, text: Any) -> dict[str, Any]:
        """Returns what the form shows of a file, as ``form_of``. Raises ``SettingsError``."""
        return form_of(self._file(text))

    def save(self, text: Any, values: Mapping[str, Any], workers: Any) -> Path:
        """Writes a configuration into a file, which is returned. Raises ``SettingsError``, ``StorageError``."""
        path = self._file(text)
        if path.suffix.lower() != ".json":
            raise SettingsError(f"{path.name} is no name of a configuration; let it end in .json.", field="config")
        base = dict(values["base_settings"]) | ({"max_workers": workers} if workers else {})
        files.write_json(path, {**values, "base_settings": base})
        return path

    def _file(self, text: Any) -> Path:
        if not isinstance(text, str) or not text.strip() or "\0" in text:
            raise SettingsError("name a file, such as generator_config.json.", code="no_config", field="config")
        path = named(self._verbs.workspace.downloads / Path(text.strip()).expanduser())
        if not self._verbs.places.allows(path):
            sentence = f"{path} is not in the allowed folders; choose a file with Browse."
            raise SettingsError(sentence, code="not_allowed", field="config")
        return path

    # --- while it runs

    def track(self, job_id: str) -> dict[str, Any]:
        """Returns how far the patches of a job are, or what its check found, as plain JSON values.

        Raises:
            JobError, RequestError, RunError: there is no such job, it cuts none, or what it wrote cannot be read.
        """
        state = self._verbs.queue.snapshot(job_id)
        if state.verb == VERB and state.arguments.get("verify"):
            return {"verified": dict(state.result)}
        path = self._config_of(state)
        config, folder = configuration.read(path), PatchDir(path.parent)
        status = patch_dir.read_status(folder) or Status("")
        if status.digest != digest_of(config):
            status = Status("")  # that of an earlier configuration, until the job begins anew
        wish = patch_dir.read_control(folder)
        more = {"paused": wish.get("paused") is True, "workers": wish.get("workers")}
        return {"folder": str(folder.path), **_told(config, status), **more, "free": _free(folder.path)}

    def control(self, job_id: str, paused: Any = None, workers: Any = None) -> dict[str, Any]:
        """Has a job wait or go on, or write with so many threads; ``None`` = as before. Returns what is wanted now.

        Raises:
            JobError: there is no such job. SettingsError: that is no number of threads.
        """
        folder = PatchDir(self._config_of(self._verbs.queue.snapshot(job_id)).parent)
        if workers is not None:
            workers = int(workers) if isinstance(workers, float) and workers.is_integer() else workers
            from_mapping(PatchesArguments, {"workers": workers})
        wish = {**patch_dir.read_control(folder)}
        wish |= {} if paused is None else {"paused": paused is True}
        wish |= {} if workers is None else {"workers": workers}
        files.write_json(folder.control, wish)
        return {"paused": wish.get("paused") is True, "workers": wish.get("workers")}

    def _config_of(self, state: JobState) -> Path:
        """The configuration of a job; what a file on disk says of one is checked."""
        path = state.arguments.get("config")
        if state.verb != VERB or not isinstance(path, str) or not self._verbs.places.allows(path):
            raise RequestError("this job cuts no patches.", code="not_found")
        return Path(path)

    def _check_same(self, folder: PatchDir, config: Config, *, resumes: bool) -> None:
        found = patch_dir.read_status(folder) if resumes else None
        if found is not None and found.digest != digest_of(config):
            raise SettingsError(
                f"{folder.path} holds patches of other settings or videos; name another folder, or have it begun anew "
                "(take the tick from Go on where it stopped).",
                code="other_config",
                field="out",
            )


def form_settings(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Splits values of the form's settings: those of ``PatchSettings``, and how the job is run."""
    known = PatchSettings.model_fields
    return (
        {name: value for name, value in values.items() if name in known},
        {name: value for name, value in values.items() if name not in known},
    )


def _write_config(folder: PatchDir, values: Mapping[str, Any]) -> None:
    """What is written before a job begins; a pause that somebody wanted of an earlier one is over."""
    files.make_folder(folder.path)
    files.write_json(folder.path / CONFIG, values)
    folder.control.unlink(missing_ok=True)


def _told(config: Config, status: Status) -> dict[str, Any]:
    _, plan = planned(config)
    states = status.videos
    taken = sum(state.taken for state in states.values())
    tries = summed([state.tries for state in states.values()])
    missed = summed([state.missed for state in states.values()])
    return {
        "categories": [
            {
                "name": name,
                "patches": status.patches.get(name, 0),
                "wanted": plan[name] if category.target is None else category.target,
                "target": category.target is not None,
            }
            for name, category in config.categories.items()
        ],
        "videos": [_video(one.name, one.stem, status) for one in config.videos],
        "bytes": status.bytes,
        "taken": taken,
        "lost": sum(state.lost for state in states.values()),
        "tried": taken + sum(tries.values()),
        "tries": {WHY.get(name, name): number for name, number in tries.items()},
        "missed": {WHY.get(name, name): number for name, number in missed.items()},
        "stacks": len(config.settings.lr_versions),
    }


def _video(name: str, stem: str, status: Status) -> dict[str, Any]:
    state = status.videos.get(stem)
    if state is None:
        return {"name": name, "windows": None, "decided": 0, "done": False}
    return {"name": name, "windows": state.windows, "decided": state.taken + state.lost, "done": state.done}


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
