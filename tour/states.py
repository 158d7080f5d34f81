"""The states of the page, as data: scenes are played one after the other, each in a browser of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tour.stage import Stage

Reach = Callable[[Any, Stage], object]


@dataclass(frozen=True)
class State:
    """One state worth seeing."""

    name: str
    """How it is told, as a file name without its number: lower-case words with dashes."""
    reach: Reach
    """Reaches it from the state before it in its scene, with keys and mouse."""
    main: bool = False
    """The state in which its tab is seen at every size, in the dark and zoomed."""
    weights: bool = False
    """It needs real clips and weights."""
    drawn: bool = False
    """It needs the boxes that lie beside a drawn clip."""

    def can_be(self, stage: Stage) -> bool:
        """Whether the stage has what the state needs."""
        return not (self.drawn if stage.real else self.weights)


@dataclass(frozen=True)
class Scene:
    """States of one tab that follow from each other."""

    tab: str
    """``source``, ``filter``, ``review``, ``persons``, ``masking``, ``patches``: its pictures begin with it."""
    name: str
    states: tuple[State, ...]
    empty: bool = False
    """Played over a folder without runs, on a page of its own."""


def scenes() -> tuple[Scene, ...]:
    """Returns every scene, in the order of the sheets."""
    from tour import states_filter, states_masking, states_patches, states_persons, states_review, states_source

    return (
        *states_source.SCENES,
        *states_filter.SCENES,
        *states_review.SCENES,
        *states_persons.SCENES,
        *states_masking.SCENES,
        *states_patches.SCENES,
    )
