"""The settings of the person pipeline: detect, track, group, rank; and the arguments of its verbs.

Not here: groups of faces (``faces.PeopleSettings``), which know no body.
"""

from __future__ import annotations

from core.errors import SettingsError
from core.settings.arguments import DOWNLOADS, Arguments
from core.settings.detect import PRECISIONS
from core.settings.faces import DEVICES
from core.settings.model import Model, knob
from core.settings.paths import ReadFile, ReadFolder, WriteFolder
from core.settings.source import stream_knob

STAGES = ("1", "2", "3", "4", "4a", "4b", "5", "6", "7", "7b")
"""Detect and cut crops; track; analyse; group (4a describes crops, 4b groups); rank; video; select; selection table."""
USUAL_STAGES = "1,2,3,4,5,7b"


class PersonDetect(Model):
    """Stage 1: which boxes are persons, and what is kept of their crops."""

    confidence: float = knob(0.1, "least confidence of a person", low=0.001, high=1.0, metavar="C", label="Confidence")
    overlap: float = knob(
        0.7, "overlap (IoU) from which the weaker of two boxes is dropped", low=0.01, high=1.0, metavar="IOU"
    )
    classes: tuple[str, ...] = knob(
        (),
        "a class of the weights that counts as a person; repeat for more (default person)",
        metavar="NAME",
    )
    crops_max_gb: float = knob(
        2.0, "crops beyond this are thinned while they are made", unit="GB", low=0.000001, high=1000.0, metavar="GB"
    )
    imgsz: int = knob(
        640, "longest side of the picture that the model sees", unit="px", low=32, high=8192, metavar="PX"
    )
    device: str = knob("auto", "where models run; auto takes CUDA if it is there", choices=DEVICES, in_digest=False)
    precision: str = knob("auto", "number format of the detector", choices=PRECISIONS, in_digest=False)
    stream: int | None = stream_knob(in_digest=False)


class PersonTrack(Model):
    """Stage 2: ByteTrack, begun anew at every cut. Frames are those of 30 a second; other rates are scaled."""

    track_threshold: float = knob(
        0.15, "confidence from which a box is matched first; 0.1 more begins a track", low=0.01, high=1.0, metavar="C"
    )
    track_buffer: int = knob(30, "how long a lost track waits for its person", unit="frames at 30/s", low=1, high=3000)
    match_threshold: float = knob(
        0.8, "cost (1 - IoU x confidence) up to which a box continues a track", low=0.05, high=1.0, metavar="COST"
    )
    min_hits: int = knob(1, "fewest boxes of a tracklet", unit="boxes", low=1, high=1000)


class PersonGroup(Model):
    """Stage 4: when tracklets are one person. Lengths are scaled from 30 frames a second and 1080 lines."""

    by_motion: bool = knob(True, "join tracklets of one shot that continue each other")
    by_face: bool = knob(True, "join tracklets whose faces are alike, where faces were read in a run of the video")
    by_appearance: bool = knob(True, "join tracklets that look alike, in any shot")
    max_gap: int = knob(30, "longest gap between two tracklets", unit="frames at 30/s", low=1, high=100_000)
    max_distance: float = knob(
        200.0, "farthest from the end of one to the beginning of the next", unit="px at 1080p", low=1.0, high=100_000.0
    )
    area_ratio: tuple[float, ...] = knob(
        (0.6, 1.4), "mean area of the later tracklet to that of the earlier", metavar=("LOW", "HIGH")
    )
    similarity: float = knob(
        0.9, "likeness of crops from which two tracklets are one person", low=0.0, high=1.0, metavar="S"
    )
    suggest: float = knob(0.8, "likeness from which a merge is suggested", low=0.0, high=1.0, metavar="S")
    face_similarity: float = knob(
        0.6, "likeness of faces from which two tracklets are one person", low=0.0, high=1.0, metavar="S"
    )
    change: float = knob(
        0.87,
        "a tracklet is cut where its crops before and after are less alike; 0 = never",
        low=0.0,
        high=1.0,
        metavar="S",
    )
    drop_doubles: bool = knob(True, "leave out tracklets that are somebody's second box")
    min_frames: int = knob(3, "fewest boxes of a person; shorter ones stay in the tracklets", low=1, high=100_000)
    reid_model: ReadFile | None = knob(
        None, "an ONNX file of a re-identification network such as OSNet, instead of colours", metavar="FILE"
    )

    @property
    def ratio(self) -> tuple[float, float]:
        """Least and largest ratio of areas.

        Raises:
            SettingsError: they are not two rising numbers above 0.
        """
        if len(self.area_ratio) != 2 or not 0 < self.area_ratio[0] <= self.area_ratio[1]:
            raise SettingsError("area_ratio wants two rising numbers above 0, as in 0.6 1.4.", field="area_ratio")
        return self.area_ratio[0], self.area_ratio[1]


