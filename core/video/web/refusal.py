"""Turns a failed download into an error: one sentence with the cause and what to do. Imports no yt-dlp.

Certain facts count first: the kind of failure and the HTTP status. Then the message is matched, by the tables below,
without what would mislead: yt-dlp's requests to report an issue, and the address, every word of which is anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from core.errors import FramesieveError, SourceError, StorageError

OLD_DAYS = 60
"""Video sites change often: a yt-dlp older than this fails on some of them."""
UPDATE = "make update-ytdlp"
REASON_CHARACTERS = 60
UNEXPECTED = "; please report this issue"
"""yt-dlp adds this to errors that it did not expect, never to a message of the site."""


@dataclass(frozen=True)
class Failure:
    """The facts of a download that failed."""

    text: str
    """yt-dlp's message, any number of lines."""
    kind: str | None = None
    """``transport`` or a key of ``KINDS``; ``None`` = not known from the types."""
    status: int | None = None
    """HTTP status that ended it."""
    by_site: bool = True
    """Whether the text may be the site's own message on the video; else it is yt-dlp's failure to read the site."""
    network: str = ""
    """Message of the network error; "" = there was none, or it is in ``text``."""


KINDS: dict[str, str] = {
    "certificate": "the site's certificate is not valid, so nothing was downloaded; check the address and this "
    "machine's clock",
    "tls": "no secure connection could be made (the greeting of TLS failed); check the address: perhaps the site "
    "speaks http and not https, or on another port",
    "redirects": "the site sends this address round in a circle; open it in a browser and copy where it ends",
    "geo": "the site does not show this video in the country of this machine",
    "not live": "the broadcast has not begun or is not going on; come back when it is over",
    "unsupported": "no video was found on that page; open it and copy the address of the video",
}
LOGIN = "the video needs a login, which Framesieve does not have; save it with a browser and open the file"
PAID = "the video is for paying members only; Framesieve does not log in"
TOO_MUCH = "the site says that too much was asked of it (429); wait an hour and try again"
BOT = "the site takes this machine for a robot and wants a login; wait an hour or use another network connection"
STATUS: dict[int, str] = {
    401: LOGIN,
    402: "the site wants to be paid for this (402), which Framesieve cannot do; save the video with a browser instead",
    403: f"the site refused the download (403); try again later, and if it keeps refusing: {UPDATE}",
    404: "there is nothing at that address (404); check it in a browser",
    410: "there is nothing at that address any more (410); the video was taken away",
    416: "the file is not as long as it was (416); try again, it begins anew",
    429: TOO_MUCH,
    451: "the site may not show this here for legal reasons (451); nothing can be downloaded",
}

_Row = tuple[str, type[FramesieveError], str]
OWN: tuple[_Row, ...] = (
    (r"No space left|Disk quota exceeded", StorageError, "the disk is full; free some space and try again"),
    (
        r"unable to (open for writing|write data|create)|Read-only file system|Permission denied: '",
        StorageError,
        "the download cannot be written; check the folder's permissions or choose another",
    ),
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|CertificateVerify", SourceError, KINDS["certificate"]),
    (r"\[?SSL: |SSLError|in violation of protocol|TLSV1_ALERT|WRONG_VERSION_NUMBER", SourceError, KINDS["tls"]),
    (r"redirect loop|Exceeded \d+ redirects", SourceError, KINDS["redirects"]),
    (
        r"unsupported url scheme|No connection adapters|InvalidSchema|invalid url scheme|file:// URLs are disabled",
        SourceError,
        "the address leads away from http and https, and nothing else is opened",
    ),
    (r"^Unsupported URL", SourceError, KINDS["unsupported"]),
    (r"is not a valid URL|^Invalid URL", SourceError, "that is not a web address; copy it again from the browser"),
    (
        r"Requested format is not available|No video formats found|only images are available",
        SourceError,
        f"the site offers no video that can be downloaded here; if a browser plays it: {UPDATE}",
    ),
    (
        r"extracted extension \('?(?P<ending>[^')]*)'?\) is unusual",
        SourceError,
        'what the site offers ends in ".\\g<ending>", which is not the ending of a video; open it in a browser to see '
        "what it is",
    ),
    (
        r"downloaded file is empty|Did not get any data blocks",
        SourceError,
        "the site sent nothing (an empty file); open it in a browser to see what is there",
    ),
    (
        r"is not a valid container|Postprocessing|Conversion failed|ffmpeg exited",
        FramesieveError,
        "FFmpeg could not put sound and picture together; try again, or take another height",
    ),
)
"""Messages of yt-dlp and of this machine: (pattern, error, sentence); the first that matches counts. ``\\g<ending>`` is
filled in from the match."""
SITE: tuple[_Row, ...] = (
    (
        r"private video|video is private|is private\b|made .{0,30}private|private show",
        SourceError,
        "the video is private; only its owner can open it",
    ),
    (
        r"members.only|join this channel|requires payment|\bpremium\b|subscrib|\brental\b|purchase|supporter.only"
        r"|paid (video|content|members)",
        SourceError,
        PAID,
    ),
    (
        r"confirm your age|verify your age|age.?(restricted|gated|limit)|inappropriate for some users",
        SourceError,
        "the video has an age limit and needs a login, which Framesieve does not have; save it with a browser instead",
    ),
    (r"not a bot|not a robot|captcha|anti-bot", SourceError, BOT),
    (
        r"your country|your location|geo.?restrict|(your|this) region|geo.?block|outside (of )?the (country|UK|US)",
        SourceError,
        KINDS["geo"],
    ),
    (r"\bDRM\b", SourceError, "the video is protected against copying (DRM) and cannot be downloaded"),
    (
        r"removed by|(was|been) removed|account .*terminated|no longer (available|exists?)|(was|been) deleted"
        r"|violat\w+ |copyright|(has|is) expired",
        SourceError,
        "the video was removed from the site",
    ),
    (
        r"(live ?stream|live|broadcast|event) (recording )?(has|is) (ended|over)",
        SourceError,
        "the broadcast is over, and the site has no recording of it",
    ),
    (
        r"Premieres in|premiere will|will begin|is upcoming|not (currently )?live|has not started|not yet available"
        r"|not available yet|\bis (currently )?offline",
        SourceError,
        "the broadcast has not begun; come back when it is over",
    ),
    (r"rate.?limit|too many requests", SourceError, TOO_MUCH),
    (
        r"password",
        SourceError,
        "the site wants a password, which Framesieve does not have; save the video with a browser and open the file",
    ),
    (
        r"login required|registered users|logged.?in|log ?in|sign in|account cookies|authentication"
        r"|does not have access",
        SourceError,
        LOGIN,
    ),
)
"""Messages of sites on a video."""
NETWORK: tuple[_Row, ...] = (
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
)
"""Messages of network errors."""
ABSENT: tuple[_Row, ...] = (
    (
        r"unavailable|not available|does not exist|doesn.t exist|not found|no such",
        SourceError,
        "the site says that it has no such video",
    ),
)
"""Messages of sites that give no reason; tried last."""


