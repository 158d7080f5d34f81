"""``python -m core``: the headless door, and what concerns the whole process: its signals, streams and exit code.

Imports nothing else before a Ctrl-C is answered.
"""

import sys

from core.interrupt import STOP, STOPPED

MISSING = 8
"""The exit code for a package that is not installed; ``core.errors`` is not imported before a Ctrl-C is answered."""
INSTALL = "which is not installed; install it with: make setup."


def run() -> int:
    """Runs the command line and returns the exit code."""
    try:
        STOP.install()
        from core.cli import console
        from core.cli.main import main

        console.prepare()
        try:
            code = main()
        except SystemExit as end:  # argparse: --help, --version, an unknown option
            code = end.code if isinstance(end.code, int) else 1
        code = console.finish(code)
        STOP.ended = True
        return code
    except ModuleNotFoundError as error:  # what a verb alone needs is told where the verb ends
        if error.name is None or error.name.split(".")[0] == "core":
            raise
        print(f"error: Framesieve needs the package {error.name}, {INSTALL}", file=sys.stderr)
        return MISSING
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return STOPPED


if __name__ == "__main__":
    sys.exit(run())
