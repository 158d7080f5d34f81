"""Addresses and paths, names, sentences, and the real yt-dlp against a web server on this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import inside
from core.errors import FramesieveError, MissingDependency, RunBusy, SettingsError, SourceError, StorageError
from core.settings.fetch import FetchSettings
from core.settings.model import from_mapping
from core.video.probe import probe
from core.video.source import LocalPath, Url, classify, is_url, resolve_local
from core.video.web import javascript, names, refusal
from core.video.web.download import FetchProgress, fetch, inspect_url, inspecting
from core.video.web.ytdlp import judged
from tests.raising import raises
from tests.videos import build
from tests.web import GUARD, Page, Site, serve, until

ROOT = Path(__file__).parents[2]
YOUTUBE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


# ---------------------------------------------------------------------------------------------------------------------
# What was typed
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("clip.mp4", "clip.mp4"),
        ("  /a/b.mp4\r\n", "/a/b.mp4"),
        ('"/a/my clip.mp4"', "/a/my clip.mp4"),
        ("'/a/my clip.mp4'", "/a/my clip.mp4"),
        ("'/a/it'\\''s.mp4'", "/a/it's.mp4"),
        ("“/a/b.mp4”", "/a/b.mp4"),
        ("/a/my\\ clip\\ \\(1\\).mp4", "/a/my clip (1).mp4"),
        ('"/a/back\\ slash.mp4"', "/a/back\\ slash.mp4"),
        ("file:///a/my%20clip.mp4", "/a/my clip.mp4"),
        ("file:///a/100%25%20%23one%3F.mp4", "/a/100% #one?.mp4"),
        ("file:///a/b#c?.mp4", "/a/b#c?.mp4"),
        ("file://localhost/a/b.mp4\n", "/a/b.mp4"),
        ("FILE:/a/b.mp4", "/a/b.mp4"),
        ("# dropped\r\nfile:///a/b.mp4\r\n", "/a/b.mp4"),
        ("\u202a/a/b.mp4\u202c", "/a/b.mp4"),
        ("\ufeff/a/b.mp4", "/a/b.mp4"),
        ("& 'C:\\Users\\me\\my clip.mp4'", "C:\\Users\\me\\my clip.mp4"),
        ('"C:\\Users\\me\\clip.mp4"', "C:\\Users\\me\\clip.mp4"),
        ("C:\\(x86)\\clip.mp4", "C:\\(x86)\\clip.mp4"),
        ("\\\\server\\share\\clip.mp4", "\\\\server\\share\\clip.mp4"),
        ("/a/видео 🎬.mp4", "/a/видео 🎬.mp4"),
        ("part 1: the start.mp4", "part 1: the start.mp4"),
        ("./concat:a.mp4", "concat:a.mp4"),
        ("/a/<script>.mp4", "/a/<script>.mp4"),
    ],
)
def test_a_path_is_read_however_it_was_pasted(text: str, path: str) -> None:
    assert classify(text) == LocalPath(Path(path))


def test_the_home_folder_is_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert classify("~/clip.mp4") == LocalPath(Path("/home/me/clip.mp4"))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example/v", "https://a.example/v"),
        (' "HTTP://a.example:81/v?x=1&y=%20#t"\n', "HTTP://a.example:81/v?x=1&y=%20#t"),
        ("<https://a.example/v>", "https://a.example/v"),
        ("youtu.be/dQw4w9WgXcQ", "https://youtu.be/dQw4w9WgXcQ"),
        ("www.a.example/v", "https://www.a.example/v"),
        ("http://[::1]:8000/v", "http://[::1]:8000/v"),
        ("https://a.example/v#__youtubedl_smuggle=%7B%22to_generic%22%3A1%7D", "https://a.example/v"),
    ],
)
def test_a_web_address_is_read_however_it_was_pasted(text: str, url: str) -> None:
    assert classify(text) == Url(url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "nothing came"),
        (" \n\t ", "nothing came"),
        ("''", "nothing came"),
        ("/a.mp4\n/b.mp4", "2 lines"),
        ("/a\0.mp4", "control character"),
        ("/a\x1b[31m.mp4", "control character"),
        ("file:///a%00.mp4", "NUL"),
        ("file://server/share/a.mp4", "another machine"),
        ("ftp://a.example/v.mp4", '"ftp:"'),
        ("rtsp://a.example/v", '"rtsp:"'),
        ("gopher://a.example", '"gopher:"'),
        ("concat:a.mp4|b.mp4", '"concat:"'),
        ("CONCAT:a.mp4", '"concat:"'),
        ("subfile,,start,0,end,9,,:a.mp4", "subfile"),
        ("pipe:0", '"pipe:"'),
        ("data:text/html,x", '"data:"'),
        ("javascript:alert(1)", '"javascript:"'),
        ("https://", "no host"),
        ("http:clip", "no host"),
        ("https://a.example/my clip.mp4", "space"),
        ("https://a.example:99999/v", "not a web address"),
        ("https://a.example/" + "x" * 3000, "at most 2000"),
        ("/" + "x" * 5000, "at most 4096"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as refused:
        resolve_local(text, [tmp_path]) if text.startswith("subfile") else classify(text)
    assert words in str(refused.value)
    assert str(refused.value).endswith(".")


@given(st.text(max_size=60))
def test_any_text_is_an_address_a_path_or_a_sentence(text: str) -> None:
    with contextlib.suppress(SourceError):
        found = classify(text)
        assert not isinstance(found, Url) or is_url(found.text)


def test_the_command_line_leaves_paths_as_the_shell_gave_them() -> None:
    assert is_url(" HTTPS://a.example/v")
    assert not is_url("'quoted'.mp4")
    assert not is_url("ftp://a.example/v")


def test_a_path_in_an_allowed_folder_comes_back_real(tmp_path: Path) -> None:
    clip = tmp_path / "my clip.mp4"
    clip.write_bytes(b"x")
    (tmp_path / "link.mp4").symlink_to(clip)
    for text in (f'"{clip}"', str(clip).replace(" ", "\\ "), clip.as_uri(), str(tmp_path / "link.mp4")):
        assert resolve_local(text, [tmp_path]) == clip.resolve()
    assert resolve_local(str(clip), None) == clip.resolve()


def test_what_is_missing_and_what_is_outside_sound_the_same(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "root-outside"
    for folder in (root, outside):
        folder.mkdir()
    (outside / "secret.mp4").write_bytes(b"x")
    (root / "link.mp4").symlink_to(outside / "secret.mp4")
    (root / "folder").symlink_to(outside)
    (root / "broken.mp4").symlink_to(outside / "gone.mp4")
    (root / "loop.mp4").symlink_to(root / "loop.mp4")
    attempts = [
        root / "gone.mp4",
        outside / "secret.mp4",
        outside / "gone.mp4",
        root / "link.mp4",
        root / "folder" / "secret.mp4",
        root / ".." / "root-outside" / "secret.mp4",
        root / "broken.mp4",
        root / "loop.mp4",
        Path("/etc/passwd"),
        Path("/dev/zero"),
        Path("/proc/self/mem"),
        root / ("x" * 300),
    ]
    for path in attempts:
        with pytest.raises(SourceError) as refused:
            resolve_local(f"'{path}'", [root])
        expected = f"{path} is not a file in the allowed folders; upload it here, or choose one with Browse"
        assert str(refused.value).startswith(expected)


@pytest.mark.parametrize(
    ("text", "is_address"),
    [
        ("example.com/video", True),
        ("example.com", True),
        ("media.example.org:8080/a/b.mp4?x=1", True),
        ("films.example.de/clip", True),
        (" example.com/video ", True),
        ("clip.mp4", False),
        ("clip.ts", False),
        ("films.de", False),
        ("film.mp4/clip.mp4", False),
        ("./example.com/video", False),
        ("/example.com/video", False),
        ("~/example.com/video", False),
        ("films/example.com", False),
        ("example.com\\video", False),
        ("two words.com/video", False),
        ("1.2/clip.mp4", False),
        ("v1.final/clip.mp4", False),
    ],
)
def test_an_address_without_its_scheme_is_told_from_a_file(tmp_path: Path, text: str, is_address: bool) -> None:
    with pytest.raises(SourceError) as refused:
        resolve_local(text, [tmp_path])
    assert (refused.value.code == "no_scheme") == is_address
    assert ("write https:// in front of it" in str(refused.value)) == is_address


def test_a_file_that_is_named_like_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "example.com").mkdir()
    (tmp_path / "example.com" / "clip.mp4").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    assert resolve_local("example.com/clip.mp4", [tmp_path]).name == "clip.mp4"


def test_a_folder_on_the_page_says_how_to_choose_in_it(tmp_path: Path) -> None:
    inside.confine([tmp_path])
    try:
        with pytest.raises(SourceError, match="is a folder; choose a video in it with Browse") as refused:
            resolve_local(str(tmp_path), [tmp_path])
    finally:
        inside.confine(None)
    assert (refused.value.code, refused.value.facts["folder"]) == ("no_file", str(tmp_path))


def test_no_allowed_folder_allows_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    with raises(SourceError, code="not_allowed"):
        resolve_local(str(tmp_path / "a.mp4"), [])


def test_a_folder_a_pipe_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "empty.mp4").touch()
    for name, words in [("", "directory"), ("pipe.mp4", "device or pipe"), ("empty.mp4", "empty")]:
        with pytest.raises(SourceError, match=words):
            resolve_local(str(tmp_path / name), [tmp_path])
    with raises(SourceError, code="web_address"):
        resolve_local("https://a.example/v", [tmp_path])


# ---------------------------------------------------------------------------------------------------------------------
# Names
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "video"),
        ("...", "video"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf $(rm -rf ~) `id` ; && | x", "rf (rm -rf ) id ++ - x"),
        ("<script>alert('x')</script>", "scriptalert(’x’)-script"),
        ("a\nb\tc\0d\x1be", "a b c d e"),
        ('C:\\con "quoted"', "C--con ’quoted’"),
        ("What? 100% *real* [id] {{x}}", "What 100 real (id) ((x))"),
        ("movie.mp4 .", "movie.mp4"),
        ("\u202egpj.exe", "gpj.exe"),
        ("Ünïcödé 日本語 🎬 👩\u200d👩\u200d👧", "Ünïcödé 日本語 🎬 👩\u200d👩\u200d👧"),
        ("e\u0301", "é"),
        ("x" * 300, "x" * 120),
        ("日" * 100, "日" * 40),
    ],
)
def test_a_title_becomes_a_harmless_name(title: str, name: str) -> None:
    assert names.safe_title(title) == name


@given(st.text(max_size=400))
def test_no_title_makes_a_dangerous_name(title: str) -> None:
    name = names.safe_title(title)
    assert 0 < len(name.encode()) <= names.TITLE_BYTES
    assert not set(name) & set("/\\:\"'`$<>&|;*?%!#~=^{}[]\0\n\r\t")
    assert name[0] not in "-. "
    assert name[-1] not in ". "
    assert names.safe_title(name) == name


def test_the_tag_names_a_video_and_no_other() -> None:
    assert names.site_tag("Youtube", "dQw4w9WgXcQ") == "dQw4w9WgXcQ"
    assert names.site_tag("Vimeo", "123") == "vimeo-123"
    assert names.site_tag("Odd", "../x") is None
    tags = {names.address_tag(url, item, direct=False) for url in ("http://a/v", "http://b/v") for item in (None, 1, 2)}
    assert len(tags) == 6


def test_downloads_are_found_by_their_tag(tmp_path: Path) -> None:
    assert list(names.downloads(tmp_path / "none", "id")) == []
    for name in ("A [id].mp4", "B [id] 360p.mkv", "[id] best.webm", "C [id2].mp4", "D [id].mp4.part", ".E [id].mp4"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "F [id].mp4").touch()
    (tmp_path / "G [id].mp4").mkdir()
    found = {(d.path.name, d.max_height) for d in names.downloads(tmp_path, "id")}
    assert found == {("A [id].mp4", "1080"), ("B [id] 360p.mkv", "360"), ("[id] best.webm", "best")}


@pytest.mark.parametrize(
    ("asked", "height", "wanted", "serves"),
    [
        ("1080", 720, "1080", True),
        ("1080", 720, "720", True),
        ("1080", 720, "480", False),
        ("1080", 720, "1440", False),
        ("1080", 720, "best", False),
        ("best", 720, "2160", True),
        ("best", 720, "480", False),
        ("360", 2160, "360", True),
        ("360", 2160, "480", False),
    ],
)
def test_a_download_serves_every_limit_under_which_it_is_the_best(
    asked: str, height: int, wanted: str, serves: bool
) -> None:
    assert names.serves(asked, height, wanted) is serves


def test_the_height_is_a_choice_and_may_be_a_number() -> None:
    assert FetchSettings().height_px == 1080
    assert from_mapping(FetchSettings, {"max_height": 720}) == FetchSettings(max_height="720")
    assert FetchSettings(max_height="best").height_px is None
    for wrong in ("721", 721, True, "", None):
        with pytest.raises(SettingsError):
            from_mapping(FetchSettings, {"max_height": wrong})


# ---------------------------------------------------------------------------------------------------------------------
# Sentences
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("ERROR: [youtube] dQw4w9WgXcQ: Private video. Sign in if you've been granted access to this video", "private"),
        ("[youtube] x: Video unavailable. This video has been removed by the uploader", "was removed"),
        ("[youtube] x: This video is no longer available because the YouTube account has been terminated", "removed"),
        ("[youtube] x: The uploader has not made this video available in your country", "country"),
        ("[site] x: This video is not available from your location due to geo restriction", "country"),
        ("[youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.", "age limit"),
        ("[youtube] x: Sign in to confirm you’re not a bot. Use --cookies-from-browser", "robot"),
        ("[youtube] x: Join this channel to get access to members-only content", "paying members"),
        ("[youtube] x: Premieres in 3 days", "not begun"),
        ("[youtube] x: This live event will begin in a few moments.", "not begun"),
        ("[youtube] x: Video unavailable", "no such video"),
        ("[site] x: This video is DRM protected", "DRM"),
        ("ERROR: Unsupported URL: https://a.example/", "no video was found"),
        ("[generic] x: Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404>)", "(404)"),
        ("[generic] x: Unable to download webpage: HTTP Error 403: Forbidden", "(403)"),
        ("unable to download video data: HTTP Error 429: Too Many Requests", "(429)"),
        ("[generic] x: HTTP Error 503: Service Unavailable", "HTTP Error 503"),
        ("[generic] x: Unable to download webpage: Failed to resolve 'x.invalid' ([Errno -2])", "host was not found"),
        ("[generic] x: Unable to download webpage: [Errno 101] Network is unreachable", "no network"),
        ("[generic] x: ('Connection aborted.', RemoteDisconnected('closed'))", "broke off"),
        ("[generic] x: The read operation timed out", "silent"),
        ("SSL: CERTIFICATE_VERIFY_FAILED self-signed certificate", "certificate"),
        ("[site] x: This video is only available for registered users. Use --cookies", "needs a login"),
        ("[youtube] x: Requested format is not available. Use --list-formats", "make update-ytdlp"),
        ("unable to write data: [Errno 28] No space left on device", "disk is full"),
    ],
)
def test_a_known_failure_is_one_sentence_with_the_cure(said: str, words: str) -> None:
    error = refusal.refusal(said, YOUTUBE)
    assert words in str(error)
    assert str(error).startswith(YOUTUBE)
    assert str(error).endswith(".")
    assert "\n" not in str(error)
    assert isinstance(error, StorageError if "disk" in words else SourceError)


def test_an_unknown_failure_is_its_first_line_and_the_way_to_a_newer_ytdlp() -> None:
    said = "\x1b[0;31mERROR:\x1b[0m [youtube] dQw4w9WgXcQ: Unable to extract nsig; please report this issue on  https://g\nx"
    young = str(refusal.refusal(said, YOUTUBE, age_days=60))
    assert young == f"{YOUTUBE}: Unable to extract nsig; if it stays so, get the newest yt-dlp: make update-ytdlp."
    assert "yt-dlp is 61 days old" in str(refusal.refusal(said, YOUTUBE, age_days=61))
    assert "besides, no deno" in str(refusal.refusal(said, YOUTUBE, note="no deno"))
    assert "make update-ytdlp" in str(refusal.refusal("", YOUTUBE))


def test_what_javascript_is_missing_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = javascript.Runtime("node", "/usr/bin/node", "20.1.0", usable=False, oldest="22.0.0")
    good = javascript.Runtime("deno", "/usr/bin/deno", "2.5.0", usable=True)
    assert javascript.explain({"deno": good, "node": old}, scripts=True) is None
    assert "none of deno, node" in (javascript.explain({}, scripts=True) or "")
    assert "node 20.1.0 is not one that this yt-dlp can use (it takes 22.0.0 and newer)" in (
        javascript.explain({"node": old}, scripts=True) or ""
    )
    assert "yt-dlp-ejs" in (javascript.explain({"deno": good}, scripts=False) or "")


@pytest.mark.parametrize(("version", "usable"), [("v20.20.2", False), ("v22.0.0", True), ("v25.1.0", True)])
def test_ytdlp_itself_judges_the_runtimes(
    version: str, usable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = tmp_path / "node"
    node.write_text(f"#!/bin/sh\necho {version}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert javascript.find_runtimes() == {"node": str(node)}
    found = judged({"node": str(node), "bun": str(tmp_path / "gone")})
    assert (found["node"].version, found["node"].usable, found["node"].oldest) == (version[1:], usable, "22.0.0")
    assert (found["bun"].version, found["bun"].usable) == (None, False)


# ---------------------------------------------------------------------------------------------------------------------
# The real library against a real server
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def connections(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No process of a test reaches anything but this machine; what tries is noted in this file."""
    folder = tmp_path_factory.mktemp("guard")
    (folder / "sitecustomize.py").write_text(GUARD)
    noted = folder / "connections"
    noted.touch()
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("FRAMESIEVE_TEST_GUARD", str(noted))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield noted
    assert "example" in noted.read_text() or noted.read_text() == ""


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture(scope="session")
def clip() -> Path:
    return build("h264-25")


