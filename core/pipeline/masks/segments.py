"""Which videos a call of ``mask`` is about: a run, the folder of a segment, or many segments of one film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError, SourceError
from core.pipeline.masks.export import Place, folder_of
from core.pipeline.masks.home import Home, open_home
from core.settings.masks import MaskArguments
from core.video.picture_folder import segments_in


@dataclass(frozen=True)
class Target:
    """One video, and where its exports go."""

    home: Home
    place: Place
    title: str = ""
    """Before what is done, where there are several."""
    is_segment: bool = False


def targets(arguments: MaskArguments) -> list[Target]:
    """Returns the videos in order.

    Frames of segments are numbered ``frame_offset`` + running count in the order of segments, so that the number of a
    frame does not depend on which segments are masked already, or are wanted.

    Raises:
        SettingsError: neither a run nor a folder of segments came, or both. RunError, SourceError: as ``open_home``;
            a segment is missing.
    """
    if arguments.base_video_dir is None:
        if arguments.segments is not None:
            raise SettingsError(
                "segments are chosen of a folder of segments; name that folder (base_video_dir).", field="segments"
            )
        if arguments.run is None:
            raise SettingsError(
                "no run came; name a run folder, the folder of a segment, or the folder of all segments.", field="run"
            )
        return [_single(arguments, arguments.run)]
    if arguments.run is not None:
        raise SettingsError("both a run and a folder of segments came; give one of them.", field="run")
    return _several(arguments, arguments.base_video_dir)


def _single(arguments: MaskArguments, path: Path) -> Target:
    exports = arguments.exports
    home = open_home(path, arguments.video, exports.output_dir)
    is_segment = home.segment is not None or home.stills is not None
    first = exports.frame_offset if exports.frame_offset is not None or not is_segment else 0
    place = Place(folder_of(home, exports), first, exports.drop_last_frame and is_segment)
    return Target(home, place, is_segment=is_segment)


def _several(arguments: MaskArguments, base: Path) -> list[Target]:
    exports = arguments.exports
    found = segments_in(base)
    if not found:
        raise SourceError(
            f"{base} holds no folder video_part_NNN; name the folder that holds them.", code="no_segments"
        )
    first = arguments.start_segment if arguments.start_segment is not None else min(found)
    last = arguments.num_segments if arguments.num_segments is not None else max(found)
    if first > last:
        raise SettingsError(
            f"the first segment ({first}) is above the last one ({last}); num_segments is the number of the last.",
            field="start_segment",
        )
    for number in range(first, last + 1):
        if number not in found:
            raise SourceError(
                f"segment {number} (video_part_{number:03d}) is missing in {base}; frames of later segments would get "
                "wrong numbers. Put it there, or begin after it.",
                code="segment_missing",
                segment=number,
            )
    wanted = arguments.wanted_segments
    for number in wanted or ():
        if not first <= number <= last:
            raise SettingsError(
                f"there is no segment {number} among those from {first} to {last}.", code="no_segment", field="segments"
            )
    number_of_first, chosen = exports.frame_offset or 0, []
    for number in range(first, last + 1):
        home = open_home(found[number], work=exports.output_dir)
        place = Place(folder_of(home, exports, base), number_of_first, exports.drop_last_frame)
        if wanted is None or number in wanted:
            chosen.append(Target(home, place, f"{found[number].name}: ", is_segment=True))
        number_of_first += home.frames - exports.drop_last_frame
    return chosen
