"""What a person typed, pasted or dropped: a web address or a path on this machine, and nothing else.

``classify`` reads text only and touches no file; ``resolve_local`` decides whether a path may be read. Not here:
downloading (download.py) and opening (container.py).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from core.errors import SourceError
from core.video.container import PROTOCOLS, check_file

WEB_SCHEMES = ("http", "https")
URL_CHARACTERS = 2000
PATH_CHARACTERS = 4096
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`", "<": ">"}
UNSEEN = "\ufeff\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069"
"""Invisible marks around copied text; Windows puts one in front of a path copied from its Properties window."""
OTHER_SCHEMES = (
    *PROTOCOLS,
    "javascript",
    "vbscript",
    "blob",
    "about",
    "magnet",
    "mailto",
    "view-source",
    "urn",
    "file",
)
BARE_HOST = re.compile(r"(?:www\.[\w-]+\.|(?:m\.|music\.)?youtube\.com/|youtu\.be/|vimeo\.com/)\S+", re.IGNORECASE)
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+([a-z]{2,})(?::\d{1,5})?(/\S*)?", re.IGNORECASE)
"""A host without a scheme: its ending, and the path behind it."""
SITE_ENDINGS = ("com", "org", "net", "edu", "gov", "info", "video", "tube", "online", "site", "app", "dev", "cloud")
"""Of hosts; none of them is that of a video."""
SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
SMUGGLED = "#__youtubedl_smuggle"
"""Hidden orders to yt-dlp inside an address."""


@dataclass(frozen=True)
class Url:
    """A web address, http or https."""

    text: str


@dataclass(frozen=True)
class LocalPath:
    """A path on this machine; nobody has looked yet whether it exists."""

    path: Path


def classify(text: str) -> Url | LocalPath:
    r"""Tells a web address from a path, after taking off what copying, pasting and dropping add.

    That is: white space and invisible marks, quotes of every kind (also a shell's ``'it'\''s'``), PowerShell's ``& ``,
    backslashes before spaces as terminals paste them, ``file://`` and its percent signs, ``~``.

    Raises:
        SourceError: nothing came, several lines, control characters, another scheme than http and https, no host.
    """
    text = _one_line(text)
    text, quoted = _unquoted(text)
    if not text:
        raise SourceError("nothing came; paste a web address or the path of a video.", code="no_text")
    if bad := next((c for c in text if ord(c) < 32 or ord(c) == 127), None):
        raise SourceError(
            f"the text holds a control character (code {ord(bad)}); paste the address or path again.", code="no_address"
        )
    if BARE_HOST.fullmatch(text):
        text = f"https://{text}"
    scheme = _scheme(text)
    if scheme in WEB_SCHEMES:
        return Url(_web(text))
    if scheme == "file":
        return LocalPath(_path(_from_file_url(text)))
    if scheme is not None:
        raise SourceError(
            f'"{scheme}:" addresses are not opened; only http, https and files on this machine are.',
            code="other_scheme",
        )
    return LocalPath(_path(text if quoted else _unescaped(text)))


def is_url(text: str) -> bool:
    """Tells whether a word of the command line is a web address; every other word is left as the shell gave it."""
    return text.strip().lower().startswith(tuple(f"{scheme}://" for scheme in WEB_SCHEMES))


def looks_like_address(text: str) -> bool:
    """Tells whether a text that names no file may be a web address without its scheme: ``example.com/video``.

    A host with an ending that sites have, and behind it nothing or a path; two letters (``.de``) only with a path, for
    a file may have such an ending too.
    """
    match = HOST.fullmatch(_one_line(text))
    if match is None:
        return False
    ending, path = match[1].lower(), match[2]
    return ending in SITE_ENDINGS or (len(ending) == 2 and bool(path))


def resolve_local(text: str, roots: Sequence[Path] | None) -> Path:
    """Returns the real path of a video that may be read: links resolved first, then the folders, then the file type.

    Args:
        text: What a person typed, as for ``classify``.
        roots: The allowed folders; ``None`` allows every folder, an empty sequence none.

    Raises:
        SourceError: a web address; missing or outside the folders (one wording for both); a directory, device or pipe.
    """
    allowed = None if roots is None else [root for root in map(_real_path, roots) if root is not None]
    if (found := _literal(text, allowed)) is not None:
        return check_file(found)
    source = classify(text)
    if isinstance(source, Url):
        raise SourceError(f"{source.text} is a web address; it has to be downloaded first.", code="web_address")
    real = _real_path(source.path)
    if real is None or (allowed is not None and not any(real.is_relative_to(root) for root in allowed)):
        if looks_like_address(text):
            sentence = f"{source.path} is not a file here; if it is a web address, write https:// in front of it."
            raise SourceError(sentence, code="no_scheme", address=f"https://{_one_line(text)}")
        raise SourceError(_not_there(source.path, roots), code="missing" if roots is None else "not_allowed")
    return check_file(real)


def is_there(text: str, roots: Sequence[Path]) -> bool:
    """Tells whether a text is, sign for sign, the absolute path of something in the allowed folders.

    That is what the program itself has told of a file before: nothing of it was added by copying, whatever it holds.
    """
    return _literal(text, [root for root in map(_real_path, roots) if root is not None]) is not None


def _literal(text: str, allowed: Sequence[Path] | None) -> Path | None:
    real = _real_path(Path(text)) if "\0" not in text and os.path.isabs(text) else None
    if real is None or (allowed is not None and not any(real.is_relative_to(root) for root in allowed)):
        return None
    return real


def _one_line(text: str) -> str:
    """Takes the one line of a pasted or dropped text (a list of addresses may begin with # comments)."""
    lines = [line.strip().strip(UNSEEN).strip() for line in text.replace("\r", "\n").split("\n")]
    lines = [line for line in lines if line]
    if len(lines) > 1:
        lines = [line for line in lines if not line.startswith("#")]
    if len(lines) > 1:
        raise SourceError(f"{len(lines)} lines came; paste one address or path at a time.", code="several_lines")
    return lines[0] if lines else ""


def _unquoted(text: str) -> tuple[str, bool]:
    """Takes off one pair of quotes, and says whether there was one."""
    if text.startswith("& ") and text[2:].strip()[:1] in QUOTES:
        text = text[2:].strip()
    if len(text) < 2 or QUOTES.get(text[0]) != text[-1]:
        return text, False
    inner = text[1:-1]
    if text[0] == "'":
        inner = inner.replace("'\\''", "'").replace("''", "'" if sys.platform == "win32" else "''")
    return inner.strip(), True


def _scheme(text: str) -> str | None:
    r"""The scheme of an address; ``None`` for a path, also for one such as ``C:\clip.mp4`` or ``part: one.mp4``."""
    match = SCHEME.match(text)
    if match is None:
        return None
    name = match[1].lower()
    if text[match.end() :].startswith("//") or name in (*OTHER_SCHEMES, *WEB_SCHEMES):
        return name
    return "data" if name.startswith("data") and "," in text else None


def _web(text: str) -> str:
    if any(c.isspace() for c in text):
        raise SourceError("the address holds a space; copy it again from the browser.", code="no_address")
    if len(text) > URL_CHARACTERS:
        raise SourceError(
            f"the address is {len(text)} characters long; at most {URL_CHARACTERS} are taken.", code="too_long"
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise SourceError(
            f"{text} is not a web address ({error}); copy it again from the browser.", code="no_address"
        ) from None
    if not host:
        raise SourceError(f"{text} names no host; copy the whole address from the browser.", code="no_address")
    return text.split(SMUGGLED)[0]


def _from_file_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost", "127.0.0.1"):
        raise SourceError(
            f'{text} lies on another machine ("{parts.netloc}"); copy the file here or name its path.',
            code="other_machine",
        )
    # ? and # are ordinary characters in what file managers give, and a path ends where the text ends.
    path = text[text.index(":") + 1 :].removeprefix(f"//{parts.netloc}")
    # %E9 alone is no UTF-8 and still a byte of a name; url2pathname would put a question mark for it.
    if sys.platform == "win32":
        from urllib.request import url2pathname  # here, because it brings a web client that files do not need

        return url2pathname(path)
    return os.fsdecode(unquote_to_bytes(path))


def _unescaped(text: str) -> str:
    """Takes off the backslashes that a terminal puts before spaces and signs; a Windows path has none of them."""
    if sys.platform == "win32" or re.match(r"[A-Za-z]:\\|\\\\", text):
        return text
    return re.sub(r"\\([^A-Za-z0-9])", r"\1", text)


def _path(text: str) -> Path:
    if len(text) > PATH_CHARACTERS:
        raise SourceError(
            f"the path is {len(text)} characters long; at most {PATH_CHARACTERS} are taken.", code="too_long"
        )
    if not text or "\0" in text:
        raise SourceError("the path is empty or holds a NUL character; paste it again.", code="no_text")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise SourceError(f"the home folder in {text} is unknown; write the path in full.", code="missing") from None


def _real_path(path: Path) -> Path | None:
    try:
        return Path(os.path.realpath(path, strict=True))
    except (OSError, ValueError):
        return None


def _not_there(path: Path, roots: Sequence[Path] | None) -> str:
    if roots is None:
        return f"{path} does not exist; check the path."
    return f"{path} is not a file in the allowed folders; upload it here, or choose one with Browse."
