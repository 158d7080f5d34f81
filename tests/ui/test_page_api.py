"""What ``gradio_client`` may call by name, and that nothing else is on offer."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from core.pipeline.select import digest, select
from core.settings.filter import FilterSettings
from core.store.table import load_table
from tests.ui.site import Site

OURS = {"/extract", "/precompute", "/people", "/filter", "/export", "/job", "/cancel", "/faces"}
MASKING = {"/process_all", "/export_masks", "/init", "/load_segment", "/skip_segment", "/annotations_summary"}
MASKING |= {"/preview_mask", "/save_annotation", "/delete_annotation", "/process_segment", "/preview_all"}
PATCHES = {"/patches", "/patches_track", "/patches_control", "/patches_verify"}

CALLS = """
import json, sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False, analytics_enabled=False)
answers = []
for words in json.loads(sys.argv[2]):
    try:
        run, settings = words
        name = settings.pop("api_name", "/filter")
        answers.append(client.predict(run, **settings, api_name=name))
    except Exception as error:
        answers.append([getattr(error, "title", None), str(error)])
names = list(client.view_api(return_format="dict", print_info=False)["named_endpoints"])
print(json.dumps([answers, names]))
"""


def calls(address: str, *words: tuple[str, Any]) -> tuple[list[Any], list[str]]:
    """Answers (or code and sentence of the error) of a client in a process of its own, and the names on offer."""
    argv = [sys.executable, "-W", "ignore", "-c", CALLS, address, json.dumps(words)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers, names = json.loads(done.stdout.splitlines()[-1])
    return answers, names


@pytest.mark.slow
def test_filter_answers_what_the_command_line_would(site: Site) -> None:
    run = site.run("by-api")
    answers, names = calls(
        site.address,
        ("by-api", {"min": {"contrast": 30}, "dedup": 3}),
        ("absent", {}),
        ("../downloads/by-api", {}),
        ("by-api", {"min": {"sharpnes": 1}}),
        ("by-api", {"keep": ["x"]}),
        ("absent", {"api_name": "/faces", "people": True}),
        ("by-api", {"api_name": "/faces", "person_distance": 9}),
        ("by-api", {"api_name": "/faces", "face_model": "/nowhere/at/all"}),
    )
    ours = select(load_table(run), FilterSettings(min={"contrast": 30.0}, dedup=3))
    assert answers[0] == {"kept": len(ours.kept), "total": 120, "digest": digest(ours.kept)}
    assert [code for code, _ in answers[1:5]] == ["no_run", "no_run", "setting", "setting_type"]
    assert 'there is no run "absent"' in answers[1][1]
    assert 'the nearest valid one is "sharpness"' in answers[3][1]
    assert answers[4][1] == 'keep = "x" is not a whole number.'
    assert 'there is no run "absent"' in answers[5][1]
    assert answers[6][1] == "person_distance = 9 is out of range; it goes from 0.05 to 1.5."
    assert "/nowhere/at/all" in answers[7][1]
    assert set(names) == {*OURS, *MASKING, *PATCHES}
    assert not (run / "selection.json").exists()
