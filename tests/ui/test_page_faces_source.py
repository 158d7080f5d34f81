"""The Faces group of Video Source in a real browser, with real models: model, photos, an extraction with faces."""

from __future__ import annotations

import http.client
import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from core.store import jsonl
from core.ui.uploads import MOST_PHOTO_BYTES
from tests.browser import Visit, type_text
from tests.faces import make_pack, six_people
from tests.serving import serving
from tests.ui.calls import Refused, call
from tests.ui.site import read
from tests.ui.source import begin, choose, ended, extract, options, run_of
from tests.ui.source import unfold as open_group

pytestmark = pytest.mark.browser
Visitor = Callable[..., Visit]
WAIT_MS = 60_000
EVERY_S = 0.5


@pytest.fixture(scope="module")
def media(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of one's own, a clip of a person, photos; and what is no photo."""
    folder = tmp_path_factory.mktemp("faces")
    make_pack(assets, folder / "own models")
    make_pack(assets, folder / "half", ("scrfd_500m_bnkps.onnx",))
    shutil.copy(six_people(), folder / "six.jpg")
    shutil.copy(next(assets.rglob("hideandseek.mp4")), folder / "clip.mp4")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 500)
    return folder


@pytest.fixture
def served(media: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A page over an empty folder of runs, on a machine without packs."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with serving(tmp_path / "downloads", "--root", str(media)) as address:
        yield address, tmp_path / "downloads"


def unfold(page: Any, model: Path | None = None) -> None:
    """Opens the group, turns faces on and names a folder of models."""
    open_group(page, "Faces")
    page.get_by_label("Read faces while extracting").check()
    page.locator(".face-missing, .face-status").first.wait_for(state="attached", timeout=WAIT_MS)
    if model is not None:
        take_model(page, model)


def take_model(page: Any, model: Path | str) -> None:
    """Types the folder of a model into the drop-down."""
    box = page.get_by_label("Face model", exact=True)
    type_text(box, str(model))
    box.press("Enter")


def preset(downloads: Path, name: str) -> Any:
    """The settings that a preset of one's own holds."""
    return read(downloads / ".presets" / f"{name}.json")["extract"]


def said(page: Any) -> str:
    place = page.locator(".face_photos .error:visible")
    place.wait_for(timeout=WAIT_MS)
    return str(place.inner_text())


def test_each_model_says_whether_it_is_here_and_a_download_that_fails_says_what_to_do(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    seen = visit()
    page = begin(seen, served[0], str(media / "clip.mp4"))
    installed = tmp_path / "home" / ".insightface" / "models" / "buffalo_s"
    shutil.copytree(media / "own models", installed)
    unfold(page)
    page.get_by_role("button", name="Download buffalo_l").wait_for(timeout=WAIT_MS)
    offered = options(page, "Face model")
    assert [text.split(",")[0] for text in offered[:4]] == ["buffalo_l", "buffalo_m", "buffalo_s", "antelopev2"]
    assert "not here" in offered[0]
    assert "installed" in offered[2]
    assert str(installed.with_name("buffalo_l")) in page.locator(".face-missing").inner_text()
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    page.locator(".face-status", has_text="is not on this machine").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Download buffalo_l").click()
    error = page.locator(".face-missing .error")
    error.wait_for(timeout=WAIT_MS)
    assert "could not be downloaded" in error.inner_text()
    assert str(installed.with_name("buffalo_l")) in error.inner_text()
    choose(page, "Face model", "buffalo_s")
    page.locator(".face-status", has_text="Runs on the").wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-missing")).to_have_text("", use_inner_text=True)
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]


def test_one_of_six_faces_is_picked_and_an_extraction_reads_faces(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    address, downloads = served
    seen = visit()
    page = begin(seen, address, str(media / "clip.mp4"), "Every few seconds")
    type_text(page.get_by_label("One frame every"), str(EVERY_S))
    unfold(page, media / "own models")
    page.locator(".face-status", has_text="Runs on the CPU").wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-cost")).to_contain_text("ms per frame", use_inner_text=True)
    page.locator("#extract-method label.selected[data-estimate*='+ faces']").wait_for(timeout=WAIT_MS)
    page.get_by_label("Drop frames without a face").check()
    type_text(page.get_by_label("Face area at least"), "0.1")
    page.get_by_label("Photo file").set_input_files(six_people())
    crops = page.get_by_role("radiogroup", name="Faces of the photo")
    crops.wait_for(timeout=WAIT_MS)
    assert crops.get_by_role("radio").count() == 6
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    (uploaded,) = (downloads / "uploads" / "faces").iterdir()
    assert uploaded.read_bytes() == six_people().read_bytes()
    photo = page.get_by_role("list", name="Reference photos")
    expect(photo).to_contain_text("t1.jpg, face 3", use_inner_text=True)
    type_text(page.get_by_label("Path of a photo"), f"{media / 'six.jpg'}#2")
    page.get_by_label("Path of a photo").press("Enter")
    photo.get_by_text("six.jpg, face 2").wait_for(timeout=WAIT_MS)
    page.get_by_role("button", name="Remove six.jpg").click()
    assert photo.locator("li").count() == 1

    page.reload()
    open_group(page, "Faces")
    photo.locator("img").wait_for(timeout=WAIT_MS)
    assert photo.locator("img").count() == 1
    presets = page.locator("#source .presets")
    presets.get_by_role("button", name="Save").first.click()
    type_text(page.get_by_label("Name of the preset"), "person")
    page.get_by_label("Name of the preset").press("Enter")
    page.get_by_text("Saved as person.").wait_for()
    kept = preset(downloads, "person")
    assert kept["face_refs"] == [f"{uploaded}#3"]
    assert kept["face_model"] == str(media / "own models")
    presets.get_by_role("button", name="Reset").click()
    photo.wait_for(state="hidden")
    choose(page, "Preset", "person", "#source")
    photo.locator("img").wait_for(timeout=WAIT_MS)
    presets.get_by_role("button", name="Save").first.click()
    page.get_by_label("Name of the preset").press("Enter")
    page.get_by_text("Saved as person.").wait_for()
    assert preset(downloads, "person") == kept
    assert photo.locator("img").count() == 1

    extract(page)
    ended(page)
    expect(page.locator(".faces-run")).to_contain_text("on the CPU", use_inner_text=True)
    run = run_of(downloads)
    records = list(jsonl.read(run.metadata))
    dropped = [record for record in records if record.get("discard_reason") == "face"]
    assert 0 < len(dropped) < len(records)
    assert page.locator(".latest tr.out", has_text="Face").count() == len(dropped)
    distances = [record["face_distance"] for record in records if record.get("face_count")]
    assert distances
    assert all(distance is not None for distance in distances)
    assert read(run.run_json)["settings"]["face_refs"] == [f"{uploaded}#3"]


def test_what_is_wrong_with_a_photo_or_a_model_is_said_at_its_place(
    served: tuple[str, Path], visit: Visitor, media: Path, tmp_path: Path
) -> None:
    from PIL import Image

    seen = visit()
    page = begin(seen, served[0], str(media / "clip.mp4"))
    unfold(page, media / "half")
    page.locator(".face-status", has_text="holds no face recogniser").wait_for(timeout=WAIT_MS)
    for folder, sentence in (("/etc", "allowed folder"), (str(media / "none"), "neither a folder nor a face model")):
        take_model(page, folder)
        page.locator(".face-status", has_text=sentence).wait_for(timeout=WAIT_MS)
    take_model(page, media / "own models")
    page.locator(".face-status", has_text="Runs on the").wait_for(timeout=WAIT_MS)

    box = page.get_by_label("Path of a photo")
    outside = shutil.copy(six_people(), tmp_path / "outside.jpg")
    cases = [("/etc/passwd", "allowed folder"), (str(outside), "allowed folder"), (f"{media}/../../x.jpg", "allowed")]
    cases += [(str(media / "none.jpg"), "does not exist"), (str(media / "clip.mp4"), "not a picture")]
    cases += [("person:0", "path of a picture"), (f"{media / 'six.jpg'}#9", "there is no face 9")]
    cases += [(str(media / "broken.jpg"), "picture")]
    for text, sentence in cases:
        type_text(box, text)
        box.press("Enter")
        page.locator(".face_photos .error", has_text=sentence).wait_for(timeout=WAIT_MS)
    blank = tmp_path / "blank.png"
    Image.new("L", (320, 240), 128).save(blank)
    page.get_by_label("Photo file").set_input_files(blank)
    page.locator(".face_photos .error", has_text="No face was found on blank.png").wait_for(timeout=WAIT_MS)
    page.get_by_label("Photo file").set_input_files(media / "broken.jpg")
    assert "not a picture" in said(page)
    huge = tmp_path / "huge.jpg"
    with open(huge, "wb") as file:
        file.truncate(MOST_PHOTO_BYTES + 1)
    page.get_by_label("Photo file").set_input_files(huge)
    page.locator(".face_photos .error", has_text="huge.jpg is larger than 60.0 MB").wait_for(timeout=WAIT_MS)
    assert page.get_by_role("list", name="Reference photos").locator("li").count() == 0
    seen.problems[:] = [text for text in seen.problems if "status of 4" not in text]


def test_what_was_said_of_one_model_does_not_stay_with_the_next(
    served: tuple[str, Path], visit: Visitor, media: Path
) -> None:
    seen = visit()
    page = begin(seen, served[0], str(media / "clip.mp4"))
    unfold(page)
    download = page.get_by_role("button", name="Download buffalo_l")
    download.wait_for(timeout=WAIT_MS)
    download.click()
    page.locator(".face-missing .error").wait_for(timeout=WAIT_MS)
    take_model(page, media / "half")
    page.locator(".face-status", has_text="holds no face recogniser").wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-missing")).to_have_text("", use_inner_text=True)
    choose(page, "Face model", "buffalo_s")
    page.get_by_role("button", name="Download buffalo_s").wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-status")).to_have_text("", use_inner_text=True)
    assert page.locator("#face-model .error:visible").count() == 0
    take_model(page, media / "own models")
    page.locator(".face-status", has_text="Runs on the").wait_for(timeout=WAIT_MS)
    choose(page, "Face model", "buffalo_l")
    download.wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-status")).to_have_text("", use_inner_text=True)
    take_model(page, media / "half")
    page.locator(".face-status", has_text="holds no face recogniser").wait_for(timeout=WAIT_MS)
    expect(page.locator(".face-missing")).to_have_text("", use_inner_text=True)
    seen.problems[:] = [text for text in seen.problems if "status of 4" not in text]


def post(address: str, path: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"{address}fs/source/{path}", data=body, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def too_large(address: str) -> None:
    """One byte over the limit, announced and not announced: refused while it comes."""
    server = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    server.putrequest("POST", "/fs/source/faces/upload?name=big.jpg")
    server.putheader("Content-Length", str(MOST_PHOTO_BYTES + 1))
    server.endheaders()
    answer = server.getresponse()
    assert answer.status == 413
    assert "60 MB, the limit" in answer.read().decode()
    server.close()
    server.request("POST", "/fs/source/faces/upload?name=big.jpg", body=iter([b"x" * MOST_PHOTO_BYTES, b"x"]))
    answer = server.getresponse()
    assert answer.status == 413
    server.close()


def test_forged_requests_are_refused(served: tuple[str, Path], media: Path, tmp_path: Path) -> None:
    address, downloads = served
    photo = six_people().read_bytes()
    status, text = post(address, "faces/upload?name=..%2F..%2Fetc%2Fa%24%28x%29%3Cb%3E%232.jpg", photo)
    assert status == 200
    uploaded = Path(json.loads(text)["photo"])
    assert uploaded.parent == downloads / "uploads" / "faces"
    assert not set(uploaded.name) & set("<>$/\\")
    for name in ("a.exe", "a.mp4", "jpg", "", "a.jpg%00.sh"):
        assert post(address, f"faces/upload?name={name}", photo)[0] == 400
    assert post(address, "faces/upload?name=a.jpg", b"#!/bin/sh\n")[0] == 400
    too_large(address)
    assert list(uploaded.parent.iterdir()) == [uploaded]
    own = str(media / "own models")
    for path, body in (
        ("faces/photo", {"photo": 3}),
        ("faces/photo", {"photo": "a\0b", "face_model": own}),
        ("faces/photo", {"photo": "/etc/passwd", "face_model": own}),
        ("faces/photo", {"photo": str(uploaded), "face_model": "../../etc"}),
        ("faces/photo", {"photo": str(uploaded), "face_model": 4}),
        ("faces/model", {"face_model": "/etc"}),
        ("faces/model", {"face_model": own, "face_device": "abacus"}),
        ("faces/pack", {"name": "../../x"}),
        ("faces/pack", {"name": ["buffalo_l"]}),
    ):
        status, text = post(address, path, json.dumps(body).encode())
        assert status in (400, 422), (path, body, text)
        assert json.loads(text)["error"]
    for settings in ({"face_model": "/etc"}, {"face_model": own, "face_refs": ["/etc/passwd#1"]}):
        with pytest.raises(Refused) as refused:
            call(address, "extract", str(media / "clip.mp4"), faces=True, **settings)
        assert refused.value.code == "not_allowed"
    assert not list(downloads.glob("*/run.json"))
