"""Run folders, job files and caches that were made by hand: what they say is checked like what a stranger sends."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core import files
from core.errors import QueueFull
from core.jobs.archive import JobArchive
from core.jobs.queue import JobQueue
from core.pipeline.export_folder import OWNER
from core.pipeline.jobs import COMMAND
from core.store import jsonl
from core.store.run import RunDir
from core.ui import looks as looks_of
from core.ui.looks import Inspections
from tests import videos
from tests.serving import serving
from tests.ui.asking import ask, runs_of
from tests.ui.calls import Refused, call
from tests.ui.site import Site


@dataclass
class Home:
    """A run of its own in the served folder, with a job file that is made by hand, and what lies outside of it."""

    address: str
    downloads: Path
    outside: Path
    run: RunDir
    job: str

    @property
    def name(self) -> str:
        return self.run.path.name

    def forge(self, verb: str, arguments: dict[str, Any], **last: Any) -> None:
        head = {
            "id": self.job,
            "verb": verb,
            "arguments": arguments,
            "owner": "ab" * 16,
            "title": "t",
            "created_s": 1.0,
        }
        files.make_folder(self.run.jobs)
        jsonl.rewrite(self.run.job(self.job), [head, last])

    def id(self) -> str:
        return run_id(self.address, self.name)


@pytest.fixture
def home(site: Site, tmp_path: Path, counting_runs: Path) -> Iterator[Home]:
    shutil.copytree(counting_runs / "files", tmp_path / "outside" / "run")
    (tmp_path / "outside" / "secret.txt").write_text("TOP SECRET")
    job = secrets.token_hex(16)
    run = RunDir(site.run(f"hostile-{job[:8]}"))
    yield Home(site.address, site.downloads, tmp_path / "outside", run, job)
    for path in site.downloads.glob(f"*{job[:8]}*"):
        path.unlink() if path.is_symlink() or path.is_file() else shutil.rmtree(path, ignore_errors=True)


def run_id(address: str, name: str) -> str:
    return next(str(line["id"]) for line in runs_of(address) if line["name"] == name)


def said(found: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return found[0], str(json.loads(found[2]).get("error"))


# --- jobs


FORGED = ("outside", "outside/run", "", "RUN", "RUN/jobs", "LINK", "/etc", "/", "\0", "x" * 300, 7, None, ["/etc"])


@pytest.mark.parametrize("dest", FORGED, ids=str)
def test_a_forged_export_gives_nothing_away(home: Home, dest: Any) -> None:
    link = home.downloads / f"link-{home.job[:8]}"
    link.symlink_to(home.outside)
    places = {"RUN": home.run.path, "RUN/jobs": home.run.jobs, "LINK": link, "": home.downloads}
    if isinstance(dest, str) and not dest.startswith(("/", "\0")):
        dest = str(places.get(dest, home.outside.parent / dest))
    home.forge(
        "export", {"run": "run", "dest": "x"}, state="done", result={} if dest is None else {"dest": dest, "kept": "x"}
    )
    status, sentence = said(ask(home.address, f"/fs/exports/{home.job}/zip"))
    assert (status, sentence[-13:]) == (400, "export again.")
    status, _, data = ask(home.address, f"/fs/exports/{home.job}")
    assert status == 200
    assert json.loads(data)["folder"] is None
    assert ask(home.address, f"/fs/runs/{home.id()}")[0] == 200


def test_an_export_in_the_folder_of_runs_is_sent_without_the_links_in_it(home: Home) -> None:
    made = home.downloads / f"made-{home.job[:8]}"
    made.mkdir()
    (made / "manifest.json").write_text("{}")
    (made / "frame_000001.jpg").symlink_to(home.outside / "secret.txt")
    os.mkfifo(made / "frame_000002.jpg")
    home.forge("export", {}, state="done", result={"dest": str(made), "kept": 1})
    status, _, data = ask(home.address, f"/fs/exports/{home.job}/zip")
    assert status == 200
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == [f"{made.name}/manifest.json"]


@pytest.mark.parametrize("state", ["failed", "cancelled", "interrupted"])
@pytest.mark.parametrize("is_outside", [True, False])
def test_looking_at_an_export_deletes_nothing(home: Home, state: str, is_outside: bool) -> None:
    place = home.outside if is_outside else home.downloads
    left = place / f".{home.job[:8]}.abc.partial"
    left.mkdir()
    (left / OWNER).write_text(str(home.run.path))
    home.forge("export", {"dest": str(place / "x")}, state=state, error="x")
    for path in (f"/fs/exports/{home.job}", f"/fs/exports/{home.job}/zip", f"/fs/runs/{home.id()}", "/fs/jobs"):
        ask(home.address, path)
    if is_outside:
        ask(home.address, f"/fs/exports/{home.job}/cancel", "POST", {})
        assert ask(home.address, f"/fs/jobs/{home.job}/resume", "POST", {})[0] == 409
    assert left.is_dir()


@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("rescore", {"quality_weights": [1, 0, 0, 0, 0]}),
        ("shots", {}),
        ("export", {"dest": "DOWNLOADS/made"}),
        ("faces", {"people": {}}),
        ("precompute", {"source": "OUTSIDE/clip.mp4", "weights": "DOWNLOADS/a.pt"}),
        ("proxy", {"video": "OUTSIDE/clip.mp4", "downloads": "DOWNLOADS"}),
        ("fetch", {"url": "file:///etc/passwd", "out": "DOWNLOADS"}),
        ("export", {"selection": "OUTSIDE/secret.txt"}),
        ("precompute", {"run": "", "source": "OUTSIDE/clip.mp4", "weights": "OUTSIDE/a.pt"}),
        ("rescore", {"run": ["/etc"], "quality_weights": [1, 0, 0, 0, 0]}),
        ("rescore", {"run": "a\0b", "quality_weights": [1, 0, 0, 0, 0]}),
    ],
)
def test_a_forged_job_works_in_no_other_run_and_reads_nothing_outside(
    home: Home, verb: str, more: dict[str, Any]
) -> None:
    places = {"DOWNLOADS": str(home.downloads), "OUTSIDE": str(home.outside)}
    arguments: dict[str, Any] = {"run": str(home.outside / "run")} if "url" not in more else {}
    for name, value in more.items():
        arguments[name] = next((value.replace(k, v) for k, v in places.items() if str(value).startswith(k)), value)
    home.forge(verb, arguments, state="failed", error="x")
    before = {path: path.read_bytes() for path in home.outside.rglob("*") if path.is_file()}
    status, sentence = said(ask(home.address, f"/fs/jobs/{home.job}/resume", "POST", {}))
    assert 400 <= status < 500
    assert sentence.endswith((".", ")"))
    assert before == {path: path.read_bytes() for path in home.outside.rglob("*") if path.is_file()}
    assert not (home.downloads / "made").exists()


def test_a_forged_job_of_one_run_works_in_no_other_of_the_folder(home: Home) -> None:
    other = shutil.copytree(home.run.path, home.downloads / f"other-{home.job[:8]}")
    home.forge("rescore", {"run": str(other), "quality_weights": [1, 0, 0, 0, 0]}, state="failed", error="x")
    assert said(ask(home.address, f"/fs/jobs/{home.job}/resume", "POST", {}))[0] == 409


JOB_FILES: dict[str, Callable[[Path, Home], Any]] = {
    "fifo": lambda path, _: os.mkfifo(path),
    "link": lambda path, home: path.symlink_to(home.outside / "secret.txt"),
    "folder": lambda path, _: path.mkdir(),
    "giant line": lambda path, _: path.write_bytes(b"x" * 20_000_000),
    "nested": lambda path, _: path.write_bytes(b"[" * 1_000_000 + b"\n"),
    "device": lambda path, _: path.symlink_to("/dev/zero"),
}


@pytest.mark.parametrize("how", JOB_FILES)
def test_a_job_file_that_is_none_holds_nobody_up(home: Home, how: str) -> None:
    files.make_folder(home.run.jobs)
    JOB_FILES[how](home.run.job(home.job), home)
    assert ask(home.address, "/fs/jobs")[0] == 200
    assert said(ask(home.address, f"/fs/exports/{home.job}"))[0] == 400
    assert list(JobArchive(home.downloads).jobs()) is not None


# --- runs


BAD_RUNS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a text where a number is": lambda v: v["settings"].update(method="interval", interval="${x}"),
    "a list where a text is": lambda v: v["settings"].update(method=["a"], thumb_height=[1]),
    "no number": lambda v: v["video"].update(duration_s=float("nan")),
    "no end": lambda v: v["settings"].update(thumb_height=float("inf")),
    "a giant number": lambda v: v["video"].update(width=10**400),
    "half a sign": lambda v: (v["video"].update(fingerprint="\ud800"), v.update(fingerprint="\ud800")),
    "half a sign in the digest": lambda v: v.update(digest="\udfff"),
    "a giant state": lambda v: v["extra"].update(state=["x" * 100_000]),
    "a NUL in the path": lambda v: v["video"].update(path="a\0b"),
    "half a sign in the path": lambda v: v["video"].update(path="/\ud800"),
    "a long path": lambda v: v["video"].update(path="/" + "x" * 5000),
    "deep settings": lambda v: v["settings"].update(every={"a": {"b": [[[[[]]]]]}}, method="every_nth"),
}
PARTS = ("", "/frame/0", "/frame/99999", "/thumb/0", "/people", "/faces/0", "/columns/x", "/thumbs?ordinals=0")


@pytest.mark.parametrize("how", BAD_RUNS)
def test_one_bad_run_never_hides_the_others(home: Home, how: str) -> None:
    good = shutil.copytree(home.run.path, home.downloads / f"good-{home.job[:8]}")
    values = json.loads(home.run.run_json.read_text())
    BAD_RUNS[how](values)
    home.run.run_json.write_text(json.dumps(values))
    lines = {line["name"]: line for line in runs_of(home.address)}
    assert home.name in lines
    assert lines[good.name]["frames"] == videos.FRAMES
    if (found := lines[home.name]["id"]) is not None:
        for part in PARTS:
            assert ask(home.address, f"/fs/runs/{found}{part}")[0] < 500, part
        assert ask(home.address, "/fs/review/open", "POST", {"run": found})[0] < 500


@pytest.mark.parametrize(
    "name", ["run.json", "metadata.jsonl", "selection.json", "ledger.npz", "faces.json", "faces.jsonl"]
)
@pytest.mark.parametrize("how", ["fifo", "link", "device", "loop", "text", "nested", "numbers"])
def test_no_file_of_a_run_holds_the_list_up_or_leads_out(site: Site, tmp_path: Path, name: str, how: str) -> None:
    run, good = site.run("odd"), site.run("good")
    secret = tmp_path / "secret.json"
    secret.write_text('{"schema": 1, "secret": "TOP SECRET"}\n')
    path = run / name
    path.unlink(missing_ok=True)
    {
        "fifo": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(secret),
        "device": lambda: path.symlink_to("/dev/zero"),
        "loop": lambda: path.symlink_to(path),
        "text": lambda: path.write_text("${x}\n\0\n"),
        "nested": lambda: path.write_text('{"a":' * 100_000 + "\n"),
        "numbers": lambda: path.write_text(
            '{"schema": 1, "frame_number": 1e400, "pts_s": 18446744073709551615, "dimension": 0, "kept": [1e999],'
            '"row": 0, '
            '"people": [{"id": -9, "rows": [-5, 9e99], "name": "x"}], "references": [], "model": 1, "digest": 1}\n'
        ),
    }[how]()
    try:
        lines = {line["name"]: line for line in runs_of(site.address)}
        assert lines["good"]["frames"] == videos.FRAMES
        if lines["odd"]["id"] is not None:
            base = f"/fs/runs/{lines['odd']['id']}"
            for part in ("", "/frame/0", "/people", "/faces/0", "/columns/x"):
                status, _, data = ask(site.address, f"{base}{part}")
                assert status < 500, part
                assert b"TOP SECRET" not in data
            for part in ("selection", "size", "people", "export"):
                assert ask(site.address, f"{base}/{part}", "POST", {"filters": {}, "digest": "x"})[0] < 500, part
    finally:
        shutil.rmtree(run)
        shutil.rmtree(good)


@pytest.mark.parametrize("where", ["absolute", "link", "dots"])
def test_the_video_of_a_run_is_opened_in_the_allowed_folders_only(
    counting_runs: Path, tmp_path: Path, where: str
) -> None:
    run = RunDir(shutil.copytree(counting_runs / "bare", tmp_path / "downloads" / "run"))
    video = Path(json.loads(run.run_json.read_text())["video"]["path"])
    (tmp_path / "downloads" / "link.mp4").symlink_to(video)
    path = {
        "absolute": str(video),
        "link": str(tmp_path / "downloads" / "link.mp4"),
        "dots": f"{tmp_path}/downloads/../{os.path.relpath(video, tmp_path)}",
    }[where]
    values = json.loads(run.run_json.read_text())
    values["video"]["path"] = path
    run.run_json.write_text(json.dumps(values))
    with serving(tmp_path / "downloads", "--root", str(tmp_path / "downloads")) as address:
        found = run_id(address, "run")
        for answer in (
            ask(address, f"/fs/runs/{found}/frame/3"),
            ask(address, f"/fs/runs/{found}/thumbs?ordinals=1,2"),
            ask(address, "/fs/review/open", "POST", {"run": found}),
        ):
            status, sentence = said(answer)
            assert status == 400
            assert "is not in the allowed folders" in sentence
            assert "start the page with that folder as --root." in sentence or "choose one with Browse" in sentence
            assert "Put it back" not in sentence  # it lies where it was
        saved = json.loads(ask(address, f"/fs/runs/{found}/selection", "POST", {"filters": {}, "revision": "none"})[2])
        job = call(address, "export", "run", digest=saved["digest"])["job"]
        state = ended(address, job)
        assert state["state"] == "failed"
        assert "is not in the allowed folders" in state["error"]
    with serving(tmp_path / "downloads", "--root", str(video.parent)) as address:
        assert ask(address, f"/fs/runs/{run_id(address, 'run')}/frame/3")[0] == 200


def ended(address: str, job: str) -> dict[str, Any]:
    while True:
        state = json.loads(ask(address, f"/fs/exports/{job}")[2])
        if state["state"] not in ("queued", "running"):
            return dict(state)
        time.sleep(0.05)


@pytest.mark.parametrize(
    "dest", ["x" * 300, "é" * 200, "a/" + "x" * 256, "/".join("ab" * 40 for _ in range(60)), "\ud800", "a\udc80b"]
)
def test_an_export_name_that_cannot_be_spoils_no_browser(site: Site, dest: str) -> None:
    site.run("named")
    word = ask(site.address, "/fs/runs", X_Framesieve_Owner="")[1]["x-framesieve-owner"]
    base = f"/fs/runs/{run_id(site.address, 'named')}"
    digest = json.loads(ask(site.address, f"{base}/selection", "POST", {"filters": {"top": 1}, "force": True})[2])[
        "digest"
    ]
    try:
        answer = call(site.address, "export", "named", top=1, digest=digest, dest=dest, owner=word)
    except (OSError, Refused):  # Gradio reads no text with halves of signs
        answer = {"error": "unreadable"}
    if dest == "a\udc80b" and "job" in answer:
        ended(site.address, answer["job"])
    else:
        assert answer["error"]
    assert ask(site.address, base, X_Framesieve_Owner=word)[0] == 200
    assert ask(site.address, "/fs/jobs", X_Framesieve_Owner=word)[0] == 200
    shutil.rmtree(site.downloads / dest, ignore_errors=True) if len(dest) < 5 else None


# --- links that take the place of something


def test_links_in_a_run_are_not_exported(home: Home) -> None:
    secret = home.outside / "secret.jpg"
    secret.write_bytes(b"TOP SECRET\xff\xd9")
    for ordinal in (0, 1):
        home.run.frame(ordinal).unlink()
    home.run.frame(0).symlink_to(secret)
    os.mkfifo(home.run.frame(1))
    base, made = f"/fs/runs/{home.id()}", f"made-{home.job[:8]}"
    digest = json.loads(ask(home.address, f"{base}/selection", "POST", {"filters": {}, "force": True})[2])["digest"]
    name = home.run.path.name
    state = ended(home.address, call(home.address, "export", name, digest=digest, dest=made)["job"])
    assert state["state"] == "done"
    for ordinal in (0, 1):  # decoded from the video instead
        picture = home.downloads / made / home.run.frame(ordinal).name
        assert picture.read_bytes().startswith(b"\xff\xd8\xff")
        assert b"SECRET" not in picture.read_bytes()


def test_a_saved_picture_is_no_link(home: Home) -> None:
    output = home.downloads / f"saved-{home.job[:8]}"
    output.mkdir()
    shutil.copy(RunDir(home.outside / "run").frame(0), output / "own_f000000.jpg")
    (output / "a_f000001.jpg").symlink_to(RunDir(home.outside / "run").frame(0))
    os.mkfifo(output / "a_f000002.jpg")
    shutil.copy(videos.build("tiny"), output / "clip.mp4")
    listed = json.loads(ask(home.address, "/fs/review/folder", "POST", {"folder": str(output)})[2])["videos"]
    base, query = f"/fs/review/{listed[0]['id']}/saved", f"folder={output.name}"
    assert ask(home.address, f"{base}/own_f000000.jpg?{query}")[0] == 200
    for number in (1, 2):
        assert ask(home.address, f"{base}/a_f00000{number}.jpg?{query}")[0] == 404
    assert ask(home.address, f"{base}?{query}")[0] == 200


def test_a_video_that_becomes_a_link_is_not_shown(home: Home) -> None:
    folder = home.downloads / f"clips-{home.job[:8]}"
    folder.mkdir()
    clip, private = folder / "clip.mp4", home.outside / "private.mp4"
    for path in (clip, private):
        path.write_bytes(videos.build("tiny").read_bytes())
    os.utime(private, ns=(clip.stat().st_atime_ns, clip.stat().st_mtime_ns))
    listed = json.loads(ask(home.address, "/fs/review/folder", "POST", {"folder": str(folder)})[2])["videos"]
    facts = json.loads(ask(home.address, "/fs/review/open", "POST", {"video": listed[0]["id"]})[2])
    assert ask(home.address, f"/fs/{facts['media']}", Range="bytes=0-9")[0] == 206
    status, _, data = ask(home.address, f"/fs/{facts['media']}")
    assert (status, data) == (200, clip.read_bytes())
    clip.unlink()
    clip.symlink_to(private)
    assert ask(home.address, f"/fs/{facts['media']}")[0] in (400, 404)
    assert ask(home.address, f"/fs/review/{facts['id']}/head", "POST", {"frame": 1})[0] == 400
    assert ask(home.address, "/fs/review/open", "POST", {"video": facts["id"]})[0] == 400


# --- weights


def test_weights_that_run_code_are_loaded_only_where_the_server_was_started_so(
    tmp_path: Path, serve: Callable[..., str]
) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "evil.pt").write_bytes(b"x" * 100)
    (folder / "clip.mp4").write_bytes(videos.build("tiny").read_bytes())
    for options, wanted in (((), 422), (("--allow-unsafe-weights",), 200)):
        address = serve(folder, "--root", str(folder), *options)
        video = json.loads(ask(address, "/fs/review/folder", "POST", {"folder": str(folder)})[2])["videos"][0]["id"]
        weights = json.loads(ask(address, "/fs/review/weights", "POST", {"text": str(folder / "evil.pt")})[2])["id"]
        body = {"video": video, "weights": weights, "unsafe": True}
        assert json.loads(ask(address, "/fs/review")[2])["unsafe_weights"] is (wanted == 200)
        found = ask(address, f"/fs/review/{video}/live", "POST", body)
        assert found[0] == wanted
        if wanted == 422:
            assert "start it with --allow-unsafe-weights" in said(found)[1]
        clip, evil = str(folder / "clip.mp4"), str(folder / "evil.pt")
        if wanted == 200:
            assert call(address, "precompute", clip, evil, unsafe=True)["job"]
            continue
        with pytest.raises(Refused, match="start it with --allow-unsafe-weights") as refused:
            call(address, "precompute", clip, evil, unsafe=True)
        assert refused.value.code == "unsafe_not_allowed"


# --- the guard


def test_a_malformed_or_doubled_origin_is_refused(site: Site) -> None:
    own = f"http://{urlsplit(site.address).netloc}"
    for origin in (
        "http://[::1",
        "http://[x]",
        "[",
        "http://\xff",
        own + "@evil.example",
        own + ".evil.example",
        "null",
    ):
        assert ask(site.address, "/fs/runs", Origin=origin)[0] == 403
    assert ask(site.address, "/fs/runs", Origin=own)[0] == 200


@pytest.mark.parametrize("path", ["/fs/runs", "/fs/source/upload", "/gradio_api/queue/join", "/gradio_api/upload", "/"])
def test_foreign_preflights_are_answered_by_the_guard(site: Site, path: str) -> None:
    asks = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "x-framesieve-owner"}
    for foreign in ("http://evil.example", "null", "http://127.0.0.1:1", "http://localhost:9999"):
        status, headers, _ = ask(site.address, path, "OPTIONS", Origin=foreign, **asks)
        assert status == 403
        assert not [name for name in headers if name.startswith("access-control-allow")]
    assert ask(site.address, path, "OPTIONS", Host="evil.example", **asks)[0] == 403


@pytest.mark.parametrize(
    "path", ["/", "/fs/runs", "/fs/none", "/gradio_api/info", "/config", "/nothing", "/gradio_api/upload"]
)
def test_no_other_site_shows_an_answer_in_a_frame(site: Site, path: str) -> None:
    _, headers, _ = ask(site.address, path)
    assert headers["content-security-policy"] == "frame-ancestors 'self'"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    framed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"}
    assert ask(site.address, path, **framed)[0] == 403


# --- bounds


@pytest.mark.parametrize("path", ["/fs/source/look", "/gradio_api/queue/join", "/gradio_api/call/job", "/login"])
def test_a_giant_body_is_refused_everywhere(site: Site, path: str) -> None:
    assert ask(site.address, path, "POST", b" " * 17_000_000)[0] == 413


def test_no_more_jobs_wait_than_can_be_looked_through() -> None:
    with JobQueue(command=COMMAND, parallel=0) as queue:
        for number in range(100):
            queue.start("fetch", {"url": f"http://127.0.0.1:1/{number}"}, "me")
        with pytest.raises(QueueFull, match="100 jobs wait already"):
            queue.start("fetch", {"url": "http://127.0.0.1:1/x"}, "me")
        queue.cancel(queue.jobs_of("me")[0].id)
        queue.start("fetch", {"url": "http://127.0.0.1:1/x"}, "me")


@pytest.fixture
def looks() -> Iterator[Inspections]:
    found = Inspections()
    yield found
    found.close()


def test_of_many_looks_only_the_newest_go_on(looks: Inspections, tmp_path: Path) -> None:
    clip = shutil.copy(videos.build("h264-opengop"), tmp_path / "a.mp4")
    begun = [looks.at_file(Path(clip)) for _ in range(20)]
    assert sum(one.state == "looking" and not one.stop.is_set() for one in begun) <= looks_of.MOST_GOING_ON
    give_up = time.monotonic() + 60
    while "looking" in (begun[0].state, begun[-1].state) and time.monotonic() < give_up:
        time.sleep(0.05)
    assert begun[-1].state == "done"
    assert begun[0].state == "cancelled"
