"""Where everything of a folder of persons lies. Not here: what is in the files (``persons`` and its neighbours)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PersonDir:
    """Paths of everything in one folder of persons; creating the object touches nothing on disk."""

    path: Path

    @property
    def about(self) -> Path:
        """Video and settings of the stages."""
        return self.path / "persons.json"

    @property
    def detections(self) -> Path:
        """Stage 1."""
        return self.path / "detections_raw.npz"

    @property
    def crops(self) -> Path:
        """Stage 1: concatenated JPEGs."""
        return self.path / "crops_cache.jpg"

    @property
    def crop_offsets(self) -> Path:
        """Stage 1: where each crop lies."""
        return self.path / "crops_cache.npz"

    @property
    def tracklets(self) -> Path:
        """Stage 2."""
        return self.path / "tracklets_raw.npz"

    @property
    def analysis(self) -> Path:
        """Stage 3."""
        return self.path / "tracklets_analysis.npz"

    @property
    def appearance(self) -> Path:
        """Stage 4a."""
        return self.path / "tracklets_appearance.npz"

    @property
    def persons(self) -> Path:
        """Stage 4b."""
        return self.path / "canonical_persons.npz"

    @property
    def log(self) -> Path:
        """Stage 4b: why tracklets were joined or stayed apart."""
        return self.path / "grouping_log.json"

    @property
    def edits(self) -> Path:
        """What people decided, and which ids were given."""
        return self.path / "edits.json"

    @property
    def ranking(self) -> Path:
        """Stage 5."""
        return self.path / "ranking_results.json"

    @property
    def video(self) -> Path:
        """Stage 6."""
        return self.path / "output_video.mp4"

    @property
    def table(self) -> Path:
        """Stage 7b."""
        return self.path / "selection_table.png"

    @property
    def primary(self) -> Path:
        """Stage 7: the one person."""
        return self.path / "primary_person.npz"

    @property
    def legacy_crops(self) -> Path:
        """For older scripts; never read."""
        return self.path / "crops_cache.pkl"

    def person(self, person: int) -> Path:
        """Stage 7: one person of several."""
        return self.path / f"person_{person}.npz"

    def tracks(self, suffix: str) -> Path:
        """Stage 7: tracks for other tools."""
        return self.path / f"tracks{suffix}"

    def follow(self, person: int) -> Path:
        """Stage 7: the video that follows a person."""
        return self.path / f"person_{person}.mp4"

    def person_crops(self, person: int) -> Path:
        """Folder of crops of a person."""
        return self.path / f"person_{person}"
