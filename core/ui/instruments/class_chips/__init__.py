"""The classes of a model: find the frames of one, or hide its boxes."""

from __future__ import annotations

from core.ui.instruments import Instrument


class ClassChips(Instrument):
    """A chip for each class with its colour and how many frames have it; beside it a button that hides its boxes.

    Methods in the browser: ``show([{kind, name, colour, frames, boxes}])``, ``chosen()`` -> a class or ``null``,
    ``hidden()`` -> a Set of classes, ``forget()`` what was chosen and hidden.

    Says: ``find`` (a class was chosen: the next frame with it is wanted), ``hide`` (other ones are hidden now).
    """

    folder = "class_chips"
