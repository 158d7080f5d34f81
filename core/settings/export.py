"""What is exported, and what beside it."""

from __future__ import annotations

from core.settings.arguments import Arguments
from core.settings.filter import (
    FilterSettings,
    max_face_distance_knob,
    min_reid_similarity_knob,
    with_distance,
    with_similarity,
)
from core.settings.model import Model, knob
from core.settings.paths import ReadFile, RunFolder, WriteFolder


class ExportSettings(Model):
    """What ``export`` writes beside the frames."""

    face_crops: bool = knob(
        False,
        "also cut out the faces, those of the wanted person where one is filtered",
        label="Also cut out the faces",
    )
    face_margin: float = knob(
        0.3,
        "border around a face, as a share of its longer side",
        label="Border, as a share of a face's side",
        low=0.0,
        high=3.0,
        metavar="M",
        read_with={"face_crops": (True,)},
    )
    crop_bars: bool = knob(
        False,
        "cut black bars off, where they were found",
        label="Cut off black bars",
    )


class ExportArguments(Arguments):
    """Whose frames are exported, which, and where to."""

    run: RunFolder = knob(..., "a run folder", flag="", metavar="RUN")
    filters: FilterSettings | None = knob(None, "which frames are kept; the saved selection if absent")
    max_face_distance: float | None = max_face_distance_knob()
    min_reid_similarity: float | None = min_reid_similarity_knob()
    selection: ReadFile | None = knob(None, "a saved selection instead of filters", metavar="FILE")
    dest: WriteFolder | None = knob(None, "the export folder itself (default <run>_exported_<time>)", metavar="DIR")
    video: ReadFile | None = knob(None, "where the run's video lies now, if it was moved", metavar="FILE")
    settings: ExportSettings = knob(ExportSettings(), "what is written beside the frames")
    digest: str | None = knob(None, "of the selection that was seen: nothing is exported when it is another", flag=())

    @property
    def wanted_filters(self) -> FilterSettings | None:
        """The filters, distance of faces and likeness of the subject among them; ``None``: a saved selection."""
        return with_similarity(with_distance(self.filters, self.max_face_distance), self.min_reid_similarity)