def refusal(
    failure: Failure | str, url: str, *, note: str | None = None, age_days: int | None = None
) -> FramesieveError:
    """Returns the error for a failure.

    Args:
        failure: its facts, or only the message.
        url: the address that was asked for.
        note: what this machine lacks for this site (a JavaScript runtime); added where it may be the cause.
        age_days: age of yt-dlp; above ``OLD_DAYS`` the likely cause of anything unknown.
    """
    known = failure if isinstance(failure, Failure) else Failure(failure)
    kind, cure = _cause(known, url, age_days)
    # What this machine lacks explains only failures of yt-dlp itself.
    sentence = f"{url}: {cure}{_also(note) if UPDATE in cure else ''}."
    if kind is not SourceError:
        return kind(sentence)
    _, status, _ = _answered(without_address(first_line(known.text), url), known.status)
    return SourceError(sentence, code="no_download", kind=known.kind, status=status)


def _cause(known: Failure, url: str, age_days: int | None) -> tuple[type[FramesieveError], str]:
    if known.kind in KINDS:
        return SourceError, KINDS[known.kind]
    message = without_address(first_line(known.text), url)
    words, status, reason = _answered(message, known.status)
    transport = known.kind == "transport"
    by_site = known.by_site and not transport and UNEXPECTED not in known.text
    if match := _match(OWN, words) or (_match(SITE, words) if by_site else None):
        return match
    if status is not None:
        return SourceError, _of_status(status, reason)
    message = without_address(first_line(known.network), url) if known.network else message
    if match := _match(NETWORK, message) or (_match(ABSENT, message) if by_site else None):
        return match
    if transport:
        return SourceError, f"the connection failed ({message or 'without a word'}); check the address and try again"
    return SourceError, f"{message or 'yt-dlp failed without a word'}; {_update(age_days)}"


def _answered(message: str, status: int | None) -> tuple[str, int | None, str]:
    """Splits a message at ``HTTP Error``: the words before it, the status, the server's reason phrase."""
    match = re.search(r"HTTP Error (\d{3})(?:: ([^(]*))?", message)
    if match is None:
        return message, status, ""
    return message[: match.start()], status or int(match[1]), (match[2] or "").strip()[:REASON_CHARACTERS]


def _of_status(status: int, reason: str) -> str:
    if status in STATUS:
        return STATUS[status]
    if status >= 500:
        return f"the site has a fault of its own (HTTP Error {status}); try again later"
    called = f", {reason}" if reason else ""
    return f"the site answered with status {status}{called} and sent no video; open the address in a browser"


def _match(table: Iterable[_Row], message: str) -> tuple[type[FramesieveError], str] | None:
    for pattern, kind, cure in table:
        if match := re.search(pattern, message, re.IGNORECASE):
            return kind, match.expand(cure)
    return None


def first_line(text: str) -> str:
    """Returns the first line of a message without colours, without site and id in front, and without ``PLEAS``."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text).replace("ERROR:", "").strip()
    line = plain.splitlines()[0] if plain else ""
    line = re.sub(r"^(?:\[(?:download|[\w:.+-]+)\]\s*(?:\S{1,300}:\s+)?|[\w-]{1,64}:\s+(?=[A-Z]))", "", line)
    line = re.split(PLEAS, line)[0]
    return "".join(c for c in line if c.isprintable())[:300].rstrip(" .")


PLEAS = (
    r"; please report this|\. Use --|\. If you believe this is an error, please report|; see  http|\. See  http"
    r"|  Confirm you are on the latest|; try again with  --"
)
"""Here the message ends and yt-dlp's advice to its own users begins."""


def without_address(message: str, url: str) -> str:
    """Returns a message without web addresses, hosts and paths: words in them say nothing about the failure."""
    parts = urlsplit(url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    for piece in (url, unquote(url), path, unquote(path), parts.netloc, parts.hostname or ""):
        if len(piece) > 3:
            message = message.replace(piece, "")
    message = re.sub(r"\w+://\S+|host='[^']*'|(?<=resolve )'[^']*'|with url: \S+", "", message)
    return message.strip()


def _update(age_days: int | None) -> str:
    if age_days is not None and age_days > OLD_DAYS:
        return f"yt-dlp is {age_days} days old, which is the likely cause: {UPDATE}"
    return f"if it stays so, get the newest yt-dlp: {UPDATE}"


def _also(note: str | None) -> str:
    return f"; besides, {note}" if note else ""
