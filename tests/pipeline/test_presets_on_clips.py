"""The shipped presets keep sensible frames of real footage."""

import subprocess

import numpy as np
import pytest

from core.pipeline.extraction import open_extraction, records_of
from core.pipeline.notes import notes
from core.pipeline.select import select
from core.store import presets
from core.store.table import load_table

CLIPS = ("bedroom.mp4", "crowd.avi", "skateboarder.mp4")
"""Single takes of 7 to 14 s; skateboarder is the softest of the six clips."""


# best-portrait needs faces that were read: tests/pipeline/faces/test_face_looks.py


@pytest.fixture(scope="module")
def extracted(assets, tmp_path_factory):
    made = {}

    def table_of(clip, preset):
        key = (clip, presets.load(preset).extract)
        if str(key) not in made:
            out = tmp_path_factory.mktemp("run") / "run"
            with open_extraction(assets / "media" / clip, key[1], out=out) as extraction:
                list(extraction.choose())
                list(records_of(extraction))
            made[str(key)] = load_table(out)
        return made[str(key)]

    return table_of


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *words], check=True)


def shown_equally(table, ordinals, parts):
    """How many of so many equal parts of the time hold one of the frames."""
    seconds = table.pts_s - table.pts_s[0]
    rows = np.searchsorted(table.ordinal, ordinals)
    return len(np.unique((seconds[rows] * parts / (seconds[-1] + 1e-6)).astype(int)))


@pytest.mark.weights
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", [name for name in presets.names() if name != "best-portrait"])
def test_preset_keeps_some_of_a_clip(extracted, clip, name):
    table, filters = extracted(clip, name), presets.load(name).filter
    chosen = select(table, filters)
    assert len(chosen.kept) >= 3
    assert shown_equally(table, chosen.kept, 2) == 2
    said = notes(table, filters, chosen)
    assert said == [] or (
        len(said) == 1 and f"instead of {filters.best}" in said[0] and len(chosen.kept) < filters.best
    )


@pytest.mark.weights
@pytest.mark.parametrize("clip", CLIPS)
def test_stills_are_better_than_most_and_none_is_like_another(extracted, clip):
    table, filters = extracted(clip, "stills"), presets.load("stills").filter
    chosen = select(table, filters)
    rows = np.flatnonzero(chosen.keep)
    score = table.values["picture_score"]
    assert len(rows) >= 15
    assert np.median(score[rows]) > np.median(score)
    bits = np.bitwise_count(table.phash[rows][:, None] ^ table.phash[rows][None])
    colours = np.abs(table.colours[rows][:, None].astype(int) - table.colours[rows][None]).max(axis=-1)
    near = (bits <= filters.dedup) & (colours == 0) & ~np.eye(len(rows), dtype=bool)
    assert not near.any()


@pytest.mark.weights
@pytest.mark.parametrize("name", ["stills", "lora-portraits", "super-resolution"])
def test_noise_and_blur_are_not_what_presets_of_sharp_frames_keep(tmp_path, assets, name):
    """Of the five metrics noise has the highest sharpness; the bounds of these presets do not fall for it."""
    clip, noisy = assets / "media" / "bedroom.mp4", tmp_path / "noisy.mkv"
    degrade = "noise=alls=40:allf=t:enable='lt(n,30)',gblur=sigma=5:enable='between(n,30,60)'"
    ffmpeg("-i", clip, "-frames:v", "120", "-vf", degrade, "-c:v", "libx264", "-crf", "14", noisy)
    with open_extraction(noisy, presets.load(name).extract, out=tmp_path / "run") as extraction:
        list(extraction.choose())
        list(records_of(extraction))
    table, filters = load_table(tmp_path / "run"), presets.load(name).filter
    kept = select(table, filters).kept
    assert len(kept)
    assert not np.any(kept < 30)
    if name == "super-resolution":
        assert np.all(kept > 60)


@pytest.mark.weights
def test_a_dark_clip_has_stills_too(tmp_path, assets):
    dark = tmp_path / "dark.mkv"
    darker = "eq=brightness=-0.35:contrast=0.4"
    clip = assets / "media" / "skateboarder.mp4"
    ffmpeg("-i", clip, "-frames:v", "72", "-vf", darker, "-c:v", "libx264", "-crf", "18", dark)
    with open_extraction(dark, presets.load("stills").extract, out=tmp_path / "run") as extraction:
        list(extraction.choose())
        list(records_of(extraction))
    assert len(select(load_table(tmp_path / "run"), presets.load("stills").filter).kept) >= 5
