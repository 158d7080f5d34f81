"""What the verbs know of web addresses: their options, and the file that an address becomes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core import options
from core.config import HEIGHTS, FetchSettings
from core.console import followed

if TYPE_CHECKING:
    from core.pipeline.fetch import Fetched

FETCH_FLAGS: options.Flags = {"max_height": ("--max-height", {"choices": HEIGHTS})}


def add_height(verb: argparse.ArgumentParser) -> None:
    """Adds ``--max-height``."""
    options.add_settings(verb, FetchSettings, FETCH_FLAGS)


def add_options(verb: argparse.ArgumentParser) -> None:
    """Adds what ``fetch`` takes."""
    verb.add_argument("url", metavar="URL", help="a web address, http or https")
    add_height(verb)
    verb.add_argument("--out", type=options.path, default=Path("downloads"), metavar="DIR", help="where the video goes")
    verb.add_argument("--item", type=int, metavar="N", help="one video of a playlist, counted from 1")
    verb.add_argument("--playlist", action="store_true", help="all videos of a playlist")
    verb.add_argument("--again", action="store_true", help="download a video that is there already once more")


def fetched(args: argparse.Namespace) -> Fetched:
    """Downloads what ``fetch`` was asked for and shows how far it is."""
    from core.pipeline.fetch import fetch

    settings = FetchSettings(**options.given(args, FETCH_FLAGS))
    return followed(fetch(args.url, args.out, settings, item=args.item, playlist=args.playlist, again=args.again))


def local(args: argparse.Namespace) -> Path:
    """Returns the file to work on: the source itself, or what a web address was downloaded to."""
    if isinstance(args.source, Path):
        return args.source
    from core.pipeline.fetch import fetch

    return followed(fetch(args.source, settings=FetchSettings(**options.given(args, FETCH_FLAGS)))).paths[0]
