"""Refusals of the page: what programs decide by in each answer, and what a person sees beside the control at fault."""

from __future__ import annotations

import http.client
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from core.settings.columns import METRIC_NAMES
from core.ui.uploads import MOST_PHOTO_BYTES
from tests import videos
from tests.browser import Visit, type_text
from tests.serving import serving
from tests.ui.calls import Refused, call
from tests.ui.review import choose, open_tab
from tests.ui.source import begin, unfold, wrong

Visitor = Callable[..., Visit]
PATIENCE_MS = 180_000


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    shutil.copy(videos.build("tiny"), folder / "clip.mp4")
    return folder


@pytest.fixture(scope="module")
def address(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page that takes no unsafe weights."""
    with serving(tmp_path_factory.mktemp("site"), "--root", str(media)) as address:
        yield address


WEIGHTS = [f"quality_weights_{metric}" for metric in METRIC_NAMES]


def ask(address: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """The status and the JSON of an answer; a body that is no bytes goes out as JSON."""
    host = urlsplit(address).netloc
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request("GET" if body is None else "POST", path, data, {"Host": host, **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "field"),
    [
        ("/fs/web/0/none.js", None, 404, "not_found", None),
        ("/fs/runs/nothing", None, 400, "forgotten", None),
        ("/fs/exports/nothing", None, 400, "forgotten", None),
        ("/fs/source/looks/nothing", None, 400, "forgotten", None),
        ("/fs/source/faces/looks/nothing", None, 409, "no_job", None),
        ("/fs/review/live/nothing", None, 404, "not_found", None),
        ("/fs/review/nothing/data/none", None, 400, "forgotten", None),
        ("/fs/jobs/nothing/cancel", {}, 409, "no_job", None),
        ("/fs/source/look", b"{", 400, "not_json", None),
        ("/fs/source/look", [], 400, "not_json", None),
        ("/fs/source/look", {"text": ""}, 400, "no_text", None),
        ("/fs/source/look", {"text": "/etc/passwd"}, 400, "not_allowed", None),
        ("/fs/source/ask", {"text": "CLIP"}, 400, "no_address", None),
        ("/fs/source/faces/photo", {"photo": "/etc/passwd"}, 400, "not_allowed", "face_refs"),
        ("/fs/source/faces/pack", {"name": "mine"}, 422, "setting", "face_model"),
        ("/fs/review/weights", {"text": "best.pt"}, 400, "no_weights", "weights"),
        ("/fs/review/folder", {"folder": "/etc"}, 400, "not_allowed", "folder"),
        ("/fs/review/output", {"folder": "/etc"}, 422, "not_allowed", "folder"),
        ("/fs/source/upload?name=a.txt", b"x", 400, "other_suffix", None),
        ("/fs/source/faces/upload?name=a.jpg", b"x", 400, "not_a_picture", None),
        ("/fs/source/look", b" " * 17_000_000, 413, "too_large", None),
    ],
)
def test_each_refusal_carries_code_field_and_facts(
    address: str, media: Path, path: str, body: Any, status: int, code: str, field: str | None
) -> None:
    text = json.dumps(body).replace("CLIP", str(media / "clip.mp4")) if isinstance(body, dict) else None
    found, answer = ask(address, path, json.loads(text) if text else body)
    assert (found, answer["code"], answer["field"]) == (status, code, field)
    assert answer["error"].endswith(".")
    assert isinstance(answer["facts"], dict)


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        ({"faces": True, "face_model": "/etc"}, "not_allowed", "face_model"),
        ({"interval": -1}, "setting_range", "interval"),
        ({"method": "no"}, "setting_choice", "method"),
        ({"every": 2.5}, "setting_type", "every"),
        ({"min_sharpness": 300}, "setting_range", "min"),
    ],
)
def test_the_form_is_answered_with_code_and_field(
    address: str, media: Path, settings: dict[str, Any], code: str, field: str
) -> None:
    answer = call(address, "extract", str(media / "clip.mp4"), owner="a page", **settings)
    assert (answer["code"], answer["field"]) == (code, field)
    assert answer["error"].endswith(".")
    with pytest.raises(Refused) as refused:
        call(address, "extract", str(media / "clip.mp4"), **settings)
    assert (refused.value.code, refused.value.sentence) == (code, answer["error"])


def test_the_limit_of_uploads_is_a_fact(address: str) -> None:
    host = urlsplit(address).netloc
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.putrequest("POST", "/fs/source/faces/upload?name=a.jpg")
        connection.putheader("Content-Length", str(MOST_PHOTO_BYTES + 1))  # announced, and never sent
        connection.endheaders()
        answer = connection.getresponse()
        said = json.loads(answer.read())
    assert (answer.status, said["code"], said["facts"]) == (413, "upload_too_large", {"most_bytes": MOST_PHOTO_BYTES})


def test_a_stranger_is_refused_with_a_code_on_our_routes_alone(address: str) -> None:
    status, answer = ask(address, "/fs/jobs", Origin="http://elsewhere.example")
    assert (status, answer["code"]) == (403, "forbidden")
    host = urlsplit(address).netloc
    with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
        connection.request("GET", "/config", headers={"Host": host, "Origin": "http://elsewhere.example"})
        plain = connection.getresponse()
    assert (plain.status, plain.getheader("content-type")) == (403, "text/plain; charset=utf-8")


@pytest.mark.browser
def test_weights_that_sum_to_zero_are_refused_beside_their_sliders(address: str, visit: Visitor, media: Path) -> None:
    seen = visit()
    page = begin(seen, address, str(media / "clip.mp4"))
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=PATIENCE_MS)
    unfold(page, "Quality weights")
    sliders = page.locator("[id^=extract-quality_weights_] input[type=range]")
    for slider in sliders.all():
        slider.focus()
        page.keyboard.press("Home")
    page.locator(".fold > button", has_text="Quality weights").click()
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    assert wrong(page, "quality_weights_sharpness") == "Give at least one metric a weight above zero."
    page.wait_for_function("document.activeElement.closest('#extract-quality_weights_sharpness')", timeout=PATIENCE_MS)
    assert page.locator(".foot .error:visible").count() == 0
    sliders.first.press("ArrowRight")
    page.locator("#extract-quality_weights_sharpness .wrong-text", has_text="weight").wait_for(state="hidden")
    answer = call(address, "extract", str(media / "clip.mp4"), owner="a page", **dict.fromkeys(WEIGHTS, 0))
    assert "sum to zero" in answer["error"]
    assert answer["field"] == "quality_weights"


class Unsafe:
    """What runs code when it is loaded: it makes a file."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"open({str(self.made)!r}, 'w').close()",)


@pytest.fixture
def unsafe(tmp_path: Path) -> tuple[Path, Path]:
    """Weights that run code, and the file that tells that it ran."""
    import torch

    folder, ran = tmp_path / "weights", tmp_path / "it ran"
    folder.mkdir()
    torch.save({"model": Unsafe(ran), "train_args": {}}, folder / "unsafe.pt")
    return folder / "unsafe.pt", ran


@pytest.mark.browser
@pytest.mark.parametrize("way", ["live", "precompute"])
def test_unsafe_weights_are_loaded_when_a_person_says_so(
    serve: Callable[..., str], unsafe: tuple[Path, Path], media: Path, tmp_path: Path, visit: Visitor, way: str
) -> None:
    weights, ran = unsafe
    roots = ("--root", str(media), "--root", str(weights.parent))
    page = open_tab(visit(), serve(tmp_path / "downloads", *roots, "--allow-unsafe-weights"), media)
    trust = page.get_by_role("button", name="I trust them: load them anyway")
    take(page, weights)
    if way == "precompute":
        page.get_by_label("Find boxes while it plays").uncheck()
    choose(page, "clip.mp4")
    if way == "precompute":
        page.get_by_role("button", name="Precompute").click()
    trust.wait_for(timeout=PATIENCE_MS)
    expect(page.locator("#weights-wrong .error")).to_contain_text("could run any code", use_inner_text=True)
    assert not ran.exists()
    trust.click()
    page.locator("#weights-wrong .error:visible:not(:has(button))").wait_for(timeout=PATIENCE_MS)
    assert ran.exists()
    assert trust.count() == 0, "what is no model at all is not offered again"


@pytest.mark.browser
def test_a_server_that_allows_no_unsafe_weights_offers_no_trust(
    serve: Callable[..., str], unsafe: tuple[Path, Path], media: Path, tmp_path: Path, visit: Visitor
) -> None:
    weights, ran = unsafe
    page = open_tab(visit(), serve(tmp_path, "--root", str(media), "--root", str(weights.parent)), media)
    take(page, weights)
    choose(page, "clip.mp4")
    page.locator("#weights-wrong .error", has_text="could run any code").wait_for(timeout=PATIENCE_MS)
    assert page.get_by_role("button", name="I trust them").count() == 0
    assert not ran.exists()


def take(page: Any, weights: Path) -> None:
    box = page.get_by_label("Weights", exact=True)
    type_text(box, str(weights))
    box.press("Enter")
    page.locator("#detections", has_text="Choose a video, and").first.wait_for(timeout=PATIENCE_MS)  # they are known


@pytest.mark.browser
def test_a_face_model_that_is_not_allowed_is_refused_beside_its_folder(
    address: str, visit: Visitor, media: Path, tmp_path: Path
) -> None:
    seen = visit()
    page = begin(seen, address, str(media / "clip.mp4"))
    page.wait_for_selector(":is(.poster, .ready) img:visible", timeout=PATIENCE_MS)
    unfold(page, "Faces")
    page.get_by_label("Read faces while extracting").check()
    model = page.get_by_label("Face model", exact=True)
    type_text(model, "/etc")
    model.press("Enter")
    page.locator(".face-status .error", has_text="allowed folder").wait_for(timeout=PATIENCE_MS)
    page.locator(".fold > button", has_text="Faces").click()
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    page.wait_for_function("document.activeElement.closest('#extract-face_model')", timeout=PATIENCE_MS)
    expect(page.locator(".face-status .error")).to_contain_text("allowed folder", use_inner_text=True)
    assert page.locator(".foot .error:visible").count() == 0
    seen.problems[:] = [text for text in seen.problems if "status of 400" not in text]
