"""The routes of Live Review without a browser: ranges, unguessable ids, and what may not be asked for."""

from __future__ import annotations

import json
import shutil
import struct
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import videos
from tests.serving import serving
from tests.ui.calls import Refused, call
from tests.ui.review import cache_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("videos")
    shutil.copy(videos.build("h264-25"), place / "a.mp4")
    shutil.copy(videos.build("hevc-opengop"), place / "b.mp4")
    cache_for(place / "a.mp4", [[(0, 0.9, 0.1, 0.1, 0.5, 0.5)]] * videos.FRAMES)
    (place / "link.mp4").symlink_to("/etc/passwd")
    (place / "best.pt").write_bytes(b"weights of one training")
    return place


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("routes") / "downloads", "--root", str(folder)) as found:
        yield f"{found}fs/review"


def ask(address: str, values: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any, dict[str, str]]:
    data = None if values is None else json.dumps(values).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, data, headers or {}), timeout=30) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def listed(address: str, folder: Path) -> dict[str, dict[str, Any]]:
    status, body, _ = ask(f"{address}/folder", {"folder": str(folder)})
    assert status == 200
    return {line["name"]: line for line in json.loads(body)["videos"]}


def opened(address: str, folder: Path, name: str = "a.mp4") -> dict[str, Any]:
    status, body, _ = ask(f"{address}/open", {"video": listed(address, folder)[name]["id"]})
    assert status == 200
    return dict(json.loads(body))


def test_a_folder_is_listed_by_size_without_what_leads_elsewhere(address: str, folder: Path) -> None:
    found = listed(address, folder)
    assert list(found) == sorted(found, key=lambda name: -found[name]["bytes"])
    assert set(found) == {"a.mp4", "b.mp4"}
    assert (found["a.mp4"]["cached"], found["b.mp4"]["cached"]) == (True, False)
    assert (found["a.mp4"]["width"], found["a.mp4"]["rate"]) == (320, 25.0)


@pytest.mark.parametrize("text", ["/etc", "..", "", "https://example.org/", "/proc/self", 7, None])
def test_folders_that_are_not_allowed_are_one_sentence(address: str, text: Any) -> None:
    status, body, _ = ask(f"{address}/folder", {"folder": text})
    assert status in (400, 422)
    assert json.loads(body)["error"].endswith(".")


def test_media_answers_ranges_and_knows_no_other_ids(address: str, folder: Path) -> None:
    facts = opened(address, folder)
    media = f"{address.removesuffix('review')}{facts['media']}"
    status, body, headers = ask(media, headers={"Range": "bytes=10-19"})
    assert (status, body) == (206, (folder / "a.mp4").read_bytes()[10:20])
    assert headers["content-type"] == "video/mp4"
    assert ask(f"{media}x")[0] == 404
    assert ask(media.replace(facts["id"], "0" * 32))[0] == 400
    assert len(facts["id"]) == 32


def test_detections_come_as_one_binary_with_the_times_of_the_ledger(address: str, folder: Path) -> None:
    facts = opened(address, folder)
    status, body, _ = ask(f"{address}/{facts['id']}/data/{facts['cache']}")
    assert status == 200
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + length])
    assert (head["frames"], head["boxes"], head["origin"]) == (120, 120, "original")
    at = 4 + length + head["columns"]["pts_s"]["offset"]
    assert struct.unpack_from("<3d", body, at) == pytest.approx((0, 0.04, 0.08))
    assert ask(f"{address}/{facts['id']}/data/nothing")[0] == 400


def test_a_video_that_browsers_do_not_play_says_so(address: str, folder: Path) -> None:
    facts = opened(address, folder, "b.mp4")
    assert (facts["needs_proxy"], facts["proxied"]) == ("hevc", False)


@pytest.mark.parametrize("name", ["../a.mp4", "..%2Fa.mp4", "%2Fetc%2Fpasswd", "a.mp4", "x_f000001.jpg"])
def test_only_saved_pictures_of_the_folder_are_shown(address: str, folder: Path, name: str) -> None:
    facts = opened(address, folder)
    place = urllib.parse.quote(str(folder))
    assert ask(f"{address}/{facts['id']}/saved/{name}?folder={place}")[0] == 404


@pytest.mark.parametrize(
    "values",
    [
        {"frame": -1},
        {"frame": 10**9},
        {"frame": "1"},
        {"frame": True},
        {"frame": 1, "tag": "fun"},
        {"frame": 1, "hamming": 99},
        {"frame": 1, "folder": "/etc"},
        {"frame": 1, "folder": "../../out"},
        {"frame": 1, "predictions": [[0, 0.5, 0, 0, 1, "x"]]},
        {"frame": 1, "weights": "guess"},
    ],
)
def test_a_save_that_makes_no_sense_is_one_sentence_and_writes_nothing(
    address: str, folder: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    facts = opened(address, folder)
    before = sorted(path.name for path in folder.iterdir())
    status, body, _ = ask(f"{address}/{facts['id']}/save", {"folder": str(folder / "out"), "predictions": []} | values)
    assert status in (400, 422)
    assert json.loads(body)["error"].endswith(".")
    assert sorted(path.name for path in folder.iterdir()) == before


def test_weights_are_known_by_their_content_and_only_from_allowed_folders(address: str, folder: Path) -> None:
    status, body, _ = ask(f"{address}/weights", {"text": "best.pt"})
    assert (status, json.loads(body)["path"]) == (200, str(folder / "best.pt"))
    status, body, _ = ask(f"{address}/weights", {"text": "/etc/passwd"})
    assert status == 400
    assert "in the allowed folders" in json.loads(body)["error"]
    status, body, _ = ask(f"{address}/weights", {"text": "yolov8x.pt"})
    assert json.loads(body)["download"] == "yolov8x.pt"


def test_a_stream_that_is_over_or_never_was_is_not_found(address: str) -> None:
    assert ask(f"{address}/live/guess")[0] == 404


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"video": "/etc/passwd"}, "not_allowed"),
        ({"weights": "/etc/passwd"}, "no_weights"),
        ({"imgsz": 7}, "setting_range"),
        ({"conf_floor": 2}, "setting_range"),
        ({"device": "tpu"}, "setting_choice"),
        ({"unsafe": True}, "unsafe_not_allowed"),
    ],
)
def test_a_program_is_told_what_is_wrong_with_a_call(
    address: str, folder: Path, values: dict[str, Any], code: str
) -> None:
    given = {"video": str(folder / "a.mp4"), "weights": str(folder / "best.pt")} | values
    with pytest.raises(Refused) as refused:
        call(address.removesuffix("fs/review"), "precompute", **given)
    assert refused.value.code == code, refused.value.sentence
    assert refused.value.sentence.endswith(".")
