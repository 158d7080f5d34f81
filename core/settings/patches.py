"""The settings of training patches and the arguments of ``patches``; those of the original are among them."""

from __future__ import annotations

from typing import Annotated

import pydantic

from core.errors import SettingsError
from core.settings.arguments import Arguments
from core.settings.model import LARGEST, Model, knob
from core.settings.paths import ReadFile, ReadFolder, WriteFolder

WINDOW = 7
"""Frames of a window; the picture in its middle is the ground truth."""
LAYOUTS = ("original", "by_format")
COUNTS = ("original", "weighted")
LR_FILTERS = ("lanczos", "area", "pil_lanczos")
LR_VERSIONS = ("5frames", "7frames")
SPLITS = ("shot", "video")
TONE_MAPPINGS = ("product", "mobius")
Pixels = Annotated[int, pydantic.Field(ge=8, le=16384)]


class PatchFormat(Model):
    """One size of patches of a category, and how often it is taken."""

    gt_size: tuple[Pixels, Pixels] = knob(..., "width and height of the ground truth")
    lr_size: tuple[Pixels, Pixels] = knob(..., "width and height of a low-resolution picture")
    probability: float = knob(1.0, "share of the windows of its category", low=0.0, high=1e6)


class PatchSettings(Model):
    """How windows are chosen and patches are cut. Every key may stand in ``base_settings`` of a configuration."""

    base_frame_limit: int = knob(
        3000, "windows of a video whose weights sum up to 1", low=1, high=LARGEST, label="Windows of a video"
    )
    seed: int = knob(0, "the same seed gives the same files", low=0, high=LARGEST, label="Seed")
    counts: str = knob(
        "original",
        "original: every window serves all categories of its video; weighted: each category gets windows by its weight",
        choices=COUNTS,
        label="Windows of a category",
    )
    layout: str = knob(
        "original", "folders of the original tool, or one for each format", choices=LAYOUTS, label="Layout"
    )
    lr_filter: str = knob("lanczos", "how low-resolution pictures are made", choices=LR_FILTERS, label="Shrunk by")
    lr_versions: tuple[str, ...] = knob(
        LR_VERSIONS, "which stacks of low-resolution pictures are written: 5frames, 7frames", label="Stacks"
    )
    scene_diff_threshold: float = knob(
        45.0,
        "mean difference in grey levels of the first and the last frame, from which a window is unstable",
        low=0.0,
        high=255.0,
        label="Largest change in a window",
        unit="grey levels",
    )
    min_motion: float = knob(
        0.0,
        "least mean difference of neighbouring frames",
        low=0.0,
        high=255.0,
        unit="grey levels",
        label="Least motion",
    )
    max_motion: float = knob(
        255.0,
        "largest mean difference of neighbouring frames",
        low=0.0,
        high=255.0,
        unit="grey levels",
        label="Most motion",
    )
    crop_candidates: int = knob(
        1, "random crops of which the one with most detail is taken", low=1, high=64, label="Crops to choose from"
    )
    min_detail: float = knob(
        0.0,
        "least detail of a crop: standard deviation of its fine structure, noise taken out",
        low=0.0,
        high=255.0,
        unit="grey levels",
        label="Least detail",
    )
    max_retry_attempts: int = knob(10, "instants that are tried for a window", low=1, high=1000, label="Tries")
    retry_skip_seconds: float = knob(
        60.0, "how far on the next try is", low=0.0, high=LARGEST, unit="s", label="Next try after"
    )
    min_file_size: int = knob(
        0, "bytes under which a ground truth is a miss: nothing is in it", low=0, high=LARGEST, label="Smallest file"
    )
    val_percent: float = knob(
        0.0,
        "share of shots or videos that are kept for validation: 0.1 is a tenth",
        low=0.0,
        high=1.0,
        label="For validation",
    )
    split_by: str = knob(
        "shot", "what is kept together: no shot is in both parts", choices=SPLITS, label="Kept together"
    )
    deep: bool = knob(False, "16-bit PNG of sources of more than 8 bit", label="16-bit PNG of deep sources")
    tone_mapping: str = knob(
        "product",
        "how HDR becomes SDR: as everywhere in the product, or by the filters of the original (zscale, mobius)",
        choices=TONE_MAPPINGS,
        label="Tone mapping of HDR",
    )
    scale_to_1080: bool = knob(
        False, "scale every frame to 1920 x 1080 before it is cut, as the original did", label="Scale to 1920 x 1080"
    )
    deinterlace: bool = knob(False, "deinterlace interlaced sources, which are refused otherwise", label="Deinterlace")
    lmdb_keys: bool = knob(False, "also write a list of keys for an LMDB", label="List of keys for LMDB")

    @pydantic.model_validator(mode="after")
    def _agree(self) -> PatchSettings:
        for name in self.lr_versions:
            if name not in LR_VERSIONS:
                raise SettingsError(
                    f'lr_versions names "{name}"; {" and ".join(LR_VERSIONS)} are known.', field="lr_versions"
                )
        if self.min_motion > self.max_motion:
            raise SettingsError(
                f"min_motion = {self.min_motion:g} is above max_motion = {self.max_motion:g}; nothing is taken.",
                field="min_motion",
            )
        return self


