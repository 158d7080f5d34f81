"""What every instrument keeps to."""

from __future__ import annotations

from typing import Any

import pytest

from core.ui.instruments import Instrument


def test_an_argument_that_is_named_as_a_signal_is_refused() -> None:
    with pytest.raises(TypeError, match="Bell: rings is a signal, and cannot be an argument or property; rename"):

        class Bell(Instrument):
            folder = "bell"
            signals = ("rings",)

            def __init__(self, elem_id: str, rings: int) -> None:
                super().__init__(elem_id)


def test_a_property_that_is_named_as_an_event_is_refused() -> None:
    class Bell(Instrument):
        folder = "header"
        signals = ("rings",)

        def __init__(self, elem_id: str, **more: Any) -> None:
            super().__init__(elem_id, **more)

    for wrong in ("rings", "click"):
        with pytest.raises(TypeError, match=f"Bell: {wrong} is a signal"):
            Bell("bell", **{wrong: 1})
