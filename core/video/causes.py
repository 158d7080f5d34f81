"""What yt-dlp's errors know beside their text: read from their types, never from words. No yt-dlp is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.video.refusal import Failure

MOST_CAUSES = 12


def failure_of(yt_dlp: Any, error: BaseException) -> Failure:
    """Returns what is known of an error that yt-dlp raised.

    Args:
        yt_dlp: the module.
        error: a ``YoutubeDLError``, which may hold others: what the extractor said, and why the network failed.
    """
    text, kind, status, by_site, said = str(error), None, None, True, ""
    extractor = yt_dlp.utils.ExtractorError
    for one in _chain(error):
        if isinstance(one, extractor) and kind is None:
            text, by_site = _words(one), bool(one.expected)
            kind = _kind_of_extractor(yt_dlp, one)
        status = status or _status(yt_dlp, one)
        network = _kind_of_network(yt_dlp, one)
        if network is not None and kind is None:
            kind, said = network, str(one)
    return Failure(text, kind, status, by_site, said)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, then what it was made from, each once."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < MOST_CAUSES:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        info = getattr(one, "exc_info", None)
        waiting += [info[1] if isinstance(info, tuple) and len(info) > 1 else None, getattr(one, "cause", None)]


def _words(error: Any) -> str:
    """What an extractor says, without its name, the id, and the cause that it repeats."""
    said, cause = str(error.orig_msg), error.cause
    return said if cause is None else said.replace(f": {cause}", "").replace(str(cause) or "\0", "")


def _kind_of_extractor(yt_dlp: Any, error: BaseException) -> str | None:
    utils = yt_dlp.utils
    kinds = {utils.GeoRestrictedError: "geo", utils.UserNotLive: "not live", utils.UnsupportedError: "unsupported"}
    return next((kind for error_type, kind in kinds.items() if isinstance(error, error_type)), None)


def _kind_of_network(yt_dlp: Any, error: BaseException) -> str | None:
    network = yt_dlp.networking.exceptions
    if isinstance(error, network.HTTPError):
        return "redirects" if error.redirect_loop else None
    kinds = {
        network.CertificateVerifyError: "certificate",
        network.SSLError: "tls",
        network.TransportError: "transport",
    }
    return next((kind for error_type, kind in kinds.items() if isinstance(error, error_type)), None)


def _status(yt_dlp: Any, error: BaseException) -> int | None:
    return int(error.status) if isinstance(error, yt_dlp.networking.exceptions.HTTPError) else None
