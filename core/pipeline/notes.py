"""What a person should know about filters on this run: numbers never measured, shots never found, why nothing is left.

The command line and the page show the same sentences. Pure, and never an error: select does its work all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.advice import advice, aside
from core.pipeline.select import LOWER_IS_BETTER, QUOTAS, least_of, ranking_of, select
from core.pipeline.spread import displaced
from core.records import FrameTable, Selection
from core.settings.columns import FACE_NUMBERS, FILTERABLE, FLAGS, JUDGED, RANKED_BY
from core.settings.filter import FilterSettings
from core.wording import listed, plural

OF_JUDGEMENT = (RANKED_BY, "sharpness_rank", "moment", "subject_detail", *JUDGED, *FLAGS)
"""Columns that runs of older programs lack."""
FAIR = 10.0
"""Picture scores of real clips, of frames in focus, are two to six times as high."""
SHOWN = 5
"""Ordinals that a note lists."""


def notes(table: FrameTable, filters: FilterSettings, chosen: Selection | None = None) -> list[str]:
    """Returns hints about these filters on this run, the most important one first; none when all is well.

    Args:
        table: F records in ordinal order.
        filters: what is wanted.
        chosen: what ``select`` gives for them, if it is at hand.
    """
    if len(table) == 0:
        return ["this run has no records yet: run extract first."]
    chosen = select(table, filters) if chosen is None else chosen
    found = [
        *_never_measured(table, filters),
        *_people(table, filters),
        *_shots(table, filters),
        *_by_hand(table, filters),
    ]
    found += [*_ranking(table, filters), *_motion(table, filters), *_without_effect(filters)]
    if not chosen.keep.any():
        found += _nothing_kept(table, filters, chosen, explained=bool(found))
    elif filters.at_least is not None and np.count_nonzero(chosen.keep) < least_of(filters):
        found.append(
            f"{len(chosen.kept)} frames are left even without bounds, fewer than the {least_of(filters)} wanted."
        )
    elif filters.best is not None and len(chosen.kept) < filters.best:
        found.append(_fewer(filters.best, chosen))
    return [*found, *_all_poor(table, filters, chosen)]


def _never_measured(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for name in FILTERABLE:
        if name not in table.values and (name in filters.min or name in filters.max):
            does = "none" if name in FLAGS else "every frame"
            found.setdefault((_why_not(name, table), does), []).append(name)
    for (why, does), names in found.items():
        a_bound = "a bound on it" if len(names) == 1 else "a bound on any of them"
        yield f"no frame of this run has {listed(names, 'or')}: {why}, so {a_bound} refuses {does}."


def _why_not(name: str, table: FrameTable) -> str:
    if name == "face_distance":
        return f"faces were never compared with a reference ({advice('run faces with --reference', 'see People')})"
    if name in OF_JUDGEMENT:
        if RANKED_BY in table.values:
            return "the frames beside its frames were not decoded, as with key frames and intervals"
        return "an older program recorded it (run rescore --read-again)"
    if name in ("eyes_open", "pitch") and "yaw" in table.values:
        return "its faces were read by a model that has no landmarks, or by an older program"
    if name in FACE_NUMBERS and "face_count" in table.values:
        return "its faces were read, and there is none"
    return (
        f"its faces were never read ({advice('run faces', 'see People')})"
        if name in FACE_NUMBERS
        else "it was never measured"
    )


def _people(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    if filters.person_ids is None:
        return
    if not table.people:
        find = advice("run faces with --people", "choose Find people")
        yield f"people were never looked for in this run, so no frame shows the wanted ones: {find}."
        return
    missing = [person for person in filters.person_ids if person not in table.people]
    if missing:
        named = _named("person", np.array(missing))
        yield f"no frame of this run shows {named}; its people are {min(table.people)} to {max(table.people)}."


def _shots(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    per_shot = filters.per_shot is not None or filters.per_shot_percent is not None
    if filters.shots is None and not per_shot:
        return
    known = np.unique(table.shot[table.shot >= 0])
    unknown = int(np.count_nonzero(table.shot < 0))
    if len(known) == 0:
        what = "the whole video counts as one shot" if filters.shots is None else "no frame is in the wanted shots"
        yield f"shots were never looked for in this run, so {what}: run shots first."
        return
    if unknown:
        yield f"{unknown} of {len(table)} frames have no shot yet: run shots again."
    missing = np.setdiff1d(np.array(filters.shots or (), np.int64), known)
    if len(missing):
        ends = f"shots {known[0]} to {known[-1]}" if len(known) > 1 else f"shot {known[0]}"
        yield f"no frame of this run is in {_named('shot', missing)}; its frames are in {ends}."


def _by_hand(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    for name, ordinals in (("kept", filters.keep), ("rejected", filters.reject)):
        wanted = np.unique(np.array(ordinals, np.int64))
        missing = wanted[~np.isin(wanted, table.ordinal)]
        if len(missing):
            yield f"this run has no {_named('frame', missing)}, {name} by hand; its {len(table)} frames are others."
    damaged = table.ordinal[table.error]
    damaged = damaged[np.isin(damaged, np.array(filters.keep, np.int64))]
    if len(damaged):
        yield f"{_named('frame', damaged)}, kept by hand, cannot be kept: there is no sound picture."


def _ranking(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    if filters.dedup is not None and not table.has_phash.any():
        yield "no frame of this run has a hash, so no duplicates can be found."
    yield from _colours(table, filters)
    if not _ranks(filters):
        return
    ranking = ranking_of(table, filters.rank_by)
    named = filters.best is not None or "rank_by" in filters.model_fields_set
    if ranking != filters.rank_by and ranking in table.values and named:
        yield f"this run has no {filters.rank_by}, so {ranking} says which frame is better."
    column = table.values.get(ranking)
    if column is None or np.isnan(column).all():
        best = "lowest" if ranking in LOWER_IS_BETTER else "highest"
        yield f"no frame of this run has {ranking}, so the earliest frames count as best, not the {best}."


def _motion(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    """What is followed where the displacement does not tell the motion."""
    asked = filters.best is not None and filters.spread in ("motion", "all")
    if not asked or len(table) < 2 or displaced(table) is not None:
        return
    steps = table.values.get("displacement", np.empty(0))[1:]
    known = int(np.count_nonzero(~np.isnan(steps)))
    older = advice("; runs of older programs get it by rescore --read-again", "; older programs did not measure it")
    why = (
        f"the picture moves by {float(np.nansum(steps)):.2g} % of its diagonal in all, so it stands still"
        if 2 * known >= len(table) - 1
        else f"by how much the picture moved is known of {known} of {len(table)} frames, those whose frame before was "
        f"decoded too{older}"
    )
    yield f"{why}: motion follows how much the looks of successive frames change instead."


def _colours(table: FrameTable, filters: FilterSettings) -> Iterator[str]:
    hashed = int(np.count_nonzero(table.has_phash))
    without = int(np.count_nonzero(table.has_phash & ~table.has_colours))
    if filters.dedup is None or not without:
        return
    which = "the frames of this run were" if without == hashed else f"{without} of {hashed} frames were"
    yield (
        f"{which} recorded before colours were noted, so duplicates of them are found by their hashes alone: extract "
        f"again with {aside()} to tell pictures of other colours apart."
    )


def _without_effect(filters: FilterSettings) -> Iterator[str]:
    default = FilterSettings()
    if filters.rank_by != default.rank_by and not _ranks(filters):
        yield f"ranking by {filters.rank_by} changes nothing without dedup or a limit such as top or per_window."
    if filters.spread != default.spread and filters.best is None:
        yield f"spread = {filters.spread} changes nothing without best."
    if filters.window != default.window and filters.per_window is None and filters.per_window_percent is None:
        yield "the length of a window changes nothing without per_window or per_window_percent."
    if filters.at_least is not None and not filters.min and not filters.max:
        yield "at_least changes nothing without a min or a max to loosen."


def _ranks(filters: FilterSettings) -> bool:
    return any(getattr(filters, name) is not None for name in ("dedup", "best", *QUOTAS))


NEVER_BEST = {
    "error": "damaged frame",
    "dissolve": "frame in a dissolve|frames in dissolves",
    "combed": "combed frame",
    "blank": "blank frame",
    "titles": "frame of titles|frames of titles",
    "poor": "frame far worse than the good ones|frames far worse than the good ones",
}
"""What is never one of the best N, whatever its score."""
DEINTERLACE = "combed frames are two fields woven into one picture: deinterlace the video to use them"


def _fewer(wanted: int, chosen: Selection) -> str:
    """Why the best N are fewer than N."""
    passed, counts = chosen.only_by.get("spread", 0), chosen.counts()
    others = (
        "the one other frame that passes looks" if passed == 1 else f"each of the {passed} other frames that pass looks"
    )
    why = f"{others} like one of them" if passed else "no other frame passes"
    left = [_counted(counts[name], words) for name, words in NEVER_BEST.items() if name in counts]
    out = f"; left out: {listed(left)}" if left else ""
    advised = f" ({DEINTERLACE})" if "combed" in counts else ""
    return f"{plural(len(chosen.kept), 'still')} instead of {wanted}: {why}{out}{advised}."


def _all_poor(table: FrameTable, filters: FilterSettings, chosen: Selection) -> Iterator[str]:
    """Says that not even the best of the best N is a fair picture."""
    column = table.values.get(RANKED_BY)
    if filters.best is None or ranking_of(table, filters.rank_by) != RANKED_BY or column is None:
        return
    scores = column[chosen.keep]
    scores = scores[~np.isnan(scores)]
    if len(scores) and scores.max() < FAIR:
        yield f"not even the best of these is a fair picture: picture scores of {scores.max():.1f} of 100 at most."


def _counted(count: int, words: str) -> str:
    """The words of one; those of many stand after a bar where they are more than an s."""
    one, _, many = words.partition("|")
    return f"{count} {one if count == 1 else many or one + 's'}"


def _nothing_kept(table: FrameTable, filters: FilterSettings, chosen: Selection, *, explained: bool) -> Iterator[str]:
    """Says what refused most, and the nearest bound that alone would bring frames back."""
    counts = chosen.counts()
    most = max(counts, key=lambda name: counts[name])
    for name in QUOTAS:
        if getattr(filters, name) == 0:
            yield f"{name} = 0 keeps no frame."
            return
    nearest = [hint for hint in (_nearest(table, filters, sign, name) for sign, name in _bounds(filters)) if hint]
    if nearest:
        yield f"all {len(table)} frames are refused; {max(nearest)[1]}."
    elif not explained:
        advised = f" {DEINTERLACE.capitalize()}." if most == "combed" else ""
        refused = f"all {len(table)} frames are refused, {counts[most]} of them by"
        yield f"{refused}: {_spoken(most)}.{_several(filters)}{advised}"


def _bounds(filters: FilterSettings) -> list[tuple[str, str]]:
    return [(sign, name) for name in FILTERABLE for sign in ("min", "max") if name in getattr(filters, sign)]


def _nearest(table: FrameTable, filters: FilterSettings, sign: str, name: str) -> tuple[int, str] | None:
    """How many frames only this bound refuses, and what it would have to be to keep the first of them."""
    lower, upper = dict(filters.min), dict(filters.max)
    bound = (lower if sign == "min" else upper).pop(name)
    left = select(table, FilterSettings(min=lower, max=upper, shots=filters.shots, reject=filters.reject)).keep
    column = table.values.get(name)
    values = column[left] if column is not None else np.empty(0)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return None
    best = _rounded(float(values.max() if sign == "min" else values.min()), down=sign == "min")
    extreme = "highest" if sign == "min" else "lowest"
    return len(values), f"{sign} {name} = {bound:g} alone refuses {len(values)}: the {extreme} is {best:g}"


def _rounded(value: float, *, down: bool) -> float:
    """Two digits after the point, towards the side on which the frame still passes."""
    return (math.floor(value * 100) if down else math.ceil(value * 100)) / 100


def _spoken(reason: str) -> str:
    return {"error": "an error in the record", "manual": "rejected by hand"}.get(reason, reason)


def _several(filters: FilterSettings) -> str:
    return " Loosen several bounds at once, or use at_least." if len(_bounds(filters)) > 1 else ""


def _named(what: str, numbers: NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, numbers[:SHOWN].tolist()))
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return f"{what}{'s' if len(numbers) > 1 else ''} {shown}{more}"
