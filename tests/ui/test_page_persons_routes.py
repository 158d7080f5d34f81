"""The routes of Person Selection, as anybody may call them: what is refused, and what is never answered."""

from __future__ import annotations

import json
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from core.store import person_edits, persons
from core.store.person_dir import PersonDir
from tests.ui.persons import RUN, make_persons
from tests.ui.site import Site

WALKS = [(0, 39, 100.0, 300.0, 2.0), (45, 99, 900.0, 300.0, 1.0), (0, 69, 400.0, 500.0, 0.5)]


@pytest.fixture
def folder(site: Site) -> PersonDir:
    return make_persons(site.run(RUN), WALKS, [0, 1, 2], near=(0, 1, 0.85))


def ask(site: Site, path: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{site.address}fs/{path}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            found = response.read()
            return response.status, json.loads(found) if found[:1] in b"{[" else found
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def opened(site: Site) -> dict[str, Any]:
    run = next(line for line in ask(site, "runs")[1] if line["name"] == RUN)
    return dict(ask(site, "persons/open", {"run": run["id"]})[1])


def test_everything_of_the_persons_is_told(site: Site, folder: PersonDir) -> None:
    found = opened(site)
    view = found["view"]
    assert found["stages"]["4b"]
    assert {person["id"] for person in view["persons"]} == {1, 2, 3}
    assert [person["rank"] for person in view["persons"]] == [1, 2, 3]
    assert view["suggestions"] == [{"persons": [1, 3], "similarity": 0.85}]
    assert len(view["lanes"]) == 3
    strips = ask(site, f"persons/{found['id']}/strips", {"persons": [1, 2, 3]})[1]
    assert {len(strip) for strip in strips.values()} == {5}
    row, frame = strips["1"][0]
    detections = persons.read_detections(folder.detections)
    assert detections.frame_numbers[row] == frame
    status, jpeg = ask(site, f"persons/{found['id']}/crop/{row}")
    assert status == 200
    assert jpeg[:2] == b"\xff\xd8"
    reel = ask(site, f"persons/{found['id']}/reel/2")[1]
    assert reel[0][1] == 0
    assert reel[-1][1] == 69


def test_the_same_by_its_path(site: Site, folder: PersonDir) -> None:
    by_run = opened(site)
    by_path = ask(site, "persons/open", {"path": by_run["path"]})[1]
    assert by_path["view"]["persons"] == by_run["view"]["persons"]
    assert by_path["run_id"] is None
    assert by_path["home"] == by_run["run_id"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("persons/open", {"path": "/etc/passwd"}, 400),
        ("persons/open", {"path": 7}, 422),
        ("persons/open", {"run": "0" * 32}, 400),
        ("persons/nobody/edit", {"kind": "undo"}, 400),
        ("{id}/edit", {"kind": "burn"}, 422),
        ("{id}/edit", {"kind": "merge", "persons": [1]}, 422),
        ("{id}/edit", {"kind": "merge", "persons": [1, 99]}, 422),
        ("{id}/edit", {"kind": "merge", "persons": "1,2"}, 422),
        ("{id}/edit", {"kind": "split", "person": 1, "at": 0}, 422),
        ("{id}/edit", {"kind": "split", "person": True, "at": 5}, 422),
        ("{id}/edit", {"kind": "apart", "persons": [1, 1]}, 422),
        ("{id}/edit", {"kind": "name", "person": 1, "name": "x" * 81}, 422),
        ("{id}/edit", {"kind": "name", "person": 1, "name": None}, 422),
        ("{id}/group", {"settings": {"similarity": 2}}, 422),
        ("{id}/group", {"settings": {"area_ratio": [1.4, 0.6]}}, 422),
        ("{id}/group", {"settings": []}, 422),
        ("{id}/select", {"persons": []}, 422),
        ("{id}/select", {"persons": [1], "padding": "wide"}, 422),
        ("{id}/compare", {"persons": [1, 2, 3, 4, 5]}, 422),
        ("{id}/crop/99999999", None, 404),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    site: Site, folder: PersonDir, path: str, body: Any, status: int
) -> None:
    before = folder.persons.read_bytes(), person_edits.read(folder.edits)
    code, answer = ask(site, path.replace("{id}", f"persons/{opened(site)['id']}"), body)
    assert code == status, answer
    assert answer["error"][-1] == "."
    assert answer["code"]
    assert (folder.persons.read_bytes(), person_edits.read(folder.edits)) == before


def test_decisions_are_kept_and_taken_back(site: Site, folder: PersonDir) -> None:
    video = f"persons/{opened(site)['id']}"
    assert "both seen" in ask(site, f"{video}/edit", {"kind": "merge", "persons": [1, 2]})[1]["ask"]
    view = ask(site, f"{video}/edit", {"kind": "merge", "persons": [1, 3]})[1]["view"]
    assert [person["id"] for person in view["persons"]] != [1, 2, 3]
    assert view["undo"] == "merge of 1 and 3"
    assert person_edits.read(folder.edits).forward == {3: 1}
    view = ask(site, f"{video}/edit", {"kind": "undo"})[1]["view"]
    assert {person["id"] for person in view["persons"]} == {1, 2, 3}
    assert view["redo"] == "merge of 1 and 3"
    view = ask(site, f"{video}/edit", {"kind": "apart", "persons": [1, 3]})[1]["view"]
    assert view["suggestions"] == []
    pair = ask(site, f"{video}/compare", {"persons": [1, 3]})[1]["pairs"][0]
    assert pair["reason"] == "split"


def test_no_file_is_read_through_a_link(site: Site, folder: PersonDir, tmp_path: Path) -> None:
    video = opened(site)["id"]
    secret = tmp_path / "secret.jpg"
    shutil.move(folder.crops, secret)
    os.symlink(secret, folder.crops)
    code, answer = ask(site, f"persons/{video}/crop/3")
    assert code in (400, 404), answer
    shutil.move(folder.path, tmp_path / "persons")
    os.symlink(tmp_path / "persons", folder.path)
    code, answer = ask(site, f"persons/{video}")
    assert code == 400, answer


def test_a_damaged_stage_is_said_and_nothing_is_lost(site: Site, folder: PersonDir) -> None:
    folder.tracklets.write_bytes(b"PK\x03\x04 half")
    found = opened(site)
    assert found["view"] is None
    assert "run stage 2 again" in found["wrong"]["error"]
    assert folder.persons.exists()
