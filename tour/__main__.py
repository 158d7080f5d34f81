"""``python -m tour [--to FOLDER] [--only WORDS] [--pictures]``: the whole page as pictures; see ``tour``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.machine import ROOT
from tour import readme, sheets
from tour.camera import tour
from tour.stage import stage


def main(argv: list[str] | None = None) -> int:
    """Walks the page; returns 1 when a state could not be reached."""
    args = _parser().parse_args(argv)
    from playwright.sync_api import sync_playwright

    if args.pictures:
        with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
            print(*readme.take(playwright, Path(home).resolve(), ROOT / "docs" / "pictures"), sep="\n")
        return 0
    with (
        tempfile.TemporaryDirectory() as home,
        sync_playwright() as playwright,
        stage((args.home or Path(home)).resolve()) as made,
    ):
        shots = tour(playwright, made, args.to, args.only)
    for path in sheets.write(shots, args.to):
        print(path)
    print(f"{len(shots)} pictures; {args.to / 'index.html'}")
    missed = [shot for shot in shots if shot.fault]
    for shot in missed:
        print(f"not reached: {shot.tab} {shot.title}: {shot.fault}", file=sys.stderr)
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="tour", description="Pictures of every state of the page.")
    found.add_argument("--to", type=Path, default=ROOT / "logs" / "tour", metavar="DIR", help="where they are written")
    found.add_argument("--only", default="", metavar="WORDS", help='scenes whose "tab name" holds this')
    found.add_argument("--home", type=Path, metavar="DIR", help="where clips and runs are made, to be used again")
    found.add_argument("--pictures", action="store_true", help="take the pictures of README.md and docs/ instead")
    return found


if __name__ == "__main__":
    sys.exit(main())
