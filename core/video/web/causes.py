"""Reads kind and HTTP status of a yt-dlp error from the types in its chain, never from its words. Imports no yt-dlp."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.video.web.refusal import Failure

MOST_CAUSES = 12


def failure_of(yt_dlp: Any, error: BaseException) -> Failure:
    """Returns the facts of an error that yt-dlp raised.

    Args:
        yt_dlp: the module.
        error: a ``YoutubeDLError``; its causes may be an extractor's error and a network error.
    """
    text, kind, status, by_site, network_text = str(error), None, None, True, ""
    extractor = yt_dlp.utils.ExtractorError
    for cause in _chain(error):
        if isinstance(cause, extractor) and kind is None:
            text, by_site = _message_of_extractor(cause), bool(cause.expected)
            kind = _kind_of_extractor(yt_dlp, cause)
        status = status or _status(yt_dlp, cause)
        network = _kind_of_network(yt_dlp, cause)
        if network is not None and kind is None:
            kind, network_text = network, str(cause)
    return Failure(text, kind, status, by_site, network_text)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yields an error, then its causes, each once."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < MOST_CAUSES:
        link = waiting.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        info = getattr(link, "exc_info", None)
        waiting += [info[1] if isinstance(info, tuple) and len(info) > 1 else None, getattr(link, "cause", None)]


def _message_of_extractor(error: Any) -> str:
    """The message of an extractor's error without its name, the id, and the cause that it repeats."""
    message, cause = str(error.orig_msg), error.cause
    return message if cause is None else message.replace(f": {cause}", "").replace(str(cause) or "\0", "")


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
