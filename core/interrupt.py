"""Ctrl-C and SIGTERM, from the first import to the end of the last thread. Imports nothing before it is needed."""

import sys

STOPPED = 130
"""Exit code after Ctrl-C, as shells use it."""
GRACE_S = 1.0
"""A second Ctrl-C within this time is taken for the first one: a key held down must not cut the cleaning up."""
AGAIN_S = 0.05
"""How soon a Ctrl-C is raised again that got lost."""


class Stop:
    """Answers Ctrl-C and SIGTERM: the first lets the verb clean up, a later one ends the process at once."""

    def __init__(self) -> None:
        self.ended = False
        """Whether all output is written: then there is nothing left to clean up."""
        self._since: float | None = None

    @property
    def asked(self) -> bool:
        """Whether the process was asked to end."""
        return self._since is not None

    def install(self) -> None:
        """Makes this object the handler of both signals, to the last instant of the process."""
        import atexit
        import signal

        sys.unraisablehook = self._unraisable
        atexit.register(self._at_exit)  # the first to be registered is the last to run, when all threads have ended
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # ignored from the start: nohup, or a job in a script
                signal.signal(number, self._handle)

    def _handle(self, number: int, frame: object) -> None:
        import os
        import signal
        import time

        now = time.monotonic()
        if self.ended or (self._since is not None and now - self._since > GRACE_S):
            os._exit(STOPPED)
        if self._since is None:
            self._since = now
            raise KeyboardInterrupt(signal.Signals(number).name)

    def _unraisable(self, lost: "sys.UnraisableHookArgs") -> None:
        """Raises a Ctrl-C again that came while C code called back into Python, where it cannot be passed on."""
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            sys.__unraisablehook__(lost)
            return
        import _thread
        import threading

        self._since = None
        again = threading.Timer(AGAIN_S, _thread.interrupt_main)
        again.daemon = True
        again.start()

    def _at_exit(self) -> None:
        """Keeps Python from ending the process by SIGINT, which it does when an ``exec`` within an import was hit."""
        import os
        import signal

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if self._since is not None:
            sys.stderr.flush()
            os._exit(STOPPED)


STOP = Stop()
"""The one of this process; it does nothing until it is installed."""
