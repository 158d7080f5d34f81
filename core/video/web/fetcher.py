"""The child process of a download, started by download.py; how it speaks with its parent is in ``core.parent``.

It decides what an address is and what has to be fetched; ytdlp.py talks to yt-dlp, parts.py keeps the files.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.advice import advice
from core.errors import SettingsError, SourceError, StorageError
from core.parent import Parent, serve
from core.video.container import open_video
from core.video.web import facts, names, parts
from core.video.web.facts import Info, Say
from core.video.web.ytdlp import open_library, site_of

ENTRIES_SHOWN = 200
LIVE = {"is_live": "live", "is_upcoming": "upcoming", "post_live": "processing"}
LIVE_SENTENCES = {
    "live": "is a live broadcast that is still going on; come back when it is over",
    "upcoming": "is a broadcast that has not begun; come back when it is over",
    "processing": "is a broadcast that the site is still processing; come back in some hours",
}
UNNAMED_SITES = ("Generic", "HTML5MediaEmbed")
"""Extractors of yt-dlp whose ids are only parts of an address, and not unique."""


def answer(parent: Parent) -> None:
    """Serves the request; sends how far it is, then ``result``.

    Raises:
        FramesieveError: it cannot be served.
    """
    try:
        parent.send({"result": VERBS[parent.request["verb"]](parent.request, parent.send)})
    except OSError as error:
        raise StorageError(f"the download cannot be written ({error}); choose another folder.") from error


# --- the two verbs


def inspect(request: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Returns the fields of a ``WebVideo``."""
    url = request["url"]
    with open_library(request, say, {"playlist_items": f"1:{ENTRIES_SHOWN}"}) as library:
        info = library.extract_info(url)
        note = library.note(info)
        size = facts.size(info) or library.length_of(info)
    playlist = info.get("_type") == "playlist"
    formats = [f for f in info.get("formats") or () if f.get("vcodec") != "none"]
    return {
        "url": url,
        "site": str(info.get("extractor_key") or "Generic"),
        "id": str(info.get("id") or ""),
        "title": str(info.get("title") or info.get("id") or url),
        "uploader": facts.text(info.get("uploader") or info.get("channel")),
        "duration_s": facts.number(info.get("duration")),
        "live": _live(info),
        "heights": sorted({side for f in formats if (side := facts.short_side(f))}),
        "height_px": facts.short_side(info),
        "size_bytes": size,
        "playlist": playlist,
        "entries": [_entry(n, e or {}) for n, e in enumerate(info.get("entries") or (), 1)] if playlist else [],
        "entries_total": _count(info) if playlist else None,
        "note": note,
    }


def fetch(request: Mapping[str, Any], say: Say) -> str:
    """Returns the path of the finished file."""
    url, folder, item = request["url"], Path(request["folder"]), request["item"]
    if not request["again"] and (there := _downloaded(folder, _tags_without_asking(url, item), request)):
        say({"phase": "reused"})
        return str(there)
    items = {"playlist_items": "1:2"} if item is None else {"playlist_items": str(item), "noplaylist": False}
    with open_library(request, say, items) as library:
        info = _one_video(library.extract_info(url, item), url, item)
        tag = _tag(info, url, item)
        if not request["again"] and (there := _downloaded(folder, [tag], request)):
            say({"phase": "reused", "title": info.get("title")})
            return str(there)
        if not facts.size(info) and (length := library.length_of(info)):
            info["filesize"] = length
        work = parts.part_folder(folder, tag, request["max_height"])
        with parts.locked(work, url):
            parts.forget_other_parts(work, info)
            parts.check_room(folder, info)
            with parts.discarded_if_no_video(work):
                library.download(info, work)
            return str(parts.finished(folder, work, info, tag, request, say))


VERBS: dict[str, Callable[[Mapping[str, Any], Say], Any]] = {"inspect": inspect, "fetch": fetch}


# --- what is there already


def _tags_without_asking(url: str, item: int | None) -> list[str]:
    """The tags that a video at this address would have, as far as the address alone tells."""
    generic = [names.address_tag(url, item, direct=True), names.address_tag(url, item, direct=False)]
    if item is not None:
        return generic
    site, video_id = site_of(url)
    if site in UNNAMED_SITES:
        return generic
    return [tag for tag in [names.site_tag(site, video_id or "")] if tag]


def _downloaded(folder: Path, tags: list[str], request: Mapping[str, Any]) -> Path | None:
    """The finished download that a new one would only repeat."""
    for found in (found for tag in tags for found in names.downloads(folder, tag)):
        direct = any(tag.startswith("file-") for tag in tags if f"[{tag}]" in found.path.name)
        with contextlib.suppress(SourceError):
            if direct or names.serves(found.max_height, _height(found.path), request["max_height"]):
                open_video(found.path)[0].close()
                return found.path
    return None


def _height(path: Path) -> int:
    container, stream = open_video(path)
    with contextlib.closing(container):
        return min(stream.codec_context.width, stream.codec_context.height)


# --- what the site says


def _one_video(info: Info, url: str, item: int | None) -> Info:
    """Returns the one video of what was found.

    Raises:
        SettingsError: it is a playlist and nobody said which item.
        SourceError: it is a live broadcast.
    """
    if info.get("_type") == "playlist":
        entries = [entry for entry in info.get("entries") or () if entry]
        if item is not None and not entries:
            raise SettingsError(
                f"{url} is a playlist without an item {item}; items are counted from 1.", code="no_item", field="item"
            )
        if item is None and len(entries) != 1:
            count = _count(info)
            videos = f"{count} videos" if count else "several videos"
            one = advice("fetch it with --item N or --playlist", "look it up and choose one")
            raise SettingsError(
                f"{url} is a playlist of {videos}; give the address of one of them, or {one}.",
                code="playlist",
                field="item",
            )
        info = entries[0]
        if info.get("_type") in ("playlist", "multi_video", "url", "url_transparent"):
            raise SettingsError(
                f"{url}: the item is no single video; give its own address: {info.get('url') or '?'}",
                code="no_item",
                field="item",
            )
    if live := _live(info):
        raise SourceError(f"{url} {LIVE_SENTENCES[live]}.", code="live", live=live)
    return info


def _count(info: Info) -> int | None:
    """How many videos the site says a playlist has, at least what was seen; ``None``: only a part was looked at."""
    entries, total = len(list(info.get("entries") or ())), facts.number(info.get("playlist_count"))
    if total is None:
        return entries if entries < 2 else None
    return max(int(total), entries)


def _entry(item: int, info: Info) -> dict[str, Any]:
    url = info.get("url") if info.get("_type") in ("url", "url_transparent") else None
    title = str(info.get("title") or info.get("id") or f"video {item}")
    return {"item": item, "title": title, "url": facts.text(url), "duration_s": facts.number(info.get("duration"))}


def _live(info: Info) -> str | None:
    return LIVE.get(str(info.get("live_status"))) or ("live" if info.get("is_live") else None)


def _tag(info: Info, url: str, item: int | None) -> str:
    site = str(info.get("extractor_key") or UNNAMED_SITES[0])
    known = None if site in UNNAMED_SITES else names.site_tag(site, str(info.get("id") or ""))
    return known or names.address_tag(url, item, direct=bool(info.get("direct")))


if __name__ == "__main__":
    serve(answer)
