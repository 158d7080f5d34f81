"""What yt-dlp says when a download fails -> one sentence with the cure. Text in, error out; no yt-dlp here."""

from __future__ import annotations

import re

from core.errors import FramesieveError, SourceError, StorageError

OLD_DAYS = 60
"""Video sites change often: a yt-dlp older than this fails on some of them."""
UPDATE = "make update-ytdlp"

_Row = tuple[str, type[FramesieveError], str]
TABLE: tuple[_Row, ...] = (
    (r"No space left|Disk quota exceeded", StorageError, "the disk is full; free some space and try again"),
    (
        r"unable to (open for writing|write data|create)|Read-only file system|Permission denied: '",
        StorageError,
        "the download cannot be written; check the folder's permissions or choose another",
    ),
    (r"private video|video is private|is private\b", SourceError, "the video is private; only its owner can open it"),
    (
        r"members.only|join this channel|requires payment|premium|subscrib|rental|purchase",
        SourceError,
        "the video is for paying members only; Framesieve does not log in",
    ),
    (
        r"confirm your age|age.restricted|inappropriate for some users",
        SourceError,
        "the video has an age limit and needs a login, which Framesieve does not have; save it with a browser instead",
    ),
    (
        r"not a bot|confirm you",
        SourceError,
        "the site takes this machine for a robot and wants a login; wait an hour or use another network connection",
    ),
    (
        r"your country|your location|geo.?restrict|your region|geo.?block",
        SourceError,
        "the site does not show this video in the country of this machine",
    ),
    (
        r"Premieres in|premiere will|will begin|is upcoming|not currently live|has not started|offline",
        SourceError,
        "the broadcast has not begun; come back when it is over",
    ),
    (
        r"removed by|has been removed|account .*terminated|no longer available|been deleted|violat|copyright",
        SourceError,
        "the video was removed from the site",
    ),
    (r"DRM", SourceError, "the video is protected against copying (DRM) and cannot be downloaded"),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|CertificateVerify",
        SourceError,
        "the site's certificate is not valid, so nothing was downloaded; check the address and this machine's clock",
    ),
    (
        r"unsupported url scheme|No connection adapters|InvalidSchema|invalid url scheme|file:// URLs are disabled",
        SourceError,
        "the address leads away from http and https, and nothing else is opened",
    ),
    (r"Unsupported URL", SourceError, "no video was found on that page; open it and copy the address of the video"),
    (r"is not a valid URL|Invalid URL", SourceError, "that is not a web address; copy it again from the browser"),
    (r"HTTP Error 40[4]|HTTP Error 410", SourceError, "there is nothing at that address (404); check it in a browser"),
    (
        r"HTTP Error 403",
        SourceError,
        f"the site refused the download (403); try again later, and if it keeps refusing: {UPDATE}",
    ),
    (
        r"HTTP Error 401|login required|registered users|log ?in|sign in|account cookies|--cookies|authentication",
        SourceError,
        "the video needs a login, which Framesieve does not have; save it with a browser and open the file",
    ),
    (r"HTTP Error 429", SourceError, "the site says that too much was asked of it (429); wait an hour and try again"),
    (r"HTTP Error 5\d\d", SourceError, "the site has a fault of its own (\\g<0>); try again later"),
    (
        r"Name or service not known|name resolution|Failed to resolve|getaddrinfo|nodename nor serv|No address assoc",
        SourceError,
        "the host was not found; check the address and this machine's network connection",
    ),
    (
        r"Network is unreachable|No route to host|Connection refused|actively refused|Errno 101|Errno 113",
        SourceError,
        "the host does not answer (connection refused or no network); check the address and the network connection",
    ),
    (
        r"timed out|timeout",
        SourceError,
        "the host was silent for too long; try again: what was downloaded so far is kept",
    ),
    (
        r"Connection reset|Connection aborted|RemoteDisconnected|IncompleteRead|more expected|Connection broken"
        r"|content too short|Downloaded \d+ bytes, expected|giving up after|fragment \d+ not found|Broken pipe",
        SourceError,
        "the connection broke off; try again: what was downloaded so far is kept",
    ),
    (
        r"Requested format is not available|No video formats found|only images are available",
        SourceError,
        f"the site offers no video that can be downloaded here; if a browser plays it: {UPDATE}",
    ),
    (
        r"Video unavailable|not available|does not exist|not found",
        SourceError,
        "the site says that it has no such video",
    ),
    (
        r"is not a valid container|Postprocessing|Conversion failed|ffmpeg exited",
        FramesieveError,
        "FFmpeg could not put sound and picture together; try again, or another --max-height",
    ),
)
"""Pattern, error, cure: the first that matches counts. ``\\g<0>`` is what matched."""


def refusal(text: str, url: str, *, note: str | None = None, age_days: int | None = None) -> FramesieveError:
    """Returns the error that fits what yt-dlp said.

    Args:
        text: Its message, any number of lines.
        url: What was to be downloaded.
        note: What is missing on this machine for this site (a JavaScript runtime), to be said too.
        age_days: Age of yt-dlp; beyond ``OLD_DAYS`` that is the likely cause of anything unknown.
    """
    said = first_line(text)
    for pattern, kind, cure in TABLE:
        if match := re.search(pattern, said, re.IGNORECASE):
            # What is missing here explains only what yt-dlp could not find out.
            return kind(f"{url}: {match.expand(cure)}{_also(note) if UPDATE in cure else ''}.")
    return SourceError(f"{url}: {said or 'yt-dlp failed without a word'}; {_update(age_days)}{_also(note)}.")


def first_line(text: str) -> str:
    """Returns the first line of a message without colours, the site and id in front, causes and pleas at the end."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("ERROR:", "").strip()
    line = plain.splitlines()[0] if plain else ""
    line = re.sub(r"^(\[[\w:.+-]+\]\s*)?(?:[\w-]{1,64}:\s+(?=[A-Z]))?", "", line)
    line = re.split(r"; please report this|\. Use --cookies|; see  http|  Confirm you are on the latest", line)[0]
    return "".join(c for c in line if c.isprintable())[:300].rstrip(" .")


def _update(age_days: int | None) -> str:
    if age_days is not None and age_days > OLD_DAYS:
        return f"yt-dlp is {age_days} days old, which is the likely cause: {UPDATE}"
    return f"if it stays so, get the newest yt-dlp: {UPDATE}"


def _also(note: str | None) -> str:
    return f"; besides, {note}" if note else ""
