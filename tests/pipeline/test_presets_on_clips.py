"""The shipped presets keep sensible frames of real footage."""

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


@pytest.mark.weights
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", [name for name in presets.names() if name != "best-portrait"])
def test_preset_keeps_some_of_a_clip_without_a_note(extracted, clip, name):
    table, filters = extracted(clip, name), presets.load(name).filter
    chosen = select(table, filters)
    assert 2 <= len(chosen.kept) <= len(table) / 2
    assert notes(table, filters, chosen) == []


@pytest.mark.weights
@pytest.mark.parametrize("clip", CLIPS)
def test_stills_are_the_best_of_their_windows(extracted, clip):
    table, filters = extracted(clip, "stills"), presets.load("stills").filter
    chosen = select(table, filters)
    score, window = table.values[filters.rank_by], (table.pts_s - table.pts_s[0]) // filters.window
    for row in np.flatnonzero(chosen.keep):
        rivals = (window == window[row]) & (chosen.duplicate_of < 0)
        assert score[row] == score[rivals].max()
    assert chosen.kept.tolist() != [0]
