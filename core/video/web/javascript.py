"""Finds a JavaScript runtime, which yt-dlp needs for YouTube, and explains what is missing where none is usable.

Since 2025.11 yt-dlp solves YouTube's JavaScript challenges in a real runtime. By default it uses deno only; any other
has to be named in its options. Which versions are new enough, yt-dlp itself decides (``ytdlp.judged``).
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass

PROGRAMS = {"deno": ("deno",), "node": ("node", "nodejs"), "quickjs": ("qjs",), "bun": ("bun",)}
"""The runtimes that yt-dlp can use, in the order in which it recommends them -> the names of their programs."""
INSTALL = "install deno (https://docs.deno.com/runtime/) and try again"


@dataclass(frozen=True)
class Runtime:
    """A runtime on this machine, and whether yt-dlp can use it."""

    name: str
    path: str
    version: str | None
    """As the program reports it; ``None`` = it did not start."""
    usable: bool
    oldest: str | None = None
    """Oldest version that this yt-dlp supports; ``None`` = not known."""


def find_runtimes() -> dict[str, str]:
    """Returns name of a runtime -> path of its program, of those beside this Python or on PATH. None is started."""
    folders = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    paths = {}
    for runtime, programs in PROGRAMS.items():
        path = next((path for name in programs if (path := shutil.which(name, path=folders))), None)
        if path is not None:
            paths[runtime] = os.path.abspath(path)
    return paths


def explain(runtimes: Mapping[str, Runtime], *, scripts: bool) -> str | None:
    """Returns one sentence on what is missing for YouTube; ``None`` when nothing is.

    Args:
        runtimes: name -> runtime, from ``ytdlp.judged``.
        scripts: whether the package yt-dlp-ejs, which holds the scripts that are run, is installed.
    """
    if not scripts:
        return "YouTube needs the package yt-dlp-ejs, which is not installed: make update-ytdlp"
    if any(runtime.usable for runtime in runtimes.values()):
        return None
    need = "YouTube offers all its videos only to who can run JavaScript"
    if not runtimes:
        return f"{need}, and none of {', '.join(PROGRAMS)} was found; {INSTALL}"
    reasons = " and ".join(map(_unusable, runtimes.values()))
    return f"{need}, and {reasons}; {INSTALL}"


def _unusable(runtime: Runtime) -> str:
    if runtime.version is None:
        return f"{runtime.name} ({runtime.path}) does not start"
    wanted = f" (it takes {runtime.oldest} and newer)" if runtime.oldest else ""
    return f"{runtime.name} {runtime.version} is not one that this yt-dlp can use{wanted}"
