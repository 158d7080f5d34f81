"""The attacks, really tried: foreign hosts and origins, own routes without a login, forged names and bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.ui.guard import Guard
from tests.ui.asking import ask, runs_of
from tests.ui.calls import Refused, call
from tests.ui.site import Site


@pytest.fixture
def run(site: Site, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The line of the run list of a run made for this test."""
    name = request.node.name.replace("/", " ").replace("%", " ")[:80]
    site.run(name)
    return next(line for line in runs_of(site.address) if line["name"] == name)


OWN = ("/fs/runs", "/fs/files/roots", "/fs/machine", "/gradio_api/info", "/")


@pytest.mark.parametrize("path", OWN)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "10.0.0.9"])
def test_a_foreign_host_is_refused(site: Site, path: str, host: str) -> None:
    assert ask(site.address, path, Host=host)[0] in (400, 403)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost"])
def test_a_cross_site_post_is_refused_everywhere(site: Site, run: dict[str, Any], origin: str) -> None:
    paths = ("/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/queue/join")
    own = tuple(f"/fs/runs/{run['id']}/{what}" for what in ("selection", "size", "title", "delete"))
    own += ("/fs/trash/restore", "/fs/files/list", "/fs/files/look")
    for path in (*paths, *own):
        assert ask(site.address, path, "POST", {"filters": {}, "title": "theirs"}, Origin=origin)[0] == 403
    assert not (site.downloads / run["name"] / "selection.json").exists()
    now = next(line for line in runs_of(site.address) if line["id"] == run["id"])
    assert now["title"] is None


def test_a_foreign_page_may_link_to_us_but_not_embed_our_pictures(site: Site, run: dict[str, Any]) -> None:
    foreign = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert ask(site.address, "/", **foreign)[0] == 200
    assert ask(site.address, f"/fs/runs/{run['id']}/frame/0", **foreign)[0] == 403
    foreign["Sec_Fetch_Mode"] = "no-cors"
    assert ask(site.address, f"/fs/runs/{run['id']}/frame/0", **foreign)[0] == 403


def test_with_auth_our_own_routes_want_the_login_too(serve: Callable[..., str], counting_runs: Path) -> None:
    address = serve(counting_runs, "--auth", "user:secret word")
    assert ask(address, "/fs/runs")[0] == 401
    for path in ("/fs/runs/x/selection", "/fs/runs/x/title", "/fs/runs/x/delete", "/fs/trash/restore"):
        assert ask(address, path, "POST", {})[0] == 401
    assert ask(address, "/fs/runs/x/poster/0")[0] == 401
    assert ask(address, "/fs/files/list", "POST", {"kind": "video", "folder": "/"})[0] == 401
    form = b"username=user&password=secret+word"
    login = ask(address, "/login", "POST", form, Content_Type="application/x-www-form-urlencoded")
    assert login[0] == 200
    cookie = "; ".join(part.split(";")[0] for part in login[1]["set-cookie"].split(", "))
    assert ask(address, "/fs/runs", Cookie=cookie)[0] == 200
    assert ask(address, "/fs/runs", Cookie=cookie.replace("=", "=x"))[0] == 401


@pytest.mark.parametrize("listens_on", ["0.0.0.0", "192.168.1.5"])
def test_beyond_loopback_only_addresses_are_believed(listens_on: str) -> None:
    guard = Guard(lambda scope, receive, send: None, listens_on=listens_on)  # type: ignore[arg-type, return-value]
    assert guard._knows("192.168.1.5:7860")
    assert guard._knows("localhost:7860")
    assert not guard._knows("evil.example:7860")


BAD_NAMES = ("..", "%2e%2e", "x", "files", "..%2f..%2fetc", "%00")


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_were_not_given_out_open_nothing(site: Site, name: str) -> None:
    for path in (
        f"/fs/runs/{name}",
        f"/fs/runs/{name}/frame/0",
        f"/fs/runs/{name}/poster/0",
        f"/fs/exports/{name}/zip",
        f"/fs/web/v/{name}",
    ):
        status, _, data = ask(site.address, path)
        assert status in (400, 404)
        assert b"Traceback" not in data


def test_only_pictures_of_the_run_are_served(site: Site, run: dict[str, Any]) -> None:
    base = f"/fs/runs/{run['id']}"
    status, headers, _ = ask(site.address, f"{base}/frame/5")
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in headers["cache-control"]
    assert ask(site.address, f"{base}/thumb/5")[0] == 404
    for path in ("frame/-1", "frame/..%2frun.json", "frame/999999999", "frame/run.json", "run.json"):
        assert ask(site.address, f"{base}/{path}")[0] == 404


def test_a_link_out_of_the_downloads_folder_is_no_run(site: Site, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "run.json").write_text("{}")
    (site.downloads / "leads-out").symlink_to(outside)
    assert "leads-out" not in {line["name"] for line in runs_of(site.address)}


BAD_FILTERS = [
    None,
    [],
    {"min": []},
    {"min": {"sharpness": "1"}},
    {"min": {"sharpness": True}},
    {"min": {"sharpnes": 1}},
    {"surprise": 1},
    {"keep": ["1"]},
    {"keep": [1.5]},
    {"keep": [-1]},
    {"keep": [10**30]},
    {"keep": 3},
    {"keep": [1], "reject": [1]},
    {"dedup": 33},
    {"dedup": 1.5},
    {"rank_by": "__class__"},
    {"shots": {"a": 1}},
    {"window": 0},
    {"window": float("nan")},
    {"max": {"sharpness": float("inf")}},
]


@pytest.mark.parametrize("filters", BAD_FILTERS, ids=str)
def test_bad_filters_are_one_sentence_and_change_nothing(site: Site, run: dict[str, Any], filters: Any) -> None:
    for verb in ("selection", "size"):
        path = f"/fs/runs/{run['id']}/{verb}"
        status, _, data = ask(site.address, path, "POST", {"filters": filters, "digest": "0", "revision": "none"})
        assert status == 422
        assert json.loads(data)["error"].endswith(".")
    assert not (site.downloads / run["name"] / "selection.json").exists()


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[1]", 400), (b"[" * 100_000, 400), (b" " * 17_000_000, 413)]
)
def test_bodies_that_are_not_objects_are_refused(site: Site, run: dict[str, Any], body: bytes, status: int) -> None:
    assert ask(site.address, f"/fs/runs/{run['id']}/selection", "POST", body)[0] == status


def test_an_export_wants_the_digest_that_is_shown(site: Site, run: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="has changed since the page was opened"):
        call(site.address, "export", run["name"], digest="0" * 64)
    answer = call(site.address, "export", run["id"], digest="0" * 64, owner="of a page")
    assert "has changed since the page was opened" in answer["error"]
    assert not list(site.downloads.glob(f"{run['name']}_exported_*"))


def test_what_signs_is_kept_from_the_first_start_on(tmp_path: Path) -> None:
    from core.ui.session import Workspace

    first = Workspace(tmp_path / "not there yet").secret()
    assert len(first) == 32
    assert Workspace(tmp_path / "not there yet").secret() == first
