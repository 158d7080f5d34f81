"""The arguments of ``rescore``."""

from __future__ import annotations

import pydantic

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.extract import Weight, check_weights, quality_weights_knob
from core.settings.model import knob
from core.settings.paths import ReadFile, RunFolder


class RescoreArguments(Arguments):
    """Which run, its new weights, or that it gets the columns of judgement."""

    at_least_one_of = ("quality_weights", "read_again")

    run: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    quality_weights: tuple[Weight, ...] | None = quality_weights_knob(None)
    read_again: bool = knob(
        False,
        "decode the frames once more, for picture_score and the other columns that runs of older programs lack",
        label="Read again",
    )
    video: ReadFile | None = knob(
        None,
        "with --read-again: the video, if it was moved",
        metavar="FILE",
        read_with={"read_again": (True,)},
    )

    @pydantic.model_validator(mode="after")
    def _check_together(self) -> RescoreArguments:
        if self.quality_weights is not None:
            check_weights(self.quality_weights)
        elif not self.read_again:
            raise SettingsError(
                "nothing to do: give five quality weights, ask to read the frames again, or both.",
                field="quality_weights",
            )
        return self