class VideoRow(Model):
    """A video of the form of the page, or a folder of videos."""

    path: str = knob("", "a video, or a folder whose videos are all taken", label="Video or folder")
    name: str = knob("", "what it is called in the names of files; a folder's videos keep their own", label="Name")
    weights: str = knob("", "weights that this video alone has, as in master 0.25, toon 1", label="Own weights")


class CategoryRow(Model):
    """A category of the form of the page."""

    name: str = knob("", "what it is called", label="Category")
    weight: float = knob(
        1.0,
        "share of the windows of a video; 0: only videos with weights of their own",
        low=0,
        high=1000,
        label="Weight",
    )
    target: int | None = knob(None, "patches that are wanted of it", low=0, high=LARGEST, label="Wanted")
    path: str = knob("", "folder of its patches; empty: Name/NameModel/Learn", label="Folder")


class FormatRow(Model):
    """A size of patches of the form of the page."""

    category: str = knob("", "the category whose patches have this size; empty: all", label="Category")
    name: str = knob("", "what the size is called", label="Format")
    gt: str = knob("", "width x height of the ground truth, as in 540x540", label="Size")
    lr: str = knob("", "width x height of a small picture, as in 180x180; empty: a third", label="Small")
    share: float = knob(1.0, "how often it is taken, beside the others", low=0, high=1e6, label="Share")


class PatchesArguments(Arguments):
    """Which configuration is made into patches, or which patches are checked."""

    config: ReadFile | None = knob(
        None, "a configuration as JSON, as the original tool reads it", flag="", metavar="CONFIG.json"
    )
    out: WriteFolder | None = knob(
        None, "the folder of the patches (default: output_base_dir of the configuration)", metavar="DIR"
    )
    resume: bool = knob(
        True, "go on where an interrupted call stopped; --no-resume begins anew", label="Go on where it stopped"
    )
    dry_run: bool = knob(False, "say how many windows, files and bytes there would be, and write nothing")
    verify: ReadFolder | None = knob(None, "check the files of a folder against its manifest instead", metavar="DIR")
    workers: int | None = knob(
        None,
        "threads that write (default: max_workers of the configuration, else all cores)",
        low=1,
        high=256,
        label="Threads that write",
    )
    nice: bool = knob(
        False,
        "leave the processor to other programs where they want it",
        flag="--nice",
        label="Leave the processor to others",
    )
    min_free_gb: float = knob(
        1.0,
        "stop, to be resumed, when less is free on the disk",
        low=0.0,
        high=LARGEST,
        unit="GB",
        metavar="GB",
        label="Leave free",
    )
    seed: int | None = knob(None, "another seed than that of the configuration", low=0, high=LARGEST)
