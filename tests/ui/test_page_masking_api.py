"""Subject Masking by name, as ``gradio_client`` calls it: shots, points, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.masking import notes
from tests.ui.site import Site
from tests.ui.test_page_api import MASKING, calls


@pytest.mark.slow
def test_shots_are_read_pointed_at_and_forgotten_by_name(site: Site) -> None:
    run = site.run("masked by name")
    (run / "shots.json").write_text(json.dumps([[0, 40], [40, 120]]))
    name = "masked by name"
    point = {"points": [[3, 4]], "labels": [1]}
    answers, names = calls(
        site.address,
        (name, {"api_name": "/init"}),
        (name, {"api_name": "/save_annotation", "shot": 0, **point}),
        (name, {"api_name": "/save_annotation", "shot": 0, "object_id": 2, "frame": 7, **point}),
        (name, {"api_name": "/load_segment", "shot": 0}),
        (name, {"api_name": "/skip_segment", "shot": 0}),
        (name, {"api_name": "/annotations_summary"}),
        (name, {"api_name": "/delete_annotation", "shot": 0}),
        ("absent", {"api_name": "/init"}),
        (name, {"api_name": "/load_segment", "shot": 9}),
        (name, {"api_name": "/save_annotation", "shot": 0, "points": [[9999, 4]], "labels": [1]}),
        (name, {"api_name": "/preview_mask", "shot": 0, **point}),
        (name, {"api_name": "/process_all", "weights": ""}),
    )
    first, saved, more, loaded, skipped, summary, deleted = answers[:7]
    assert first["first"]["number"] == 0
    assert first["shots"] == 2
    assert saved["state"] == "points"
    assert [(one["object"], one["frame"]) for one in more["prompts"]] == [(1, 0), (2, 7)]
    assert loaded == more
    assert skipped["shot"]["number"] == 1
    assert (summary["annotated"], summary["states"]["points"], summary["shots"]) == (1, 1, 2)
    assert deleted["state"] == "empty"
    codes = [answer[0] for answer in answers[7:]]
    assert codes == ["missing", "no_shot", "point_outside", "no_weights", "no_weights"]
    assert set(names) >= MASKING
    assert notes(Path(run)).notes == ()
