"""Twelve sample windows as small flip-books, and how many files and bytes all patches would be."""

from __future__ import annotations

from core.ui.instruments import Instrument


class PatchFlipbook(Instrument):
    """Each tile plays the seven frames of a window; the pointer or a press steps through them.

    Nothing plays for who wants reduced motion. Methods: ``show(look)`` (the id of a look at samples), ``stale()`` (they
    are of other settings than those that are typed now), ``fail(sentence)``.
    """

    folder = "patch_flipbook"

    def __init__(self, elem_id: str, reasons: dict[str, str]) -> None:
        """``reasons``: why a window or a patch is refused, in words."""
        super().__init__(elem_id, reasons=dict(reasons))
