"""What ``gradio_client`` may call by name, and that nothing else is on offer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from core.config import FilterSettings
from core.pipeline.select import digest, select
from core.store.table import load_table
from tests.ui.conftest import Site


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gradio_client import Client

        found = Client(site.address, verbose=False, analytics_enabled=False)
    yield found
    found.close()


def test_filter_answers_what_the_command_line_would(site: Site, client: Any) -> None:
    run = site.run("by-api")
    answer = client.predict("by-api", {"min": {"contrast": 30}, "dedup": 3}, api_name="/filter")
    ours = select(load_table(run), FilterSettings(min={"contrast": 30.0}, dedup=3))
    assert answer == {"kept": len(ours.kept), "total": 120, "digest": digest(ours.kept)}
    assert not (run / "selection.json").exists()


@pytest.mark.parametrize(
    ("run", "filters", "sentence"),
    [
        ("absent", {}, 'there is no run "absent"'),
        ("../by-api", {}, "there is no run"),
        ("by-api", {"min": {"sharpnes": 1}}, 'did you mean|the nearest valid one is "sharpness"'),
        ("by-api", {"keep": ["x"]}, "whole numbers"),
    ],
)
def test_a_wrong_call_is_one_sentence(client: Any, run: str, filters: Any, sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        client.predict(run, filters, api_name="/filter")


def test_only_the_intended_names_can_be_called(client: Any) -> None:
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == {"/filter"}
