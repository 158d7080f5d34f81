"""``python -m core``: the headless door, and what concerns the whole process: its signals, streams and exit code.

Imports nothing of its own before a Ctrl-C is answered.
"""

import sys

STOPPED = 130
"""Exit code after Ctrl-C, as shells use it."""
GRACE_S = 1.0
"""A second Ctrl-C within this time is taken for the first one: a key held down must not cut the cleaning up."""


def run() -> int:
    """Runs the command line and returns the exit code."""
    try:
        stop = _catch_signals()
        from core import cli, console

        console.prepare()
        try:
            code = cli.main()
        except SystemExit as end:  # argparse: --help, --version, an unknown option
            code = end.code if isinstance(end.code, int) else 1
        code = console.finish(code)
        stop.ended = True
        return code
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return STOPPED


class Stop:
    """Answers Ctrl-C and SIGTERM: the first lets the verb clean up, a later one ends the process at once."""

    def __init__(self) -> None:
        self.ended = False
        """Whether all output is written: then there is nothing left to clean up."""
        self._since: float | None = None

    def __call__(self, number: int, frame: object) -> None:
        """The signal handler."""
        import os
        import signal
        import time

        now = time.monotonic()
        if self.ended or (self._since is not None and now - self._since > GRACE_S):
            os._exit(STOPPED)
        if self._since is None:
            self._since = now
            raise KeyboardInterrupt(signal.Signals(number).name)


def _catch_signals() -> Stop:
    import atexit
    import signal

    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored from the start: nohup, or a job in a script
            signal.signal(number, stop)
            # Runs after all threads have ended; Python would put back a handler of its own and die of the signal.
            atexit.register(signal.signal, number, signal.SIG_IGN)
    return stop


if __name__ == "__main__":
    sys.exit(run())
