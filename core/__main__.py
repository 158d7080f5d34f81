"""``python -m core``: the headless door, and what concerns the whole process: its signals, streams and exit code.

Imports nothing else before a Ctrl-C is answered.
"""

import sys

from core.interrupt import STOP, STOPPED


def run() -> int:
    """Runs the command line and returns the exit code."""
    try:
        STOP.install()
        from core import cli, console

        console.prepare()
        try:
            code = cli.main()
        except SystemExit as end:  # argparse: --help, --version, an unknown option
            code = end.code if isinstance(end.code, int) else 1
        code = console.finish(code)
        STOP.ended = True
        return code
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return STOPPED


if __name__ == "__main__":
    sys.exit(run())
