"""Grouping and what people decide: nobody is fused silently, ids keep their meaning, edits survive a re-run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import RunError, SettingsError
from core.pipeline.persons import edits
from core.pipeline.persons.canonical import Grouped, Material, regroup, why
from core.records import VideoInfo
from core.settings.persons import PersonGroup
from core.store import person_edits, persons
from core.store.person_dir import PersonDir
from core.store.person_edits import MERGE, Edit, Edits
from core.store.persons import NOBODY
from tests.pipeline.persons.people import Walk, filled

WALKS: list[Walk] = [
    (0, 50, 100, 300, 2),
    (0, 90, 1500, 300, -1),
    (60, 99, 220, 300, 2),  # goes on where the first one stops
    (100, 180, 900, 500, 0),  # after the cut
    (100, 150, 300, 500, 1),
    (200, 260, 1200, 100, 1),
]
LOOKS = [0, 1, 0, 2, 0, 3]
CUTS = [100]


@pytest.fixture
def folder(tmp_path: Path, video: VideoInfo) -> PersonDir:
    return filled(tmp_path / "persons", video, WALKS, LOOKS, CUTS)


def grouped(folder: PersonDir, known: Edits | None = None, settings: PersonGroup | None = None) -> Grouped:
    material = Material.read(folder)
    return material.grouped(settings or PersonGroup(), known or person_edits.read(folder.edits))


def kept(folder: PersonDir, changed: Edits, settings: PersonGroup | None = None) -> Grouped:
    """Groups with edits, writes, and returns what stands now."""
    material = Material.read(folder)
    found = material.grouped(settings or PersonGroup(), changed)
    material.write(found)
    return found


def who(found: Grouped) -> list[int]:
    return found.who.tolist()


def test_tracklets_join_by_motion_and_by_looks(folder: PersonDir) -> None:
    assert who(kept(folder, Edits())) == [1, 2, 1, 3, 1, 4]
    log = json.loads(folder.log.read_text())
    assert {(merge["by"], tuple(merge["tracklets"])) for merge in log["merges"]} == {
        ("motion", (1, 3)),
        ("appearance", (1, 5)),
    } or {merge["by"] for merge in log["merges"]} == {"motion", "appearance"}
    assert log["merges"][0]["similarity"] == 1.0


def test_who_was_merged_by_faces_alone_is_one_person_when_bodies_are_found(folder: PersonDir) -> None:
    standing = tuple((frame, 915.0, 510.0, 945.0, 540.0) for frame in range(100, 140))
    walking = tuple((frame, 1215.0 + frame - 200, 110.0, 1245.0 + frame - 200, 140.0) for frame in range(200, 240))
    known = Edits(next_id=3, faces={1: standing, 2: walking})
    assert who(kept(folder, known)) == [3, 4, 3, 1, 3, 2]
    merged = kept(folder, known.made(Edit(MERGE, (2, 1), ((), ()))))
    assert who(merged) == [3, 4, 3, 2, 3, 2]
    assert merged.edits.now(1) == 2
    assert who(kept(folder, merged.edits)) == who(merged)
    assert who(kept(folder, merged.edits.without_last())) == [3, 4, 3, 1, 3, 2]


def test_grouping_again_changes_no_byte(folder: PersonDir) -> None:
    regroup(folder, PersonGroup())
    before = [path.read_bytes() for path in (folder.persons, folder.edits, folder.log)]
    regroup(folder, PersonGroup())
    assert [path.read_bytes() for path in (folder.persons, folder.edits, folder.log)] == before


def test_tracklets_that_overlap_never_join(tmp_path: Path, video: VideoInfo) -> None:
    walks: list[Walk] = [(0, 50, 100, 300, 0), (40, 90, 110, 300, 0), (50, 95, 500, 300, 0)]
    assert len(set(who(grouped(filled(tmp_path, video, walks, [0, 0, 0]))))) == 3


def test_who_looks_like_somebody_seen_at_once_is_not_joined_by_looks(tmp_path: Path, video: VideoInfo) -> None:
    walks: list[Walk] = [(0, 50, 100, 300, 0), (0, 50, 900, 300, 0), (200, 250, 500, 700, 0)]
    folder = filled(tmp_path, video, walks, [0, 0, 0])
    found = grouped(folder)
    assert who(found) == [1, 2, 3]
    assert {miss["reason"] for miss in found.found.near} >= {"rival"}
    assert why(found, 1, 3)["similarity"] == 1.0


def test_two_who_might_go_on_as_one_are_left_to_a_person(tmp_path: Path, video: VideoInfo) -> None:
    walks: list[Walk] = [(0, 50, 500, 300, 0), (55, 100, 440, 300, 0), (55, 100, 560, 300, 0)]
    assert who(grouped(filled(tmp_path, video, walks, [0, 0, 0]))) == [1, 2, 3]


def test_other_limits_group_otherwise_and_back_under_the_same_ids(folder: PersonDir) -> None:
    kept(folder, Edits())
    strict = kept(folder, person_edits.read(folder.edits), PersonGroup(by_appearance=False, by_motion=False))
    assert who(strict)[1] == 2
    assert len(set(who(strict))) == 6
    assert who(kept(folder, person_edits.read(folder.edits))) == [1, 2, 1, 3, 1, 4]


def test_a_merge_keeps_the_first_id_and_undo_gives_both_back(folder: PersonDir) -> None:
    first = kept(folder, Edits())
    merged = kept(folder, edits.merge(first, [4, 2]))
    assert who(merged) == [1, 4, 1, 3, 1, 4]
    assert merged.edits.forward == {2: 4}
    assert merged.edits.now(2) == 4
    assert person_edits.read(folder.edits) == merged.edits
    undone = kept(folder, merged.edits.without_last())
    assert who(undone) == [1, 2, 1, 3, 1, 4]
    assert undone.edits.forward == {}
    assert who(kept(folder, undone.edits.with_last_undone())) == who(merged)


def test_a_merge_survives_detection_and_tracking_anew(folder: PersonDir, video: VideoInfo) -> None:
    merged = kept(folder, edits.merge(kept(folder, Edits()), [2, 3]))
    assert who(merged) == [1, 2, 1, 2, 1, 4]
    again = filled(folder.path, video, WALKS[1:], LOOKS[1:], CUTS, shift=3.0)
    found = kept(again, person_edits.read(again.edits))
    assert sorted(zip(found.pieces.first.tolist(), who(found), strict=True)) == sorted(
        [(0, 2), (60, 1), (100, 2), (100, 1), (200, 4)]
    )


def test_people_seen_at_once_are_merged_only_by_a_person_and_the_surer_box_counts(folder: PersonDir) -> None:
    first = kept(folder, Edits())
    assert edits.overlap_sentence(first, [3, 4]) is None
    assert "91 frames (0-50, 60-90)" not in str(edits.overlap_sentence(first, [1, 3]))
    assert "51 frames (100-150)" in str(edits.overlap_sentence(first, [1, 3]))
    kept(folder, edits.merge(first, [1, 3]))
    made = persons.read_persons(folder.persons)
    rows = made.rows(1)
    at = made.frame_numbers[rows]
    assert np.all(np.diff(at) > 0)
    surest = made.confidences[rows][at == 120]
    assert surest.tolist() == pytest.approx([0.87])
    assert made.tracklet_person.tolist() == [1, 2, 1, 1, 1, 4]


def test_a_split_by_tracklet_holds_against_motion_and_looks(folder: PersonDir) -> None:
    split = kept(folder, edits.split_off(kept(folder, Edits()), 1, [3]))
    assert who(split)[2] == 5
    assert who(split)[0] == who(split)[4] == 1
    assert who(kept(folder, split.edits.without_last())) == [1, 2, 1, 3, 1, 4]


def test_a_split_at_a_moment_cuts_a_tracklet(folder: PersonDir) -> None:
    split = kept(folder, edits.split_at(kept(folder, Edits()), 2, 30))
    made = persons.read_persons(folder.persons)
    assert made.frame_numbers[made.rows(5)].tolist() in (list(range(30)), list(range(30, 91)))
    assert sorted(made.rows(2).stop - made.rows(2).start for _ in [0]) == [61]
    again = edits.merge(split, [2, 5])
    assert who(kept(folder, again)).count(2) == 2


def test_who_is_not_a_person_is_gone_and_comes_back_under_the_old_id(folder: PersonDir) -> None:
    gone = kept(folder, edits.not_a_person(kept(folder, Edits()), 2))
    assert who(gone) == [1, NOBODY, 1, 3, 1, 4]
    assert 2 not in persons.read_persons(folder.persons).person_ids
    assert who(kept(folder, gone.edits.without_last())) == [1, 2, 1, 3, 1, 4]


def test_a_name_goes_with_the_person(folder: PersonDir) -> None:
    named = kept(folder, edits.rename(kept(folder, Edits()), 2, "  Anna  B "))
    assert named.edits.names() == {2: "Anna B"}
    merged = kept(folder, edits.merge(named, [4, 2]))
    assert merged.edits.names() == {4: "Anna B"}
    assert kept(folder, edits.rename(merged, 2, "Eve")).edits.names() == {4: "Eve"}


@pytest.mark.parametrize("person", [0, 9, 10**12])
def test_an_unknown_person_is_a_sentence_that_lists_all(folder: PersonDir, person: int) -> None:
    with pytest.raises(SettingsError, match=rf"there is no person {person}; persons are 1-4") as error:
        edits.rename(kept(folder, Edits()), person, "x")
    assert error.value.code == "no_person"


def test_a_damaged_file_of_edits_stops_grouping_and_stays(folder: PersonDir) -> None:
    folder.edits.write_text('{"schema": 1, "edits": [{"kind": "wish"}]}')
    with pytest.raises(RunError, match="is damaged"):
        regroup(folder, PersonGroup())
    assert "wish" in folder.edits.read_text()


def test_nobody_at_all_groups_to_nobody(tmp_path: Path, video: VideoInfo) -> None:
    folder = filled(tmp_path, video, [], [0])
    assert len(regroup(folder, PersonGroup())) == 0


def test_a_stage_that_is_missing_or_stale_is_named(folder: PersonDir, video: VideoInfo) -> None:
    folder.analysis.unlink()
    with pytest.raises(RunError, match="run stage 3 first") as error:
        regroup(folder, PersonGroup())
    assert error.value.code == "no_stage"
    filled(folder.path / "other", video, WALKS[:3], LOOKS[:3])
    (folder.path / "other" / folder.tracklets.name).replace(folder.tracklets)
    with pytest.raises(RunError, match="run stage 2 again") as error:
        regroup(folder, PersonGroup())
    assert error.value.code == "stale_stage"
    folder.tracklets.write_bytes(folder.tracklets.read_bytes()[:-40])
    with pytest.raises(RunError, match="run stage 2 again") as error:
        regroup(folder, PersonGroup())
    assert error.value.code == "damaged_stage"
