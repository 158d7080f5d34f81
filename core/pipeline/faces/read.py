"""``faces``: the faces of a run are read, compared with photos and grouped."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.pipeline.faces.crops import cut_out, shown_rows
from core.pipeline.faces.update import FacesDone, update_faces
from core.settings.faces import FacesArguments
from core.settings.model import changed
from core.step import Outcome, Step, each
from core.store import face_file, run_file
from core.store import faces as face_store
from core.store.run import RunDir
from core.wording import plural

READING = "reading faces"
SHOWN_PEOPLE = 20


@dataclass(frozen=True)
class FacesRead(Outcome):
    """The faces of a run."""

    run: str
    model: str
    provider: str
    faces: int
    frames: int
    """Frames whose faces are known."""
    frames_with_faces: int
    references: list[str]
    people: list[dict[str, Any]] | None
    """``id``, ``name`` and number of ``faces`` of each; ``None``: they were never grouped."""

    def brief(self) -> dict[str, Any]:
        """The numbers; of people only how many."""
        names = ("run", "faces", "frames", "frames_with_faces", "provider")
        people = None if self.people is None else len(self.people)
        return {name: getattr(self, name) for name in names} | {"people": people}

    def lines(self) -> list[str]:
        """The numbers, then the largest people."""
        frames = plural(self.frames, "frame")
        lines = [f"{plural(self.faces, 'face')} on {self.frames_with_faces} of {frames} ({self.provider})"]
        lines += [f"  compared with {label}" for label in self.references]
        if self.people is None:
            return lines
        single = self.faces - sum(person["faces"] for person in self.people)
        lines.append(f"  {len(self.people)} people, {plural(single, 'single face')}")
        for person in self.people[:SHOWN_PEOPLE]:
            name = f" ({person['name']})" if person["name"] else ""
            lines.append(f"  person {person['id']}{name}: {plural(person['faces'], 'face')}")
        if len(self.people) > SHOWN_PEOPLE:
            lines.append(f"  and {len(self.people) - SHOWN_PEOPLE} more")
        return lines


def faces(arguments: FacesArguments) -> Generator[Step, None, FacesRead]:
    """Reads the faces of a run that are not known yet, compares and groups them; cuts out the best of each person.

    Raises:
        ModelError, SourceError, SettingsError, RunError, RunBusy: as ``update_faces``.
    """
    run = RunDir(arguments.run)
    run_file.read(run.run_json)  # what is no run is said before it is named as one
    yield Step(READING, run=run.path.absolute())
    done: FacesDone = yield from each(
        update_faces(
            run.path,
            arguments.given,
            again=arguments.again,
            people=arguments.people,
            names=arguments.person_names,
            video=arguments.video,
        ),
        lambda read: Step(READING, *read),
    )
    if arguments.cut and done.people is not None:
        yield from _cut_out(run, done, arguments.video)
    return FacesRead(
        run=str(run.path),
        model=Path(done.faces.model).name,
        provider=done.faces.provider,
        faces=done.rows,
        frames=done.frames,
        frames_with_faces=done.with_faces,
        references=[reference.label for reference in done.faces.references],
        people=None
        if done.people is None
        else [{"id": p.id, "name": p.name, "faces": len(p.rows)} for p in done.people],
    )


def resumed(arguments: FacesArguments, run: Path) -> FacesArguments:
    """Returns the arguments with which an interrupted start goes on: what it had begun to read anew stays."""
    state = face_file.read(RunDir(run).face_file)
    began = state is not None and state.read_from is not None
    return changed(arguments, again=arguments.again and not began)


def _cut_out(run: RunDir, done: FacesDone, video: Path | None) -> Generator[Step, None, None]:
    table = face_store.load(run, done.faces.dimension)
    best, singles = shown_rows(done.people, table)
    rows = [row for some in best for row in some] + singles
    cutting = Step("cutting out faces", 0, len(rows), unit="faces")
    yield cutting
    with run.lock(), closing(cut_out(run.path, rows, video)) as cuts:
        for count in cuts:
            yield Step(cutting.phase, count, len(rows), unit="faces")
