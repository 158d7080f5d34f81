"""What ``gradio_client`` may call by name, and that nothing else is on offer."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from core.config import FilterSettings
from core.pipeline.select import digest, select
from core.store.table import load_table
from tests.ui.conftest import Site

CALLS = """
import json, sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False, analytics_enabled=False)
answers = []
for words in json.loads(sys.argv[2]):
    try:
        answers.append(client.predict(*words, api_name="/filter"))
    except Exception as error:
        answers.append(str(error))
names = list(client.view_api(return_format="dict", print_info=False)["named_endpoints"])
print(json.dumps([answers, names]))
"""


def calls(address: str, *words: tuple[str, Any]) -> tuple[list[Any], list[str]]:
    """Answers (or the sentence of the error) of a client in a process of its own, and the names on offer."""
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
    )
    ours = select(load_table(run), FilterSettings(min={"contrast": 30.0}, dedup=3))
    assert answers[0] == {"kept": len(ours.kept), "total": 120, "digest": digest(ours.kept)}
    assert 'there is no run "absent"' in answers[1]
    assert "there is no run" in answers[2]
    assert 'the nearest valid one is "sharpness"' in answers[3]
    assert "keep is wanted as a list of whole numbers" in answers[4]
    assert names == ["/extract", "/job", "/cancel", "/filter", "/export"]
    assert not (run / "selection.json").exists()
