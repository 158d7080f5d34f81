"""yt-dlp with our options, opened and closed: the only module that imports it. Runs in the child process only.

It is given one folder to write to, file names of our own, http and https only; no plug-ins, no cookies, no
configuration, no post-processing but joining picture and sound.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import importlib.util
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import MissingDependency, SourceError
from core.video.container import CONTAINERS
from core.video.web import causes, facts, javascript, names, parts, refusal
from core.video.web.facts import Info, Say

PROTOCOLS = r"[protocol~='^(https?|m3u8|m3u8_native|http_dash_segments)$']"
"""Formats that yt-dlp downloads itself, over http(s); for others it would start FFmpeg, rtmpdump and the like."""
FORMAT = f"bv*{PROTOCOLS}+ba{PROTOCOLS}/b{PROTOCOLS}/bv*{PROTOCOLS}"
SORT = ("vcodec:h264", "fps", "acodec:aac", "ext:mp4:m4a")
"""After the height: AVC and M4A where the site has them at that height, another codec rather than fewer pixels."""
JOINERS = ("merger", "fixupm3u8", "fixupm4a", "fixupstretched", "fixupduplicatemoov", "fixuptimestamp", "fixupduration")
"""Post-processors in which FFmpeg reads downloaded files; each gets ``SAFE_INPUT``."""
SAFE_INPUT = ("-protocol_whitelist", "file,pipe", "-format_whitelist", f"{CONTAINERS},mp3,aac,flac,wav,srt,webvtt")
SAY_EVERY_S = 0.1


@contextlib.contextmanager
def open_library(request: Mapping[str, Any], say: Say, options: Mapping[str, Any]) -> Iterator[Library]:
    """Opens yt-dlp; what it raises becomes one of our errors (``refusal``)."""
    try:
        import yt_dlp
    except ImportError:
        raise MissingDependency(
            "yt-dlp is not installed, and web addresses need it; set everything up with: make setup "
            "(files on this machine work without it).",
            code="no_ytdlp",
        ) from None
    library = Library(yt_dlp, request, say, options)
    try:
        yield library
    except yt_dlp.utils.YoutubeDLError as error:
        messages = "\n".join(filter(None, [str(error), library.last_error]))
        say({"log": messages})
        age = (datetime.date.today() - _release_day(yt_dlp)).days
        failure = causes.failure_of(yt_dlp, error)
        raise refusal.refusal(failure, request["url"], note=library.missing, age_days=age) from None
    finally:
        library.close()


def _release_day(yt_dlp: Any) -> datetime.date:
    year, month, day = map(int, yt_dlp.version.__version__.split(".")[:3])
    return datetime.date(year, month, day)


class Library:
    """yt-dlp with our options. ``missing``: a sentence on what this machine lacks for the site, or ``None``."""

    def __init__(self, yt_dlp: Any, request: Mapping[str, Any], say: Say, options: Mapping[str, Any]) -> None:
        self._yt_dlp, self._request, self._say = yt_dlp, request, say
        self._said_at = 0.0
        self._title: str | None = None
        self.missing: str | None = None
        self.last_error = ""
        self._ydl = _downloader_class(yt_dlp)(self._options() | dict(options))

    def close(self) -> None:
        """Closes its connections."""
        self._ydl.close()

    def extract_info(self, url: str, item: int | None = None) -> Info:
        """Returns the info dict of an address: formats are chosen, nothing is downloaded, playlist entries are flat.

        A playlist of one video, or of which one item was asked for, is returned as that video.

        Raises:
            SourceError: the site named no video.
        """
        self._say({"phase": "looking"})
        if site_of(url)[0].startswith("Youtube"):
            self.missing = _missing_for_youtube(self._request["runtimes"])
            self._say({"phase": "looking", "note": self.missing})
        info: Info | None = self._ydl.extract_info(url, download=False)
        while info and (only := _only_entry(info, item)):
            item = None
            info = only
            if only.get("_type") in ("url", "url_transparent"):
                info = self._ydl.extract_info(only["url"], download=False)
        if info is None:
            raise SourceError(f"{url}: the site named no video; check the address in a browser.", code="no_download")
        return info

    def note(self, info: Info) -> str | None:
        """Returns what this machine lacks for the site of a video, ``None`` = nothing."""
        return self.missing if str(info.get("extractor_key") or "").startswith("Youtube") else None

    def length_of(self, info: Info) -> int | None:
        """Asks the server for the length of a directly linked file, in bytes; ``None`` = not known."""
        if not info.get("direct") or not info.get("url"):
            return None
        request = self._yt_dlp.networking.common.HEADRequest(info["url"], headers={"Accept-Encoding": "identity"})
        with contextlib.suppress(self._yt_dlp.utils.YoutubeDLError, ValueError), self._ydl.urlopen(request) as answer:
            return int(answer.headers.get("Content-Length") or 0) or None
        return None

    def download(self, info: Info, work: Path) -> None:
        """Downloads the chosen formats into ``work``, under a name that takes nothing from the site."""
        form = "".join(c for c in str(info.get("format_id") or "") if c.isalnum())[:40]
        self._ydl.params["outtmpl"]["default"] = f"video-{form}.%(ext)s"
        self._ydl.params["paths"]["home"] = str(work)
        self._title = info.get("title")
        _end_safely(info)
        self._ydl.process_info(info)

    def _options(self) -> dict[str, Any]:
        height = self._request["height_px"]
        return {
            "logger": _Log(self),
            "quiet": True,
            "noprogress": True,
            "color": "no_color",
            # What is chosen.
            "format": FORMAT,
            "format_sort": [*([f"res:{height}"] if height else ["res"]), *SORT],
            "merge_output_format": "mp4/mkv",
            "noplaylist": True,
            "extract_flat": "in_playlist",
            # What is written, and where: one folder, no extras, nothing remembered.
            "paths": {"home": os.devnull},
            "outtmpl": {"default": "video.%(ext)s"},
            "cachedir": False,
            "updatetime": False,
            "continuedl": True,
            "overwrites": False,
            "skip_unavailable_fragments": False,
            "ffmpeg_location": self._request.get("ffmpeg"),
            "hls_prefer_native": True,
            "postprocessor_args": {f"{step}+ffmpeg_i": list(SAFE_INPUT) for step in JOINERS},
            # How it speaks to the network.
            "socket_timeout": 20,
            "retries": 5,
            "fragment_retries": 5,
            "extractor_retries": 2,
            "nocheckcertificate": False,
            "usenetrc": False,
            "cookiefile": None,
            "cookiesfrombrowser": None,
            "js_runtimes": {name: {"path": path} for name, path in self._request["runtimes"].items()},
            "remote_components": [],
            "progress_hooks": [self._progress],
            "postprocessor_hooks": [self._joining],
        }

    def _progress(self, state: Mapping[str, Any]) -> None:
        if state["status"] == "finished":
            parts.refuse_text(Path(state["filename"]), self._request["url"])
        now = time.monotonic()
        if state["status"] == "downloading" and now - self._said_at < SAY_EVERY_S:
            return
        self._said_at = now
        total = facts.number(state.get("total_bytes") or state.get("total_bytes_estimate"))
        done = int(facts.number(state.get("downloaded_bytes")) or 0)
        parts.refuse_over(Path(self._request["folder"]), max(0, int(total or 0) - done))
        sound = (state.get("info_dict") or {}).get("vcodec") == "none"
        self._say(
            {
                "phase": "audio" if sound else "video",
                "done_bytes": done,
                "total_bytes": None if total is None else int(total),
                "bytes_per_s": facts.number(state.get("speed")),
                "title": self._title,
                "note": self.missing,
            }
        )

    def _joining(self, state: Mapping[str, Any]) -> None:
        if state["status"] == "started" and state["postprocessor"] != "MoveFiles":
            self._say({"phase": "merging", "title": self._title, "note": self.missing})


def _end_safely(info: Info) -> None:
    """Sets the suffix of each file by its Content-Type, never by the end of its address.

    Of a directly linked file yt-dlp has the Content-Type as its format; of formats that a page or a site lists, the
    suffix counts where it is one of video or sound. The final name gets the suffix of the container that is found.
    """
    for form in [info, *(info.get("requested_formats") or ())]:
        if info.get("direct"):
            kind = str(form.get("format_id"))  # yt-dlp puts an f before those that it has another meaning for
            form["ext"] = names.TYPES.get(kind) or names.TYPES.get(kind.removeprefix("f"), UNKNOWN)
        elif form.get("ext") not in ENDINGS:
            form["ext"] = UNKNOWN


UNKNOWN = "unknown_video"
"""yt-dlp's own suffix for files without one."""
ENDINGS = {*names.SUFFIXES, "m4a", "mp3", "aac", "ogg", "oga", "opus", "weba", "mka", "flac", "wav", "m2ts"}


