"""A video frame by frame: the picture, what is painted over it, and the buttons that move through it."""

from __future__ import annotations

from core.ui.instruments import Instrument


class Player(Instrument):
    """Picture and frame number are of one decoded frame, always; the ledger of the video gives the times.

    Methods in the browser: ``open({media, seconds, starts, size, name}, frame)``, ``close()``, ``call(name)``,
    ``goTo(frame)``,
    ``step(by)``, ``toggle()``, ``pause()``, ``setSpeed(speed)``, ``faster(by)``, ``paintWith(painter)`` (called with
    the film at each frame, in the task in which the picture changes), ``repaint()``, ``toggleOverlay()``,
    ``note(text)``, ``message(...nodes)`` in place of a picture, ``flash(sentence, wrong)`` over it, ``help(keys)``.

    Says: ``frame`` (another one is on the screen), ``toggle`` (somebody wants to play or pause; it may be done by who
    listens), ``overlay``, ``failed`` (the browser does not play it). Signal for Python: ``failed``.
    """

    folder = "player"
    signals = ("failed",)

    def __init__(self, elem_id: str, overlay: str) -> None:
        """Args: overlay: what is painted over the picture, as its button names it."""
        super().__init__(elem_id, overlay=overlay)
