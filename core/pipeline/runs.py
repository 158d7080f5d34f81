"""Opens what a run refers to: its video, found again and checked to be the same file."""

from __future__ import annotations

from pathlib import Path

from core.advice import advice
from core.errors import RunError, SourceError
from core.pipeline.counting import shown_difference
from core.store import ledger, run_file
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.video.probe import Video, fingerprint, probe


def video_of(run: RunDir, video: Path | None = None, saved: RunFile | None = None) -> Video:
    """Returns the video of a run.

    Args:
        run: its folder.
        video: where the video lies now, if it was moved.
        saved: its ``run.json``, where that was read already.

    Raises:
        RunError: the video is gone or is another one, or an earlier program showed its pictures otherwise.
    """
    saved = saved or run_file.read(run.run_json)
    path = Path(video or saved.video.path)
    try:
        found = fingerprint(path)
    except SourceError as error:
        moved = advice("Name it with --video if it was moved.", "Put it back where it was.")
        why = f"{error} {moved}"
        if error.code == "not_allowed":  # it was not moved, and nothing on the page would help
            why = f"{path} is not in the allowed folders; start the page with that folder as --root."
        raise RunError(
            f"the video of {run.path} cannot be read: {why}",
            code="no_video",
            field="video",
        ) from None
    if found != saved.fingerprint:
        right = advice("name the right one with --video", "put the right one back there")
        raise RunError(
            f"{path} is not the video of {run.path} (its content differs); {right}.",
            code="other_video",
            field="video",
        )
    known = ledger.load(run.ledger) if run.ledger.exists() else None
    opened = probe(path, known, saved.video.stream_index)
    if differs := shown_difference(saved.video, opened.info):
        raise RunError(
            f"{run.path} was made {differs}; what it has stays, nothing is added: extract the video again, which makes "
            "a run of its own.",
            code="otherwise_shown",
        )
    return opened