def _only_entry(info: Info, item: int | None) -> Info | None:
    """The entry of a playlist of one video, or the one that was asked for; ``None`` = there are several."""
    if info.get("_type") != "playlist":
        return None
    info["entries"] = list(info.get("entries") or ())
    entries = info["entries"]
    alone = len(entries) == 1 and (item is not None or facts.number(info.get("playlist_count")) in (None, 1))
    return entries[0] if alone else None


class _Log:
    """yt-dlp's logger: sends its messages as events."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def debug(self, text: str) -> None:
        self._library._say({"log": text})

    info = debug
    warning = debug

    def error(self, text: str) -> None:
        self._library.last_error = text
        self._library._say({"log": text})


def _downloader_class(yt_dlp: Any) -> Any:
    """Returns a YoutubeDL class that opens http and https only, after redirects too; no address goes to FFmpeg."""

    class HttpOnly(yt_dlp.YoutubeDL):  # type: ignore[misc]
        def build_request_director(self, handlers: Any, preferences: Any = None) -> Any:
            # The handler on top of `requests` knows no other scheme, also where a redirect leads; the one on top of
            # urllib would follow to ftp, and there is one for web sockets.
            only = [handler for handler in handlers if handler.RH_KEY == "Requests"]
            if not only:
                raise MissingDependency(
                    "downloading needs the package requests; set everything up with: make setup", code="no_ytdlp"
                )
            return super().build_request_director(only, preferences)

    def refuse(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise yt_dlp.utils.DownloadError("No video formats found: this kind of stream needs FFmpeg on the network")

    yt_dlp.downloader.external.ExternalFD._call_downloader = refuse
    yt_dlp.downloader.external.FFmpegFD._call_downloader = refuse
    return HttpOnly


@functools.cache
def site_of(url: str) -> tuple[str, str | None]:
    """Returns yt-dlp's name of the site and, where the address alone has it, the id. Uses no network."""
    try:
        from yt_dlp.extractor import gen_extractor_classes
    except ImportError:
        return "Generic", None
    site = next((site for site in gen_extractor_classes() if site.suitable(url)), None)
    return (site.ie_key(), site.get_temp_id(url)) if site else ("Generic", None)


def _missing_for_youtube(paths: Mapping[str, str]) -> str | None:
    """A sentence where none of the runtimes is usable."""
    scripts = importlib.util.find_spec("yt_dlp_ejs") is not None
    return javascript.explain(judged(paths), scripts=scripts)


def judged(paths: Mapping[str, str]) -> dict[str, javascript.Runtime]:
    """Starts each runtime once and returns whether yt-dlp supports it."""
    import yt_dlp  # noqa: F401  importing it fills the table below
    from yt_dlp.globals import supported_js_runtimes

    result = {}
    for name, path in paths.items():
        runtime = supported_js_runtimes.value.get(name)
        info = runtime(path=path).info if runtime else None
        oldest = ".".join(map(str, getattr(runtime, "MIN_SUPPORTED_VERSION", ()))) or None
        version = info.version if info else None
        result[name] = javascript.Runtime(name, path, version, bool(info and info.supported), oldest)
    return result
