"""What Subject Masking does for the page and for programs: shots told, points kept, clicks answered, jobs started.

Not here: addresses (``masking_routes``), names (``masking_api``), which videos there are (``masking_homes``).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import FramesieveError, RequestError, RunError, SettingsError
from core.settings.masks import MASKERS, MaskArguments, MaskSettings
from core.settings.model import differences, from_mapping, to_mapping
from core.store import annotations as annotation_file
from core.ui import masking_view
from core.ui.masking_homes import Homes, Part, Subject
from core.ui.masking_live import ClickChildren
from core.ui.review_boxes import Boxes
from core.ui.verbs import Verbs

if TYPE_CHECKING:
    from core.pipeline.masks.home import Home
    from core.store.shot_notes import ShotNote

MOST_PROMPTS = 5000
"""Of one shot."""


class MaskingWork:
    """What the routes and the endpoints share. Thread-safe."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs, self.homes = verbs, Homes(verbs)
        self.boxes, self.clicks = Boxes(verbs.workspace), ClickChildren()

    def facts(self, subject: Subject) -> dict[str, Any]:
        """Returns everything that is told of a subject: its videos and all of their shots."""
        run = subject.run
        facts: dict[str, Any] = {"id": subject.id, "name": subject.path.name, "path": str(subject.path)}
        facts |= {"run_id": run and run.id, "homes": {}, "shots": [], "wrong": None}
        if run is not None:
            facts["name"] = run.title or run.run.path.name
        settings = MaskSettings()
        for part in subject.parts:
            try:
                home = part.home()
                told = masking_view.home_facts(home, part.path.name, part.number)
                told_shots = masking_view.shots_told(home, part.id, settings)
                facts["shots"] += [shot | {"segment": part.number} for shot in told_shots]
                facts["homes"][part.id] = told
            except FramesieveError as error:
                facts["wrong"] = facts["wrong"] or error.to_mapping()
        facts["shots"] = masking_view.with_places(facts["shots"])
        alone = subject.parts[0].home() if len(subject.parts) == 1 and facts["homes"] else None
        facts["seeds"] = {"persons": [], "face": False} if alone is None else masking_view.seeds_of(alone)
        return facts | {"mark": masking_view.mark_of(facts["shots"]), "doubt": settings.doubtful}

    def shots(self, subject: Subject) -> list[dict[str, Any]]:
        """Returns all shots, each with the number of its ``segment``. Raises ``RunError``, ``SourceError``."""
        settings, found = MaskSettings(), []
        for part in subject.parts:
            told = masking_view.shots_told(part.home(), part.id, settings)
            found += [shot | {"segment": part.number} for shot in told]
        return found

    def shot(self, subject: Subject, segment: Any, number: Any) -> dict[str, Any]:
        """Returns one shot. Raises ``SettingsError``: there is no such segment or shot."""
        parts = [part for part in subject.parts if segment is None or part.number == segment]
        if not parts:
            raise SettingsError(f"there is no segment {segment}.", code="no_segment", field="segment")
        told = self.shots(Subject(subject.id, subject.path, subject.run, parts[:1]))
        found = next((shot for shot in told if shot["number"] == number), None)
        if found is None:
            sentence = f"there is no shot {number}; shots are 0 to {len(told) - 1}."
            raise SettingsError(sentence, code="no_shot", field="shot")
        return found

    def part(self, shot: Mapping[str, Any]) -> Part:
        """Returns the video of a shot."""
        return self.homes.part(shot["home"])

    def again(self, shot: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a shot as it stands now."""
        part = self.part(shot)
        return self.told(part, part.home(), shot["start"]) | {"segment": shot["segment"]}

    def keys(self, run: Any, text: str) -> list[str]:
        """Returns the keys of shots that are named by numbers, as in ``3,7``. Raises ``SettingsError``."""
        wanted = MaskArguments(shots=text).wanted_shots or ()
        subject = self.meant(run)
        return [self.shot(subject, None, number)["key"] for number in wanted]

    def meant(self, text: Any) -> Subject:
        """Returns the subject of an id, the name of a run, or a path. Raises ``SettingsError``, ``SourceError``."""
        if not isinstance(text, str) or not text.strip():
            raise SettingsError("open a run first, or name a folder of segments.", field="run")
        try:
            return self.homes.subject(text)
        except RequestError:
            pass
        try:
            return self.homes.named({"run": self._verbs.workspace.named(text).id})
        except RunError:
            return self.homes.at(text)

    def told(self, part: Part, home: Home, start: int) -> dict[str, Any]:
        """Returns the shot that begins at this ordinal. Raises ``SettingsError``: none does."""
        shots = masking_view.shots_told(home, part.id, MaskSettings())
        found = next((shot for shot in shots if shot["start"] == start), None)
        if found is None:
            raise SettingsError(f"no shot begins at frame {start}.", code="no_shot", field="start")
        return found

    def preview(
        self, part: Part, home: Home, body: Mapping[str, Any], asker: str, green: bool = False
    ) -> dict[str, Any]:
        """Returns the mask of what is said on a frame, as ``click_main.told``.

        Args:
            part: the video.
            home: where its masks lie.
            body: ``frame``, ``prompts`` (of that frame), ``masker`` (as the page's controls say it).
            asker: of two questions of one asker the older one may go unanswered.
            green: whether the picture before a green screen is wanted too.

        Raises:
            SettingsError, WeightsError: what is wrong.
        """
        from core.pipeline.masks.click_main import note_of

        frame = number(body, "frame")
        start, end = self.around(home, frame)
        message = {"start": start, "end": end, "prompt_frame": frame, "prompts": prompts_of(body)}
        note_of(message)
        weights, settings, unsafe = self.masker(body.get("masker"))
        message |= {"home": str(part.path), "frame": frame, "asker": asker, "green": green}
        return self.clicks.ask(weights, settings, unsafe, message)

    def around(self, home: Home, frame: int) -> tuple[int, int]:
        """Returns ``[start, end)`` of the shot with this frame. Raises ``SettingsError``: there is no such frame."""
        from core.pipeline.masks.shots import shots_of

        found = next(((start, end) for start, end in shots_of(home) if start <= frame < end), None)
        if found is None:
            sentence = f"there is no frame {frame}; the video has the frames 0 to {home.frames - 1}."
            raise SettingsError(sentence, code="no_frame", field="frame", frame=frame)
        return found

    def masker(self, said: Any) -> tuple[Path | None, dict[str, Any], bool]:
        """Returns weights, settings and whether they may run code, as the page or a program says them.

        Raises:
            SettingsError, WeightsError: what is wrong.
        """
        if not isinstance(said, Mapping):
            raise SettingsError("choose a masker first.", code="no_object", field="masker")
        wanted = {name: value for name, value in said.items() if name in MaskSettings.model_fields}
        settings = differences(from_mapping(MaskSettings, wanted))
        may_run_code = self._verbs.unsafe(said.get("unsafe"))
        text = str(said.get("weights") or "").strip()
        weights = Path(self.boxes.choose(text)[1].path) if text else None
        settings = to_mapping(MaskSettings()) | settings
        _check_runs(settings["masker"], weights, settings["device"])
        return weights, settings, may_run_code

    def there(self, said: Mapping[str, Any]) -> dict[str, str | Path | None]:
        """The files that are named for each masker; one that may not be read counts as one that is not there."""
        found: dict[str, str | Path | None] = {}
        for name in MASKERS:
            text = said.get(name)
            if isinstance(text, str) and text.strip():
                try:
                    found[name] = self.boxes.choose(text.strip())[1].path
                except FramesieveError:
                    found[name] = Path(text.strip()) if self._verbs.places.allows(text.strip()) else None
        return found

    def save(self, part: Part, home: Home, body: Mapping[str, Any]) -> ShotNote | None:
        """Keeps what is said of a shot; of nothing, the shot is forgotten.

        Args:
            part: the video.
            home: where it is kept.
            body: ``start`` of the shot, ``prompt_frame``, ``prompts``; ``revision`` that the page knows, and ``force``.

        Raises:
            SettingsError: they are not that. RunError: somebody else saved this shot since.
        """
        from core.models.masking import check_prompts
        from core.pipeline.masks.click_main import note_of

        start, end = self.around(home, number(body, "start"))
        seen = None if body.get("force") is True else body.get("revision")
        if not prompts_of(body):
            annotation_file.delete_note(home.dir.annotations, start, seen)
            return None
        frame = number(body, "prompt_frame")
        note = note_of({"start": start, "end": end, "prompt_frame": frame, "prompts": prompts_of(body)})
        check_prompts(note.of(), end - start, home.width, home.height)
        size = home.width, home.height
        annotation_file.save_note(home.dir.annotations, note, seen, fingerprint=home.fingerprint, size=size)
        return note

    def process(
        self, subject_id: Any, shots: Any, said: Any, more: Mapping[str, Any], word: str, title: str = "Masks of"
    ) -> str:
        """Starts the job that masks shots, and returns its id.

        Args:
            subject_id: of what is open, or a path.
            shots: keys of shots as the page knows them; ``None`` = all that have points.
            said: the masker, as ``masker``.
            more: further arguments of ``mask``: ``exports``, ``auto``.
            word: the owner of the job.
            title: of the job, before the name of what is masked.

        Raises:
            SettingsError, WeightsError: what is wrong. RunBusy: a job works there already.
        """
        subject = self.meant(subject_id)
        weights, settings, unsafe = self.masker(said)
        arguments: dict[str, Any] = {"settings": settings, "unsafe": unsafe} | dict(more)
        arguments |= {} if weights is None else {"weights": str(weights)}
        self.clicks.rest()
        return self._start(subject, shots, arguments, word, title)

    def export(self, subject_id: Any, wanted: Mapping[str, Any], word: str) -> str:
        """Starts the job that writes what is made of the masks that are there, and returns its id.

        No masker is asked: what is seen is written, whatever was chosen since. Args and raises as ``process``.
        """
        arguments = {"export_only": True, "exports": dict(wanted)}
        return self._start(self.meant(subject_id), None, arguments, word, "Export subjects of")

    def _start(self, subject: Subject, shots: Any, arguments: dict[str, Any], word: str, title: str) -> str:
        arguments |= self._where(subject, shots)
        run = Path(arguments["run"]) if "run" in arguments else None
        name = subject.path.name if run is None else run.name
        return self._verbs.start("mask", arguments, word, f"{title} {name}", run)

    def _where(self, subject: Subject, shots: Any) -> dict[str, Any]:
        """Which folder, and which of its shots by their numbers.

        One segment of several is exported as all of them are: into the same folder, its frames by the same numbers.
        """
        if shots is None:
            return self._folder(subject)
        keys = [str(key).rpartition(":") for key in shots] if isinstance(shots, list) else []
        if len({part for part, _, _ in keys}) != 1:
            raise SettingsError("shots of one video are wanted.", field="shots")
        part = self.homes.part(keys[0][0])
        told = masking_view.shots_told(part.home(), part.id, MaskSettings())
        known = {str(shot["start"]): shot["number"] for shot in told}
        if missing := [start for _, _, start in keys if start not in known]:
            raise SettingsError(f"no shot begins at frame {missing[0]}.", code="no_shot", field="shots")
        where = {"shots": ",".join(str(known[start]) for _, _, start in keys)}
        return self._folder(subject) | where | ({"segments": str(part.number)} if len(subject.parts) > 1 else {})

    def _folder(self, subject: Subject) -> dict[str, Any]:
        if len(subject.parts) == 1:
            return {"run": str(subject.parts[0].path)}
        numbers = [part.number for part in subject.parts if part.number is not None]
        return {"base_video_dir": str(subject.path), "start_segment": min(numbers), "num_segments": max(numbers)}

    def new_asker(self) -> str:
        """Returns a name under which a program asks."""
        return secrets.token_hex(8)


SEEDS = ("primary", "face", "person")


def _check_runs(masker: str, weights: Path | None, device: str) -> None:
    """Lets a masker pass that can run here: what stands in its way is said before a job or a child is started."""
    from core.models.masking import masker_kinds

    kind = next(one for one in masker_kinds({masker: weights}, device) if one.name == masker)
    if kind.reason is not None:
        raise kind.reason


def number(body: Mapping[str, Any], name: str) -> int:
    """Returns a whole number from 0 of a body. Raises ``SettingsError``."""
    value = body.get(name)
    if type(value) is not int or not 0 <= value < 2**53:
        raise SettingsError(f"{name} is wanted as a whole number from 0.", field=name)
    return value


def seed_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what is to point at subjects: ``seed``, and ``person`` where it is one. Raises ``SettingsError``."""
    kind = body.get("seed")
    if kind not in SEEDS:
        raise SettingsError(f"seed is wanted as one of {', '.join(SEEDS)}.", code="setting_choice", field="seed")
    return {"seed": kind} | ({"person": number(body, "person")} if kind == "person" else {})


def prompts_of(body: Mapping[str, Any]) -> list[Any]:
    """Returns the prompts of a body, not looked at yet. Raises ``SettingsError``: they are no list of objects."""
    values = body.get("prompts")
    if not isinstance(values, list) or len(values) > MOST_PROMPTS or not all(isinstance(one, dict) for one in values):
        raise SettingsError("prompts are wanted as a list of objects.", field="points")
    return values