class PersonRank(Model):
    """Stage 5: what makes a person the primary one; the weights are divided by their sum."""

    rank_duration: float = knob(0.4, "weight of the number of frames", low=0.0, high=1000.0, metavar="W")
    rank_coverage: float = knob(0.3, "weight of frames without gaps", low=0.0, high=1000.0, metavar="W")
    rank_centre: float = knob(0.2, "weight of standing in the middle", low=0.0, high=1000.0, metavar="W")
    rank_smoothness: float = knob(0.1, "weight of steady boxes", low=0.0, high=1000.0, metavar="W")


class PersonSettings(Model):
    """All stages."""

    detect: PersonDetect = knob(PersonDetect(), "stage 1")
    track: PersonTrack = knob(PersonTrack(), "stage 2")
    group: PersonGroup = knob(PersonGroup(), "stages 3 and 4")
    rank: PersonRank = knob(PersonRank(), "stage 5")


class PersonsArguments(Arguments):
    """Which video, or folder of videos, by which weights, and which stages."""

    video: ReadFile | None = knob(None, "a video, or a folder of videos", flag="", metavar="VIDEO")
    weights: ReadFile | None = knob(None, "a .pt or .onnx of an Ultralytics model", metavar="FILE")
    stages: str = knob(
        USUAL_STAGES, f"which stages, in order: 1,2,3,4,5,6,7,7b (default {USUAL_STAGES})", metavar="LIST"
    )
    config: ReadFile | None = knob(None, "a pipeline_config.yaml; what is given here wins", metavar="FILE.yaml")
    out: WriteFolder | None = knob(None, "the folder of the files itself", metavar="DIR")
    person_id: tuple[int, ...] = knob((), "whom stage 7 selects; repeat for more", metavar="ID")
    legacy: bool = knob(False, "also write the object arrays and crops_cache.pkl that older scripts load")
    legacy_crops_gb: float = knob(
        1.0, "largest crops_cache.pkl, uncompressed", unit="GB", low=0.000001, high=1000.0, metavar="GB"
    )
    force: bool = knob(False, "detect again where stage 1 is done")
    unsafe: bool = knob(False, "load weights that may run code; only if you trust their maker", flag="--allow-unsafe")
    settings: PersonSettings = knob(PersonSettings(), "how each stage works")
    downloads: WriteFolder = knob(DOWNLOADS, "the folder of runs", flag=())

    @property
    def chosen(self) -> tuple[str, ...]:
        """The stages in the order in which they run. Raises ``SettingsError`` for one that is none."""
        words = [word.strip() for word in self.stages.split(",") if word.strip()]
        for word in words:
            if word not in STAGES:
                sentence = f'"{word}" is not a stage; stages are {", ".join(STAGES)}.'
                raise SettingsError(sentence, code="setting_choice", field="stages", value=word)
        if not words:
            raise SettingsError(f"no stage came; stages are {', '.join(STAGES)}.", field="stages")
        wanted = {part for word in words for part in (("4a", "4b") if word == "4" else (word,))}
        return tuple(stage for stage in STAGES if stage in wanted)


class PersonPhotoArguments(Arguments):
    """Who is looked for by which photo."""

    folder: ReadFolder = knob(..., "a folder of persons")
    photo: ReadFile = knob(..., "a photo")
    face: int | None = knob(None, "which face of the photo, counted from 1 from the left")
    look: str = knob("", "any text: with texts of their own two looks at one photo are not the same job", flag=())


class SelectPersonArguments(Arguments):
    """Whose files are written."""

    folder: ReadFolder | None = knob(None, "a run folder, or a folder of persons", flag="", metavar="RUN")
    config: ReadFile | None = knob(None, "a pipeline_config.yaml that says where the folder is", metavar="FILE.yaml")
    person_id: tuple[int, ...] = knob((), "a person; repeat for more (default: list all)", metavar="ID")
    photo: ReadFile | None = knob(None, "list all, whoever is most like the one on this photo first", metavar="IMG")
    face: int | None = knob(None, "which face of the photo, counted from 1 from the left", metavar="N")
    merge: bool = knob(False, "these persons are one: join them for good, under the first id")
    crops: bool = knob(False, "also cut the person out of every frame, at full size")
    padding: float = knob(0.1, "border of a crop, as a share of the box", low=0.0, high=3.0, metavar="P")
    aspect: float | None = knob(None, "width of a crop by its height (default: as the box)", low=0.05, high=20.0)
    mot: bool = knob(False, "also write tracks.txt (MOTChallenge), of the chosen persons or of all")
    cvat: bool = knob(False, "also write tracks.xml (CVAT for video), of the chosen persons or of all")
    follow: bool = knob(False, "also write a video that follows each chosen person, person_<id>.mp4")
    follow_aspect: float = knob(0.5625, "width of that video by its height", low=0.05, high=20.0, metavar="A")
    follow_padding: float = knob(
        0.15, "border above and below, as a share of the height", low=0.0, high=3.0, metavar="P"
    )
    video: ReadFile | None = knob(None, "where the video lies now, if it was moved", metavar="FILE")
