"""The routes of Subject Masking, as anybody may call them: what is told, what is refused, what is never answered."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.ui.masking import RUN, notes
from tests.ui.site import Site
from tests.ui.test_page_persons_routes import ask

SHOTS = [[0, 40], [40, 80], [80, 120]]
POINT = {"object": 1, "frame": 0, "points": [[10, 20]], "labels": [1], "box": None}


@pytest.fixture
def run(site: Site) -> Path:
    path = site.run(RUN)
    (path / "shots.json").write_text(json.dumps(SHOTS))
    return path


def opened(site: Site) -> dict[str, Any]:
    run = next(line for line in ask(site, "runs")[1] if line["name"] == RUN)
    return dict(ask(site, "masking/open", {"run": run["id"]})[1])


def test_every_shot_is_told(site: Site, run: Path) -> None:
    found = opened(site)
    assert [[shot["start"], shot["end"]] for shot in found["shots"]] == SHOTS
    assert {shot["state"] for shot in found["shots"]} == {"empty"}
    [home] = found["homes"].values()
    assert home["frames"] == 120
    again = ask(site, f"masking/{found['id']}")[1]
    assert again["mark"] == found["mark"]
    home_id = found["shots"][0]["home"]
    for what in ("tile/40", "frame/3"):
        status, picture = ask(site, f"masking/{home_id}/{what}")
        assert status == 200
        assert picture[:2] == b"\xff\xd8"
    assert ask(site, f"masking/{home_id}/shot/0")[1] == {"trust": {}, "stamp": None}
    assert ask(site, f"masking/{home_id}/overlay/0")[0] == 404


def test_small_pictures_come_in_one_stream(site: Site, run: Path) -> None:
    home_id = opened(site)["shots"][0]["home"]
    data = ask(site, f"masking/{home_id}/thumbs?ordinals=0,7,900")[1]
    first, length = int.from_bytes(data[:4], "little"), int.from_bytes(data[4:8], "little")
    assert first == 0
    assert int.from_bytes(data[8 + length : 12 + length], "little") == 7


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("masking/open", {"path": "/etc"}, "not_allowed"),
        ("masking/open", {"path": 7}, "setting"),
        ("masking/open", {"path": "  "}, "setting"),
        ("masking/open", {"path": "nowhere at all"}, "missing"),
        ("masking/open", {"run": "0" * 32}, "forgotten"),
        ("masking/nobody/save", {"start": 0, "prompts": []}, "forgotten"),
        ("{home}/save", {"start": -1, "prompts": []}, "setting"),
        ("{home}/save", {"start": 0, "prompts": "x"}, "setting"),
        ("{home}/save", {"start": 9000, "prompt_frame": 0, "prompts": [POINT]}, "no_frame"),
        ("{home}/save", {"start": 0, "prompt_frame": 50, "prompts": [POINT]}, "setting"),
        ("{home}/save", {"start": 0, "prompt_frame": 0, "prompts": [POINT | {"points": [[9999, 1]]}]}, "point_outside"),
        ("{home}/save", {"start": 0, "prompt_frame": 0, "prompts": [POINT | {"labels": [True]}]}, "setting"),
        ("{home}/save", {"start": 0, "prompt_frame": 0, "prompts": [POINT | {"object": 0}]}, "setting"),
        ("{home}/save", {"start": 0, "prompt_frame": 0, "prompts": [POINT | {"points": [["a", 1]]}]}, "setting"),
        ("{home}/cut", {"ordinal": 40}, "cut_there"),
        ("{home}/cut", {"ordinal": 41, "remove": True}, "no_cut"),
        ("{home}/preview", {"frame": 0, "prompts": [POINT]}, "no_object"),
        ("{home}/preview", {"frame": 0, "prompts": [POINT], "masker": {"masker": "sam3"}}, "setting_choice"),
        ("{home}/preview", {"frame": 0, "prompts": [POINT], "masker": {"weights": "/etc/passwd"}}, "no_weights"),
        ("{home}/preview", {"frame": 0, "prompts": [POINT], "masker": {"unsafe": True}}, "unsafe_not_allowed"),
        ("{home}/seed", {"start": 0, "seed": "luck", "masker": {"masker": "sam2"}}, "setting_choice"),
        ("masking/maskers", {"device": "toaster"}, "setting_choice"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    site: Site, run: Path, path: str, body: dict[str, Any], code: str
) -> None:
    found = opened(site)
    known = {"subject": found["id"], "revision": 0}
    where = path.replace("{home}", f"masking/{found['shots'][0]['home']}")
    status, answer = ask(site, where, known | body)
    assert 400 <= status < 500, answer
    assert answer["code"] == code
    assert answer["error"].endswith(".")
    assert notes(run).notes == ()


def test_a_folder_that_leads_out_is_not_opened(site: Site, tmp_path: Path) -> None:
    (tmp_path / "video_part_001").mkdir()
    os.symlink(tmp_path, site.downloads / "linked out")
    try:
        status, answer = ask(site, "masking/open", {"path": str(site.downloads / "linked out")})
        assert (status, answer["code"]) == (400, "not_allowed")
    finally:
        os.unlink(site.downloads / "linked out")


def test_who_saw_an_older_state_is_told_so(site: Site, run: Path) -> None:
    found = opened(site)
    where = f"masking/{found['shots'][0]['home']}/save"
    body = {"subject": found["id"], "start": 0, "prompt_frame": 0, "prompts": [POINT], "revision": 0}
    assert ask(site, where, body)[1]["shots"][0]["state"] == "points"
    answer = ask(site, where, body | {"prompts": [POINT | {"points": [[1, 1]]}]})[1]
    assert answer["code"] == "annotations_changed"
    assert answer["conflict"] is True
    assert notes(run).note(0).prompts[0].points == ((10.0, 20.0),)  # type: ignore[union-attr]
    assert ask(site, where, body | {"prompts": [], "force": True})[0] == 200
    assert notes(run).note(0) is None


def test_maskers_say_why_they_cannot_run(site: Site, run: Path) -> None:
    found = ask(site, "masking/maskers", {"device": "cpu", "weights": {"sam2": "/nowhere.pt"}})[1]["maskers"]
    assert [one["name"] for one in found] == ["sam2", "yolo-seg"]
    assert {one["reason"]["code"] for one in found} == {"no_weights"}


def segments(folder: Path) -> Path:
    """Three segments of five pictures; that of number 7 has two frames."""
    import numpy as np

    from core.video import images

    for number in (5, 6, 7):
        home = folder / f"video_part_{number:03d}"
        home.mkdir(parents=True)
        for k in range(2 if number == 7 else 5):
            picture = np.full((48, 64, 3), 40 * k + number, np.uint8)
            (home / f"{k + 1:05d}.png").write_bytes(images.encode_png(picture))
    return folder


def test_segments_of_a_folder_stand_on_one_board(site: Site) -> None:
    folder = segments(site.downloads / "organized")
    found = ask(site, "masking/open", {"path": str(folder)})[1]
    assert [shot["segment"] for shot in found["shots"]] == [5, 6, 7]
    assert [shot["end"] for shot in found["shots"]] == [5, 5, 2]
    home = found["shots"][1]["home"]
    prompts = [POINT | {"frame": 2, "points": [[3, 4]]}]
    body = {"subject": found["id"], "start": 0, "prompt_frame": 2, "prompts": prompts, "revision": 0}
    answer = ask(site, f"masking/{home}/save", body)[1]
    assert [shot["state"] for shot in answer["shots"]] == ["empty", "points", "empty"]
    assert (folder / "video_part_006" / "annotations.json").exists()
    assert ask(site, f"masking/{home}/frame/4")[1][:2] == b"\xff\xd8"
    assert ask(site, f"masking/{home}/frame/5")[0] == 404
    (folder / "video_part_005" / "00003.png").unlink()
    again = ask(site, "masking/open", {"path": str(folder)})[1]
    assert again["wrong"]["code"] == "holes", "the segment with a hole is told, the others are there"
    assert [shot["segment"] for shot in again["shots"]] == [6, 7]
