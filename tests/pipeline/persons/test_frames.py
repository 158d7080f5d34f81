"""Persons in the records of runs: written into every run of the video, filtered by, by the ids that they have now."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.pipeline.chosen import chosen_by
from core.pipeline.persons import edits
from core.pipeline.persons.canonical import Material
from core.pipeline.persons.frames import tell_runs
from core.pipeline.persons.home import home_of, persons_of_run
from core.settings.filter import FilterSettings
from core.settings.persons import PersonGroup
from core.store import face_file, jsonl, person_edits, persons, selection
from core.store.run import RunDir
from core.store.table import load_table
from core.video.probe import probe
from tests.pipeline.persons import people as blocks
from tests.verbs import outcome_of

STAGES = "1,2,3,4"


@pytest.fixture
def clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from core.pipeline.persons.detect import detect_persons

    monkeypatch.chdir(tmp_path)
    known = dict(detect_persons.__kwdefaults__) | {"opener": blocks.open_blocks}
    monkeypatch.setattr("core.pipeline.persons.detect.detect_persons.__kwdefaults__", known)
    (tmp_path / "films").mkdir()
    (tmp_path / "blocks.pt").write_text("blocks")
    return blocks.film(tmp_path / "films" / "film.mp4")


def people(clip: Path) -> None:
    outcome_of("people", video=clip, weights=clip.parents[1] / "blocks.pt", stages=STAGES)


def ids_of(run: Path) -> dict[int, list[int] | None]:
    return {line["frame_number"]: line.get("person_ids") for line in jsonl.read(run / "metadata.jsonl")}


def test_every_run_of_a_video_names_its_persons_those_made_later_too(clip: Path, tmp_path: Path) -> None:
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 8})
    downloads = tmp_path / "downloads"
    assert set(ids_of(downloads / "film").values()) == {None}
    people(clip)
    found = persons.read_persons(downloads / "film" / "persons" / "canonical_persons.npz")
    seen = {
        frame: sorted(int(p) for p in found.person_ids if frame in found.frame_numbers[found.rows(int(p))])
        for frame in range(40)
    }
    assert ids_of(downloads / "film") == {frame: seen[frame] for frame in range(0, 40, 8)}
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 5})
    assert ids_of(downloads / "film-2") == {frame: seen[frame] for frame in range(0, 40, 5)}
    assert persons_of_run(RunDir(downloads / "film-2")).path == downloads / "film" / "persons"
    table = load_table(RunDir(downloads / "film-2"))
    assert sorted(table.people) == sorted(found.person_ids.tolist())


def test_a_filter_follows_who_went_up_in_another(clip: Path, tmp_path: Path) -> None:
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 8})
    people(clip)
    run = RunDir(tmp_path / "downloads" / "film")
    folder = persons_of_run(run)
    one, other = persons.read_persons(folder.persons).person_ids.tolist()[:2]
    before = chosen_by(run.path, FilterSettings(person_ids=(other,))).kept.tolist()
    filtered = outcome_of("filter", run=run.path, filters={"person_ids": [other]})
    assert filtered.ordinals == before
    material = Material.read(folder)
    grouped = material.grouped(PersonGroup(), person_edits.read(folder.edits))
    material.write(material.grouped(PersonGroup(), edits.merge(grouped, [one, other])))
    assert tell_runs(folder) == []
    assert all(other not in (ids or ()) for ids in ids_of(run.path).values())
    kept = chosen_by(run.path, FilterSettings(person_ids=(other,))).kept.tolist()
    assert kept == chosen_by(run.path, FilterSettings(person_ids=(one,))).kept.tolist()
    assert set(kept) >= set(before)
    saved = selection.read(run.selection)
    assert saved is not None
    assert saved.filters is not None
    assert saved.filters.person_ids == (other,), "what was saved stays as it was said"


def test_a_run_in_which_somebody_works_is_named_and_left(clip: Path, tmp_path: Path) -> None:
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 8})
    people(clip)
    run = RunDir(tmp_path / "downloads" / "film")
    with run.lock():
        [notice] = tell_runs(persons_of_run(run))
    assert notice.code == "run_not_told"


def test_persons_stay_where_they_are_when_a_run_before_is_deleted(clip: Path, tmp_path: Path) -> None:
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 8})
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 5})
    downloads = tmp_path / "downloads"
    (downloads / "film").rename(tmp_path / "gone")
    people(clip)
    assert (downloads / "film-2" / "persons" / "canonical_persons.npz").exists()
    outcome_of("extract", source=clip, settings={"method": "every_nth", "every": 8})
    folder, _ = home_of(probe(clip), None, downloads, make=False)
    assert folder.path == downloads / "film-2" / "persons"
    assert face_file.read(RunDir(downloads / "film").face_file) is None
    assert np.any([bool(ids) for ids in ids_of(downloads / "film").values()])
