"""Clicks are answered by a child: the mask of a frame, what is wrong, and its death, which is nobody else's."""

from __future__ import annotations

import base64
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import FramesieveError, SettingsError
from core.pipeline.masks.click import ClickMasker
from core.pipeline.masks.home import open_home
from core.pipeline.masks.stills import kept_still
from core.store import annotations
from core.store.annotations import save_note
from tests import masks

CHILD = str(Path(__file__).with_name("click_child.py"))


def clicks(kind: str = "plain") -> ClickMasker:
    return ClickMasker(None, {}, command=(sys.executable, CHILD, kind))


def said(run: Path, frame: int, *points: tuple[float, float], labels: tuple[int, ...] = (1,), **more: Any) -> Any:
    prompt = {"object": 1, "frame": frame, "points": list(points), "labels": list(labels), "box": None}
    start, end = next(shot for shot in masks.SHOTS if shot[0] <= frame < shot[1])
    wanted = {"home": str(run), "frame": frame, "asker": "anna", "start": start, "end": end, "prompt_frame": frame}
    return wanted | {"prompts": [prompt] if points else []} | more


def pixels(data: str) -> np.ndarray:
    """(H, W, 4) RGBA of a data address."""
    import io

    from PIL import Image

    head, _, body = data.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))).convert("RGBA"))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_a_click_gives_the_mask_of_what_was_clicked(run: Path) -> None:
    with clicks() as masker:
        for frame in (7, 0, 60):
            x, y = masks.middle(frame) or (0, 0)
            found = masker.ask(said(run, frame, (x, y), green=True))
            overlay = pixels(found["overlay"])
            assert iou(overlay[..., 3] > 0, masks.truth(frame)) >= 0.95, "another frame would be elsewhere"
            inside = masks.truth(frame)
            share = 100 * inside.sum() / inside.size
            assert found["objects"][0]["coverage_pct"] == pytest.approx(share, rel=0.05)
            green = pixels(found["green"])[..., :3]
            assert (green[~(overlay[..., 3] > 0)] == (0, 255, 0)).all()
        assert masker.backend == "a flood fill"


def test_a_frame_without_points_is_only_made_ready(run: Path) -> None:
    with clicks() as masker:
        assert set(masker.ask(said(run, 3))) == {"id"}


def test_points_that_contradict_each_other_are_said(run: Path) -> None:
    with clicks() as masker:
        found = masker.ask(said(run, 0, (40, 60), (45, 62), labels=(1, 0)))
        assert found["code"] == "empty_mask"
        assert found["objects"][0]["area_px"] == 0
        with pytest.raises(SettingsError, match="outside") as error:
            masker.ask(said(run, 0, (500, 60)))
        assert error.value.code == "point_outside"
        with pytest.raises(SettingsError):
            masker.ask(said(run, 0, (40, 60)) | {"prompts": [{"object": "x", "frame": 0}]})
        assert masker.ask(said(run, 0, (40, 60)))["objects"], "it goes on after an error"


def test_the_mask_of_a_prompt_frame_is_kept(run: Path) -> None:
    home = open_home(run)
    note = masks.note(0, (1, 40, 60))
    save_note(home.dir.annotations, note)
    with clicks() as masker:
        masker.ask(said(run, 0, (40, 60)))
    kept = annotations.read(home.dir.annotations).note(0)
    assert kept is not None
    still = kept_still(home, kept)
    assert still is not None
    assert iou(still.masks[0], masks.truth(0)) >= 0.95


def test_of_several_questions_of_one_asker_the_newest_is_answered(run: Path) -> None:
    answers: dict[int, Any] = {}
    with clicks("slow") as masker:
        masker.ask(said(run, 0, (40, 60)))

        def ask(number: int) -> None:
            answers[number] = masker.ask(said(run, 0, (40 + number, 60)))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    outdated = [number for number, answer in answers.items() if answer.get("outdated")]
    assert len(answers) == 6
    assert 0 < len(outdated) < 6
    assert all("overlay" in answer for number, answer in answers.items() if number not in outdated)


def test_the_death_of_the_child_is_an_error_of_the_click(run: Path) -> None:
    with clicks("crash") as masker:
        with pytest.raises(FramesieveError, match="stopped by itself") as error:
            masker.ask(said(run, 0, (40, 60)))
        assert error.value.code == "child_died"
        assert masker.ended


def test_where_somebody_is_is_told_as_prompts(run: Path) -> None:
    with clicks() as masker:
        found = masker.ask(said(run, 0) | {"seed": "primary"})
        [prompt] = found["prompts"]
        x, y = masks.middle(prompt["frame"]) or (0, 0)
        left, top, right, bottom = prompt["box"]
        assert left < x < right
        assert top < y < bottom
        with pytest.raises(SettingsError) as error:
            masker.ask(said(run, 0) | {"seed": "person", "person": 3})
        assert error.value.code == "no_person"
