"""The page: ``python app.py`` opens it at http://127.0.0.1:7860. Here: only the options and the start."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # before Gradio is imported, which reads them then
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def main(argv: list[str] | None = None) -> int:
    """Starts the page and stays until Ctrl-C."""
    args = parser().parse_args(argv)
    from core import log
    from core.errors import FramesieveError
    from core.ui.app import Options, serve

    log.start()
    go_direct(("127.0.0.1", "localhost", "::1", args.host))
    options = Options(
        host=args.host,
        port=args.port,
        auth=args.auth,
        share=args.share,
        downloads=args.downloads,
        roots=tuple(args.root or default_roots()),
        unsafe_weights=args.allow_unsafe_weights,
    )
    try:
        serve(options)
    except FramesieveError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def go_direct(hosts: Iterable[str]) -> None:
    """Keeps what this machine asks of itself (Gradio looks whether it answers) away from a proxy that is set."""
    for name in ("no_proxy", "NO_PROXY"):
        known = [host.strip() for host in os.environ.get(name, "").split(",") if host.strip()]
        if "*" not in known:
            os.environ[name] = ",".join(dict.fromkeys([*known, *hosts]))


def parser() -> argparse.ArgumentParser:
    """Returns the options of the page."""
    found = argparse.ArgumentParser(prog="app.py", description="Framesieve: the page in your browser.")
    found.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only)"
    )
    found.add_argument("--port", type=int, default=7860, help="port to listen on (default 7860)")
    found.add_argument("--auth", type=credentials, metavar="USER:PASSWORD", help="ask for a login")
    found.add_argument("--share", action="store_true", help="also open a public address through gradio.live")
    found.add_argument("--downloads", type=Path, default=Path("downloads"), metavar="DIR", help="the folder of runs")
    found.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="DIR",
        help="a folder whose videos may be opened; repeat for more (default: this folder, Videos and Downloads)",
    )
    found.add_argument(
        "--allow-unsafe-weights",
        action="store_true",
        help="people may load weights that can run any code; only if you trust their makers and all who use the page",
    )
    return found


def credentials(text: str) -> tuple[str, str]:
    """Returns user and password of ``USER:PASSWORD``."""
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise argparse.ArgumentTypeError("wanted is USER:PASSWORD")
    return user, password


def default_roots() -> list[Path]:
    """Returns the folders in which videos usually lie, those that exist."""
    home = Path.home()
    usual = [Path.cwd(), home / "Videos", home / "Movies", home / "Downloads"]
    return [path for path in usual if path.is_dir()]


if __name__ == "__main__":
    sys.exit(main())
