"""Why a download failed: the sentence follows what was answered, whatever words the address holds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yt_dlp
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UnsupportedError, UserNotLive

from core.errors import SourceError, StorageError
from core.settings.fetch import FetchSettings
from core.video.web import refusal
from core.video.web.causes import failure_of
from core.video.web.download import fetch
from core.video.web.refusal import Failure
from tests.raising import raises
from tests.videos import build
from tests.web import Page, Site, serve

PLEA = (
    "; please report this issue on  https://github.com/yt-dlp/yt-dlp/issues?q= , filling out the appropriate issue "
    "template. Confirm you are on the latest version using  yt-dlp -U"
)
COOKIES = (
    ". Use --cookies-from-browser or --cookies for the authentication. See  https://github.com/yt-dlp/yt-dlp/wiki/FAQ"
    "#how-do-i-pass-cookies-to-yt-dlp  for how to manually pass cookies"
)
LURES = (
    "http://premium.robot.example/private/login/removed/age/drm/live/geo/timeout/captcha?country=members-only",
    "https://not-a-bot.example/Private video/HTTP Error 404/confirm your age.php",
    "https://a.example/This video is private",
)


def said(failure: Failure | str, url: str = "https://a.example/v") -> str:
    error = str(refusal.refusal(failure, url))
    assert error.startswith(f"{url}: ")
    assert error.endswith(".")
    assert "\n" not in error
    return error.removeprefix(f"{url}: ")


@pytest.mark.parametrize("url", LURES)
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure("Unable to download webpage: HTTP Error 404: Not Found", None, 404), "(404)"),
        (Failure("{url}: HTTP Error 404: Not Found", None, 404), "(404)"),
        (Failure("Unable to download webpage: HTTP Error 403: Private premium members", None, 403), "(403)"),
        (Failure("Unable to download webpage", None, 402), "(402)"),
        (Failure("Unable to download webpage", None, 418), "status 418"),
        (Failure("Unsupported URL: {url}", "unsupported"), "no video was found"),
        (Failure("Unable to download webpage", "tls", network="EOF occurred in violation of protocol"), "TLS"),
        (Failure("x", "transport", network="Failed to resolve 'premium.robot.example'"), "host was not found"),
        (Failure("x", "transport", network="HTTPConnectionPool(host='private', port=9): Max retries exceeded with url: "
                 "/timeout (Caused by NewConnectionError(': [Errno 111] Connection refused'))"), "does not answer"),
        (Failure("x", "transport", network="('Connection aborted.', ConnectionResetError(104))"), "broke off"),
        ("[generic] {url}: Unable to extract the player" + PLEA, "Unable to extract the player"),
        ("Unable to extract the private premium data of {url}" + PLEA, "Unable to extract the private premium data"),
        ("The extracted extension ('php') is unusual and will be skipped for safety reasons. If you believe this is "
         "an error, please report this issue on  https://x . Confirm you are on the latest version", '".php"'),
        ("The downloaded file is empty", "sent nothing"),
    ],
)  # fmt: skip
def test_the_address_never_chooses_the_sentence(failure: Failure | str, words: str, url: str) -> None:
    if isinstance(failure, str):
        failure = failure.replace("{url}", url)
    else:
        failure = Failure(failure.text.replace("{url}", url), failure.kind, failure.status, network=failure.network)
    assert words in said(failure, url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Private video. Sign in if you've been granted access to this video" + COOKIES, "is private"),
        ("This video is private", "is private"),
        ("This VOD is private", "is private"),
        ("Join this channel to get access to members-only content like this video", "paying members"),
        ("This video requires payment to watch", "paying members"),
        ("Premium videos cannot be downloaded yet.", "paying members"),
        ("This account is not subscribed to this content", "paying members"),
        ("Sign in to confirm your age. This video may be inappropriate for some users." + COOKIES, "age limit"),
        ("Sign in to confirm you\u2019re not a bot" + COOKIES, "robot"),
        ("Got HTTP Error 403 caused by Cloudflare anti-bot challenge; see  https://x  for how", "(403)"),
        ("YouTube is requiring a captcha challenge before playback", "robot"),
        ("The uploader has not made this video available in your country", "country"),
        ("This song is blocked in this region", "country"),
        ("This video is DRM protected", "DRM"),
        ("Video unavailable. This video has been removed by the uploader", "was removed"),
        ("This video has been removed for violating YouTube's Terms of Service", "was removed"),
        ("this song has been offline because of copyright issues", "was removed"),
        ("The video is no longer available", "was removed"),
        ("Broadcast no longer exists", "was removed"),
        ("This livestream has ended", "broadcast is over"),
        ("This live event will begin in 3 hours.", "not begun"),
        ("Premieres in 3 days", "not begun"),
        ("The channel is not currently live", "not begun"),
        ("Stream is offline.", "not begun"),
        ("You are rate-limited. Try again later.", "(429)"),
        ("Password protected video, use --video-password <password>", "password"),
        ("This video is only available for registered users" + COOKIES, "needs a login"),
        ("Your account does not have access to this content", "needs a login"),
        ("Video unavailable", "no such video"),
        ("No such podcast", "no such video"),
        ("This article does not have a video", "This article does not have a video"),
    ],
)
def test_what_a_site_says_of_a_video_chooses_the_sentence(text: str, words: str) -> None:
    assert words in said(text)
    assert words in said(f"ERROR: [Site:part] some-id.php?x=1: {text}")
    failure = failure_of(yt_dlp, DownloadError(f"ERROR: {text}", (None, ExtractorError(text, expected=True), None)))
    assert words in said(failure, LURES[0])


def test_what_only_ytdlp_could_not_understand_is_no_word_of_the_site() -> None:
    for text in ("Unable to extract premium data", "private key not found", "Failed to parse login country"):
        failure = failure_of(yt_dlp, ExtractorError(text))
        assert said(failure) == f"{text}; if it stays so, get the newest yt-dlp: make update-ytdlp."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (GeoRestrictedError("Nope", countries=["DE"]), "country"),
        (UserNotLive(video_id="premium"), "not begun"),
        (UnsupportedError("https://a.example/private-video"), "no video was found"),
        (yt_dlp.networking.exceptions.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS"),
        (yt_dlp.networking.exceptions.CertificateVerifyError("premium"), "certificate"),
        (yt_dlp.networking.exceptions.TransportError("Read timed out."), "silent"),
        (yt_dlp.networking.exceptions.TransportError("something of a removed kind"), "something of a removed kind"),
        (yt_dlp.networking.exceptions.IncompleteRead(10, 90), "broke off"),
    ],
)
def test_the_type_of_an_error_counts_before_its_words(error: Exception, words: str) -> None:
    assert words in said(failure_of(yt_dlp, error))
    assert words in said(failure_of(yt_dlp, DownloadError("ERROR: This video is private", (None, error, None))))
    wrapped = ExtractorError(f"Unable to download webpage: {error}", cause=error, expected=True)
    assert words in said(failure_of(yt_dlp, DownloadError("ERROR: x", (None, wrapped, None)))) or isinstance(
        error, ExtractorError
    )


# --- the real library against a real server


@pytest.fixture
def site() -> Iterator[Site]:
    with serve() as site:
        yield site


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def fetched(url: str, folder: Path) -> Path:
    steps = fetch(url, folder, FetchSettings())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return Path(end.value)


@pytest.mark.parametrize(
    ("path", "kind", "clip", "ending"),
    [
        ("/streaming.php?id=7", "video/mp4", "h264-25", ".mp4"),
        ("/film.asp", "video/mp4; charset=binary", "h264-25", ".mp4"),
        ("/setup.exe", "video/mp4", "h264-25", ".mp4"),
        ("/index.html", "video/mp4", "h264-25", ".mp4"),
        ("/no-ending-at-all", "video/mp4", "h264-25", ".mp4"),
        ("/film.sh", "application/octet-stream", "h264-25", ".mp4"),
        ("/a.mp4", "video/webm", "vp9-altref", ".webm"),
        ("/w.cgi", "video/x-matroska", "mkv", ".mkv"),
        ("/t.cmd", "video/x-php", "ts", ".ts"),
        ("/r.php", "VIDEO/MP2T", "ts", ".ts"),
    ],
)
def test_a_film_is_fetched_and_ends_in_what_it_is_not_in_what_its_address_ends(
    path: str, kind: str, clip: str, ending: str, site: Site, tmp_path: Path
) -> None:
    site.pages[path.split("?")[0]] = Page(build(clip), kind)
    film = fetched(f"{site.url}{path}", tmp_path)
    assert film.suffix == ending
    assert film.read_bytes() == build(clip).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [film.name]


def test_a_page_that_shows_a_film_from_such_an_address_is_fetched(site: Site, tmp_path: Path) -> None:
    page = b"<!DOCTYPE html><html><head><title>One</title></head><body><video src='/get.php?n=1'></video></body></html>"
    site.pages |= {"/page.jsp": Page(page, "text/html"), "/get.php": Page(build("h264-25"))}
    assert fetched(f"{site.url}/page.jsp", tmp_path).suffix == ".mp4"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "login"), (402, "(402)"), (403, "(403)"), (404, "(404)"), (405, "status 405"), (410, "(410)"),
        (429, "(429)"), (451, "(451)"), (500, "HTTP Error 500"), (503, "HTTP Error 503"),
    ],
)  # fmt: skip
def test_the_status_is_told_whatever_the_address_says(status: int, words: str, site: Site, tmp_path: Path) -> None:
    path = "/private/premium-members-only/drm-login.php"
    site.pages[path] = Page(b"This video is private, age restricted and removed", "text/html", status)
    with pytest.raises(SourceError) as refused:
        fetched(f"{site.url}{path}", tmp_path)
    told = str(refused.value).removeprefix(f"{site.url}{path}: ")
    assert words in told
    assert not any(word in told for word in ("robot", "private", "paying", "removed", "DRM", "age limit"))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (Page(b"<html><body>premium robot private removed login</body></html>", "text/html"), "no video was found"),
        (Page(b"", "text/html", 302, {"Location": "/members-only/robot"}), "round in a circle"),
        (Page(b"", "video/mp4"), "sent nothing"),
        (Page(b"%PDF-1.7 \0" * 300, "application/pdf"), "is not a video"),
        (Page(b'{"error": "private video"}', "application/json"), "is not a video"),
    ],
)
def test_what_came_instead_of_a_film_is_told(page: Page, words: str, site: Site, tmp_path: Path) -> None:
    site.pages["/members-only/robot"] = page
    with pytest.raises(SourceError) as refused:
        fetched(f"{site.url}/members-only/robot", tmp_path)
    assert words in str(refused.value).removeprefix(f"{site.url}/members-only/robot")
    assert [path for path in tmp_path.iterdir() if not path.name.startswith(".")] == []


def test_a_greeting_of_tls_that_nobody_answers_is_no_removed_video(site: Site, tmp_path: Path) -> None:
    url = site.url.replace("http:", "https:") + "/premium.mp4"
    with pytest.raises(SourceError, match="TLS"):
        fetched(url, tmp_path)


def test_a_connection_that_is_reset_is_told_as_one(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def reset() -> None:
            server.settimeout(0.1)
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        try:
            with raises(SourceError, code="no_download"):
                fetched(f"http://127.0.0.1:{server.getsockname()[1]}/removed/private.mp4", tmp_path)
        finally:
            over.set()
            thread.join()


def test_a_full_disk_is_no_fault_of_the_site() -> None:
    assert isinstance(
        refusal.refusal("unable to write data: [Errno 28] No space left on device", LURES[0]), StorageError
    )