def fetched(url: str, folder: Path, max_height: str = "1080", **options: object) -> tuple[Path, list[FetchProgress]]:
    steps = fetch(url, folder, FetchSettings(max_height=max_height), **options)  # type: ignore[arg-type]
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return end.value, seen


def phases(seen: list[FetchProgress]) -> list[str]:
    return list(dict.fromkeys(progress.phase for progress in seen))


def until_phase(steps: Iterator[FetchProgress], phase: str) -> FetchProgress:
    return next(progress for progress in steps if progress.phase == phase)


@pytest.fixture(autouse=True)
def others() -> None:
    """Notes what other tests left running for the session (the page, a browser): it is not ours to judge."""
    OTHERS.clear()
    OTHERS.update(p.pid for p in psutil.Process().children())


OTHERS: set[int] = set()


def children() -> list[psutil.Process]:
    own = [p for p in psutil.Process().children() if p.pid not in OTHERS]
    family = [p for child in own for p in (child, *child.children(recursive=True))]
    return [p for p in family if p.status() != psutil.STATUS_ZOMBIE]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def ffmpeg(*args: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args], check=True)


@pytest.fixture(scope="session")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second as DASH in two heights with sound of its own, and as HLS."""
    folder = tmp_path_factory.mktemp("streams")
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=1280x720:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1"),
        *("-filter_complex", "[0:v]split=3[a][b][c];[b]scale=640:360[d];[c]scale=640:360[e]"),
        *("-map", "[a]", "-map", "[d]", "-map", "[e]", "-map", "1:a", "-c:v:0", "libx264", "-c:v:1", "libx264"),
        *("-c:v:2", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v:2", "900k"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-adaptation_sets", "id=0,streams=0,1 id=1,streams=2 id=2,streams=3"),
        *("-f", "dash", str(folder / "dash.mpd")),
    )
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=320x180:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1", "-c:v", "libx264"),
        *("-pix_fmt", "yuv420p", "-c:a", "aac", "-hls_playlist_type", "vod", str(folder / "hls.m3u8")),
    )
    return folder


TYPES = {".mpd": "application/dash+xml", ".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t"}


@pytest.fixture
def streaming(site: Site, streams: Path) -> Site:
    for path in streams.iterdir():
        site.pages[f"/{path.name}"] = Page(path, TYPES.get(path.suffix, "video/mp4"))
    return site


def html(title: str, *sources: str) -> Page:
    videos = "".join(f'<video src="{source}"></video>' for source in sources)
    return Page(f"<html><head><title>{title}</title></head><body>{videos}</body></html>".encode(), "text/html")


def test_a_direct_link_arrives_whole_and_is_reused_without_the_network(
    site: Site, clip: Path, tmp_path: Path, connections: Path
) -> None:
    site.pages["/My clip.mp4"] = site.pages["/My%20clip.mp4"] = Page(clip)
    url = f"{site.url}/My%20clip.mp4"
    path, seen = fetched(url, tmp_path / "new" / "folder")
    assert path.parent == tmp_path / "new" / "folder"
    assert path.name.startswith("My clip [file-")
    assert path.read_bytes() == clip.read_bytes()
    assert names_in(path.parent) == [path.name]
    assert phases(seen) == ["looking", "video", "checking"]
    last = [progress for progress in seen if progress.phase == "video"][-1]
    assert last.done_bytes == last.total_bytes == clip.stat().st_size
    assert "(100 %)" in last.line()

    site.asked.clear()
    for height in ("1080", "360", "best"):
        again, seen = fetched(url, path.parent, height)
        assert again == path
        assert phases(seen) == ["looking", "reused"]
    assert site.asked == []

    site.pages["/My%20clip.mp4"] = Page(build("h264-24"))
    new, _ = fetched(url, path.parent, again=True)
    assert new == path
    assert path.read_bytes() == build("h264-24").read_bytes()
    assert connections.read_text() == ""


def test_two_addresses_with_the_same_last_word_are_two_videos(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages |= {"/a/video.mp4": Page(clip), "/b/video.mp4": Page(build("h264-24"))}
    one, _ = fetched(f"{site.url}/a/video.mp4", tmp_path)
    two, _ = fetched(f"{site.url}/b/video.mp4", tmp_path)
    assert one != two
    assert one.read_bytes() != two.read_bytes()


def test_an_address_is_described_before_anything_is_downloaded(site: Site, clip: Path, streaming: Site) -> None:
    site.pages["/clip.mp4"] = Page(clip)
    found = inspect_url(f"{site.url}/clip.mp4")
    assert (found.title, found.playlist, found.live, found.entries) == ("clip", False, None, ())
    assert found.size_bytes == clip.stat().st_size
    dash = inspect_url(f"{site.url}/dash.mpd", FetchSettings(max_height="360"))
    assert (dash.heights, dash.height_px, dash.note) == ((360, 720), 360, None)
    assert inspect_url(f"{site.url}/dash.mpd").height_px == 720


def test_picture_and_sound_are_joined_to_an_mp4_of_the_height_that_was_asked(streaming: Site, tmp_path: Path) -> None:
    url = f"{streaming.url}/dash.mpd"
    small, seen = fetched(url, tmp_path, "360")
    assert phases(seen) == ["looking", "video", "audio", "merging", "checking"]
    info = probe(small).info
    assert (small.suffix, info.height, info.codec, info.audio, info.frames) == (".mp4", 360, "h264", True, 10)
    tall, _ = fetched(url, tmp_path)
    assert probe(tall).info.height == 720
    assert {small.name, tall.name} == set(names_in(tmp_path))
    assert small.name == tall.name.replace("].mp4", "] 360p.mp4")

    streaming.asked.clear()
    assert fetched(url, tmp_path, "720")[0] == tall
    assert fetched(url, tmp_path, "360")[0] == small
    assert streaming.asked == []
    assert fetched(url, tmp_path, "480")[0] not in (small, tall)


def test_segments_become_one_mp4(streaming: Site, tmp_path: Path) -> None:
    path, _ = fetched(f"{streaming.url}/hls.m3u8", tmp_path)
    info = probe(path).info
    assert (info.container.split(",")[0], info.frames, info.height) == ("mov", 10, 180)


def test_a_lost_segment_is_an_error_not_a_gap(streaming: Site, tmp_path: Path) -> None:
    streaming.pages["/hls0.ts"] = Page(b"", "text/plain", 404)
    with raises(SourceError, code="no_download", status=404):
        fetched(f"{streaming.url}/hls.m3u8", tmp_path)
    assert [name for name in names_in(tmp_path) if not name.startswith(".")] == []


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../evil", "evil (1)"),
        ("-rf $(touch pwned) `id`", "rf (touch pwned) id (1)"),
        ("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;", "scriptalert(’x’)-script (1)"),
        ("two\nlines", "two lines (1)"),
        ("%(id)s %s {x}", "(id)s s (x) (1)"),
        ("日本語 🎬", "日本語 🎬 (1)"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_page_may_have_any_title(title: str, name: str, site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages |= {"/watch": html(title, "/clip.mp4"), "/clip.mp4": Page(clip)}
    path, _ = fetched(f"{site.url}/watch", tmp_path / "in")
    assert path.name.split(" [page-")[0] == name
    assert names_in(tmp_path) == ["in"]
    assert names_in(tmp_path / "in") == [path.name]


def test_a_redirect_is_followed_and_remembered_under_the_address_that_was_given(
    site: Site, clip: Path, tmp_path: Path
) -> None:
    site.pages |= {"/go": Page(b"", "text/html", 302, {"Location": "/clip.mp4"}), "/clip.mp4": Page(clip)}
    path, _ = fetched(f"{site.url}/go", tmp_path)
    assert path.read_bytes() == clip.read_bytes()
    site.asked.clear()
    assert fetched(f"{site.url}/go", tmp_path)[0] == path
    assert site.asked == []


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1:1/x.mp4", "gopher://127.0.0.1:1/x"])
def test_nothing_leads_away_from_http(target: str, site: Site, tmp_path: Path) -> None:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n".encode()
    site.pages |= {
        "/redirect": Page(b"", "text/html", 302, {"Location": target}),
        "/page": html("x", target),
        "/list.m3u8": Page(playlist, "application/vnd.apple.mpegurl"),
    }
    for path in site.pages:
        with pytest.raises(SourceError) as refused:
            fetched(f"{site.url}{path}", tmp_path)
        assert "root:" not in str(refused.value)
    assert [name for name in names_in(tmp_path) if not name.startswith(".")] == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(b"", "text/html", 404), "404"),
        (Page(b"", "text/html", 403), "403"),
        (Page(b"", "text/html", 500), "500"),
        (html("no video here"), "no video was found"),
        (Page(b"hello world" * 100, "video/mp4"), "text came instead"),
        (Page(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n\0", "video/mp4"), "text came instead"),
        (Page(b"ffconcat version 1.0\nfile /etc/passwd\n\0", "video/mp4"), "text came instead"),
        (Page(bytes(range(256)) * 40, "video/mp4"), "is not a video: what came"),
        (Page(b"PK\3\4" + b"\0" * 5000, "application/zip"), "is not a video: what came"),
    ],
)
def test_what_is_no_video_is_refused_and_leaves_nothing(page: Page, words: str, site: Site, tmp_path: Path) -> None:
    site.pages["/x.mp4"] = page
    with pytest.raises(SourceError) as refused:
        fetched(f"{site.url}/x.mp4", tmp_path)
    assert words in str(refused.value)
    assert str(tmp_path) not in str(refused.value)
    assert children() == []
    if "is not a video" in words or "instead" in words:
        assert names_in(tmp_path) == []


def test_nobody_at_the_address_is_one_sentence(tmp_path: Path) -> None:
    for url, words in [("http://127.0.0.1:9/v.mp4", "does not answer"), ("http://a.example/v.mp4", "network")]:
        with pytest.raises(SourceError, match=words):
            fetched(url, tmp_path)
        with pytest.raises(SourceError, match=words):
            inspect_url(url)


def test_a_download_that_cannot_fit_is_refused_before_it_fills_the_disk(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/huge.mp4"] = Page(clip, length=10**15, stall_after=2000)
    with raises(StorageError, code="disk_full"):
        fetched(f"{site.url}/huge.mp4", tmp_path)
    assert children() == []


def test_a_playlist_is_asked_about_and_an_item_can_be_named(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages |= {"/all": html("All", "/a.mp4", "/b.mp4"), "/a.mp4": Page(clip), "/b.mp4": Page(build("h264-24"))}
    found = inspect_url(f"{site.url}/all")
    assert (found.playlist, found.entries_total) == (True, 2)
    assert [entry.item for entry in found.entries] == [1, 2]
    with pytest.raises(SettingsError, match=r"a playlist of 2 videos; .* --item N or --playlist"):
        fetched(f"{site.url}/all", tmp_path)
    second, _ = fetched(f"{site.url}/all", tmp_path, item=2)
    assert second.read_bytes() == build("h264-24").read_bytes()
    assert fetched(f"{site.url}/all", tmp_path, item=2)[0] == second
    with raises(SettingsError, code="no_item", field="item"):
        fetched(f"{site.url}/all", tmp_path, item=3)


def test_a_live_broadcast_is_refused(streaming: Site, streams: Path, tmp_path: Path) -> None:
    text = (streams / "dash.mpd").read_text().replace('type="static"', 'type="dynamic"')
    streaming.pages["/live.mpd"] = Page(text.encode(), TYPES[".mpd"])
    assert inspect_url(f"{streaming.url}/live.mpd").live == "live"
    with raises(SourceError, code="live", live="live"):
        fetched(f"{streaming.url}/live.mpd", tmp_path)


def test_a_youtube_video_that_is_there_is_reused_without_the_network(
    clip: Path, tmp_path: Path, connections: Path
) -> None:
    mine = tmp_path / "Some title [dQw4w9WgXcQ].mp4"
    mine.write_bytes(clip.read_bytes())
    for url in (YOUTUBE, "https://youtu.be/dQw4w9WgXcQ?t=3", "https://www.youtube.com/shorts/dQw4w9WgXcQ"):
        assert fetched(url, tmp_path)[0] == mine
    assert connections.read_text() == ""


# --- stopping and going on


def test_closing_stops_a_silent_download_at_once_and_the_next_goes_on_from_there(
    site: Site, clip: Path, tmp_path: Path
) -> None:
    site.pages["/clip.mp4"] = Page(clip, stall_after=40_000)
    url = f"{site.url}/clip.mp4"
    steps = fetch(url, tmp_path)
    until_phase(steps, "video")
    gaps = []
    for _ in range(5):
        start = time.monotonic()
        next(steps)
        gaps.append(time.monotonic() - start)
    assert max(gaps) < 1
    assert children()
    start = time.monotonic()
    steps.close()
    assert time.monotonic() - start < 1
    assert children() == []
    (work,) = tmp_path.iterdir()
    assert work.name.startswith(".file-")
    assert work.name.endswith(".part")
    parts = [path for path in work.iterdir() if path.name.startswith("video")]
    assert [path.suffix for path in parts] == [".part"]
    kept = parts[0].stat().st_size
    assert 0 < kept < clip.stat().st_size

    site.pages["/clip.mp4"] = Page(clip)
    site.asked.clear()
    path, _ = fetched(url, tmp_path)
    assert path.read_bytes() == clip.read_bytes()
    assert site.gets("/clip.mp4")[-1] == f"bytes={kept}-"
    assert names_in(tmp_path) == [path.name]


def test_what_is_left_of_another_file_is_not_gone_on_with(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip, stall_after=40_000)
    with closing(fetch(f"{site.url}/clip.mp4", tmp_path)) as steps:
        until_phase(steps, "video")
    other = build("h264-24")
    site.pages["/clip.mp4"] = Page(other)
    site.asked.clear()
    path, _ = fetched(f"{site.url}/clip.mp4", tmp_path)
    assert path.read_bytes() == other.read_bytes()
    assert set(site.gets("/clip.mp4")) == {None}


def test_a_broken_connection_is_taken_up_again(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip, cut_after=30_000)
    path, _ = fetched(f"{site.url}/clip.mp4", tmp_path)
    assert path.read_bytes() == clip.read_bytes()
    assert any(wanted and not wanted.startswith("bytes=0-") for wanted in site.gets("/clip.mp4"))


def test_closing_while_ffmpeg_joins_leaves_no_ffmpeg(
    streaming: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run(["which", "ffmpeg"], capture_output=True, text=True, check=True).stdout.strip()
    slow = tmp_path / "bin" / "ffmpeg"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ncase "$*" in *-movflags*) sleep 60 ;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    steps = fetch(f"{streaming.url}/dash.mpd", tmp_path / "in")
    until_phase(steps, "merging")
    assert until(lambda: any("sleep" in p.name() for p in children()))
    steps.close()
    assert children() == []
    assert [name for name in names_in(tmp_path / "in") if not name.startswith(".")] == []


def test_ffmpeg_is_told_what_it_may_open(streaming: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run(["which", "ffmpeg"], capture_output=True, text=True, check=True).stdout.strip()
    spy = tmp_path / "bin" / "ffmpeg"
    spy.parent.mkdir()
    spy.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    for name in ("dash.mpd", "hls.m3u8"):
        fetched(f"{streaming.url}/{name}", tmp_path / "in")
    calls = [line for line in (tmp_path / "calls").read_text().splitlines() if " -i " in line]
    assert len(calls) == 2
    for call in calls:
        assert call.count("-protocol_whitelist file,pipe -format_whitelist mov,") == call.count(" -i ")
        assert "http" not in call


def test_the_child_dies_with_the_process_that_wanted_it(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip, stall_after=40_000)
    code = (
        "import sys\nfrom core.video.web.download import fetch\n"
        f"for p in fetch({site.url + '/clip.mp4'!r}, {str(tmp_path)!r}):\n    print(p.phase, flush=True)\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{os.environ['PYTHONPATH']}"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        next(line for line in process.stdout if line == "video\n")
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive


def test_two_downloads_of_one_video_do_not_meet(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip, stall_after=40_000)
    with closing(fetch(f"{site.url}/clip.mp4", tmp_path)) as steps:
        until_phase(steps, "video")
        with raises(RunBusy, code="download_busy"):
            fetched(f"{site.url}/clip.mp4", tmp_path)


def test_a_question_ends_when_it_is_closed_or_takes_too_long(site: Site) -> None:
    site.pages["/silent"] = Page(b"<html>" + b"x" * 1000, "text/html", stall_after=10)
    with closing(inspecting(f"{site.url}/silent")) as steps:
        for _ in range(3):
            next(steps)
        assert children()
    assert children() == []
    with raises(SourceError, code="no_answer"):
        inspect_url(f"{site.url}/silent", timeout_s=1)
    assert children() == []


def test_a_child_that_dies_is_an_error_not_silence(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip, stall_after=40_000)
    steps = fetch(f"{site.url}/clip.mp4", tmp_path)
    until_phase(steps, "video")
    for child in children():
        child.kill()
    with raises(FramesieveError, code="child_died"):
        list(steps)


# --- what the library must not do


def test_no_configuration_plugin_or_cookie_of_the_user_is_read(
    site: Site, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, pwned = tmp_path / "home", tmp_path / "pwned"
    plugin = tmp_path / "cwd" / "yt_dlp_plugins" / "extractor" / "evil.py"
    for path, text in {
        home / ".config" / "yt-dlp" / "config": f"--exec 'touch {pwned}'\n--write-info-json\n",
        home / ".netrc": "machine 127.0.0.1 login me password secret\n",
        tmp_path / "cwd" / "yt-dlp.conf": f"--exec 'touch {pwned}'\n",
        tmp_path / "cwd" / "json.py": f"open({str(pwned)!r}, 'w')\n",
        plugin: f"open({str(pwned)!r}, 'w')\n",
        home / ".config" / "yt-dlp" / "plugins" / "p" / "yt_dlp_plugins" / "extractor" / "evil.py": plugin.name,
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"open({str(pwned)!r}, 'w')\n" if text == plugin.name else text)
    before = sorted(home.rglob("*"))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path / "cwd")
    site.pages["/clip.mp4"] = Page(clip)
    path, _ = fetched(f"{site.url}/clip.mp4", Path("in"))
    assert path == tmp_path / "cwd" / "in" / path.name
    assert names_in(path.parent) == [path.name]
    assert sorted(home.rglob("*")) == before
    assert not pwned.exists()


def test_without_ytdlp_the_sentence_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'yt_dlp':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(absent))
    with raises(MissingDependency, code="no_ytdlp"):
        fetched("http://127.0.0.1:9/v.mp4", tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(site: Site, clip: Path, tmp_path: Path) -> None:
    site.pages["/clip.mp4"] = Page(clip)
    (tmp_path / "file").touch()
    with raises(StorageError):
        fetched(f"{site.url}/clip.mp4", tmp_path / "file")


def test_only_web_addresses_are_fetched(tmp_path: Path) -> None:
    for text in ("/a.mp4", "ytsearch:cats", "file:///etc/passwd", ""):
        with pytest.raises(SourceError):
            next(fetch(text, tmp_path))
