"""Person Selection: finds every person of a video once, shows who is who, and lets people decide and choose.

Here: which controls there are, from top to bottom, and what each does. What is shown and decided is joined in the
browser (``web/persons.js``); the routes are in ``persons_routes``.
"""

from __future__ import annotations

import inspect
from typing import Any

import gradio as gr

from core.settings.persons import (
    USUAL_STAGES,
    PersonDetect,
    PersonGroup,
    PersonRank,
    PersonTrack,
    SelectPersonArguments,
)
from core.ui.controls import Words
from core.ui.forms import DEVICE_WORDS, Form, endpoint
from core.ui.instruments.comparison import Comparison
from core.ui.instruments.drawer_head import DrawerHead
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.lanes import Lanes
from core.ui.instruments.persons_desk import PersonsDesk
from core.ui.instruments.persons_table import PersonsTable
from core.ui.instruments.splitting import Splitting
from core.ui.instruments.state_line import StateLine
from core.ui.instruments.suggested import Suggested
from core.ui.persons_routes import PersonsRoutes
from core.ui.presets_bar import QUIET
from core.ui.sheet import opener
from core.ui.verbs import Verbs

PRECISION_WORDS = {"auto": "automatic", "float32": "float32"}
REMEMBERED = "framesieve.persons.form"
STAGES = (
    ("1 Find boxes, cut crops", "1"),
    ("2 Track", "2"),
    ("3 Measure tracklets", "3"),
    ("4 Group into persons", "4"),
    ("5 Rank", "5"),
    ("6 Video with boxes", "6"),
    ("7b Selection table", "7b"),
)
GROUPING: tuple[str, ...] = (
    "similarity",
    "suggest",
    "area_ratio_low",
    "area_ratio_high",
    "max_gap",
    "max_distance",
    "min_frames",
)
GROUPING += ("by_motion", "by_face", "by_appearance")
"""Controls whose change groups again at once."""


class Knobs(PersonDetect, PersonTrack, PersonGroup, PersonRank):
    """The settings of all stages, as one form."""


class PersonsTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, routes: PersonsRoutes) -> None:
        """Builds it where the layout is now; ``routes`` know the videos and start their jobs."""
        self._verbs, self._routes = verbs, routes
        self.form, self.files = Form(Knobs, "persons"), Form(SelectPersonArguments, "select")
        with gr.Row(elem_id="persons"):
            with gr.Column(elem_classes="side", scale=0, min_width=0):
                with gr.Column(elem_classes="scroller"):
                    self._video()
                    self._weights()
                    self._detecting()
                    self._grouping()
                    self._stages()
                with gr.Column(elem_classes=["foot", "tight"]):
                    self._go()
            opener("persons", "Video and model")
            with gr.Column(elem_classes="pane", min_width=0):
                self.suggested = Suggested("persons-suggested")
                self.table = PersonsTable("persons-table")
                self.lanes = Lanes("persons-lanes")
            self._drawers()
        self._desk()
        self._events()

    # --- layout

    def _video(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Video", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.video = gr.Textbox(
                    "", label="Video of the persons", placeholder="the video of the run", show_label=False, max_lines=1,
                    container=False, interactive=True, elem_id="persons-video", elem_classes="path",
                )  # fmt: skip
                self.browse_video = FilePicker("browse-persons-video", kind="video", label="Video", bare=True)
            self.about = StateLine("persons-about")

    def _weights(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Weights that find people", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.weights = gr.Dropdown(
                    [], value="", allow_custom_value=True, interactive=True, label="Detector",
                    elem_id="persons-weights", elem_classes=["knob", "wide"],
                    info="Path of a .pt or .onnx file that knows the class person",
                )  # fmt: skip
                self.browse_weights = FilePicker("browse-persons-weights", kind="weights", label="Weights", bare=True)
            self.wrong = StateLine("persons-weights-wrong")
            self.form.add("device", words=DEVICE_WORDS, label="Runs on")
            self._slider("confidence", 0.01, 0.95, 0.01, label="Confidence from")

    def _detecting(self) -> None:
        add = self.form.add
        with gr.Accordion("How people are found and tracked", open=False, elem_classes=["fold", "tight"]):
            add("imgsz")
            add("precision", words=PRECISION_WORDS)
            add("overlap", label="Overlap at most")
            add("crops_max_gb", label="Crops at most")
            add("track_threshold", label="Track from")
            add("track_buffer", label="Lost for up to")
            add("match_threshold", label="Match up to")
            add("min_hits", label="Boxes at least")

    def _grouping(self) -> None:
        add = self.form.add
        with gr.Accordion("Who is one person", open=False, elem_classes=["fold", "tight"]):
            self._slider("similarity", 0.6, 1.0, 0.01, label="Alike from")
            self._slider("suggest", 0.5, 1.0, 0.01, label="Suggested from")
            self._slider("face_similarity", 0.3, 1.0, 0.01, label="Faces alike from")
            add("area_ratio_low", label="Area ratio from")
            add("area_ratio_high", label="Area ratio up to")
            add("max_gap", label="Gap up to")
            add("max_distance", label="Distance up to")
            add("min_frames", label="Boxes at least")
            add("by_motion", label="Join by motion, in one shot")
            add("by_face", label="Join by faces, where they were read")
            add("by_appearance", label="Join by looks, in any shot")
        with gr.Accordion("Ranking", open=False, elem_classes=["fold", "tight"]):
            for part in ("duration", "coverage", "centre", "smoothness"):
                add(f"rank_{part}", label=f"Weight of {part}")

    def _stages(self) -> None:
        with gr.Accordion("Stages", open=False, elem_classes=["fold", "tight"]):
            self.stages = gr.CheckboxGroup(
                list(STAGES), value=USUAL_STAGES.split(","), show_label=False, label="Stages to run", container=False,
                interactive=True, elem_id="persons-stages", elem_classes="stages",
            )  # fmt: skip

    def _go(self) -> None:
        self.keeper = self.form.keeper("persons-form", REMEMBERED, self.weights, self.stages)
        self.state = StateLine("persons-state")
        with gr.Row(elem_classes="bar-line"):
            said: dict[str, Any] = {"variant": "primary", "elem_id": "persons-find", "interactive": False}
            self.go = gr.Button("Find people", **said)
            self.cancel = gr.Button("Cancel", elem_id="persons-cancel", visible=False)
        with gr.Row(visible=False):
            self.unsafe = gr.Checkbox(False, label="Load weights that may run any code")

    def _drawers(self) -> None:
        with gr.Column(elem_id="persons-compare", elem_classes=["drawer", "tight", "broad"]):
            self.compare_drawer = DrawerHead("compare-drawer", "Side by side")
            self.comparison = Comparison("persons-comparison")
        with gr.Column(elem_id="persons-split", elem_classes=["drawer", "tight", "broad"]):
            self.split_drawer = DrawerHead("split-drawer", "Split a person")
            self.splitting = Splitting("persons-splitting")
        with gr.Column(elem_id="persons-photo", elem_classes=["drawer", "tight"]):
            self.photo_drawer = DrawerHead("photo-drawer", "Find a person by a photo")
            self.photo = FilePicker(
                "persons-photo-file", kind="photo", label="Photo of the person", placeholder="/photos/anna.jpg",
                upload=True, drops="#persons .pane, #persons-photo",
            )  # fmt: skip
            self.likeness = StateLine("persons-likeness")
            self.by_rank = gr.Button("Sort by rank again", size="sm", elem_id="persons-by-rank", interactive=False)
        with gr.Column(elem_id="persons-files", elem_classes=["drawer", "tight"]):
            self.files_drawer = DrawerHead("files-drawer", "Chosen persons")
            self.chosen = StateLine("persons-chosen")
            self.crops = self.files.add("crops", label="Cut the person out of every frame")
            self.files.add("padding", label="Border of a crop")
            self.files.add("aspect", label="Width by height", placeholder="as the box")
            self.files.add("mot", label="Tracks for MOTChallenge")
            self.files.add("cvat", label="Tracks for CVAT")
            self.files.add("follow", label="A video that follows the person")
            self.files_keeper = self.files.keeper("select-form", "framesieve.persons.files")
            self.write = gr.Button("Write files", variant="primary", elem_id="persons-write", interactive=False)
            self.written = gr.Textbox(
                label="Their files", interactive=False, max_lines=4, visible=False, elem_id="persons-written",
                elem_classes=["knob", "tall", "written"],
            )  # fmt: skip
            with gr.Row(elem_classes="bar-line"):
                self.filter = gr.Button("Go on in Filtering", size="sm", elem_id="persons-filter")
                self.png = gr.Button("Selection table", size="sm", elem_id="persons-png")

    def _slider(self, name: str, low: float, high: float, step: float, label: str) -> None:
        facts = Knobs.model_fields[name]
        said: dict[str, Any] = {"label": label, "interactive": True, "buttons": [], "elem_id": f"persons-{name}"}
        look = ["knob", "bare", "long"]
        self.form.add(name, gr.Slider(low, high, facts.default, step=step, elem_classes=look, **said))

    def _desk(self) -> None:
        self.values: dict[str, Any] = {"weights": self.weights, "stages": self.stages}
        self.values |= {name: self.form.controls[name] for name in GROUPING}
        lines = {"about": "persons-about", "wrong": "persons-weights-wrong", "state": "persons-state"}
        lines |= {"chosen": "persons-chosen", "likeness": "persons-likeness"}
        self.desk = PersonsDesk("persons-desk", list(self.values), list(GROUPING), lines)

    # --- events

    def _events(self) -> None:
        desk, values = self.desk, list(self.values.values())
        gr.on([control.change for control in values], None, values, None, js=desk.does("values"), **QUIET)
        desk.ready(None, values, None, js=desk.does("values"), **QUIET)
        desk.offers(None, None, self.weights, js=desk.gives("offered"), **QUIET)
        desk.grouping(None, None, values[2:], js=desk.gives("limits"), **QUIET)
        desk.renamed(None, None, self.video, js=desk.gives("path"), **QUIET)
        gr.on([self.video.submit, self.video.blur], None, self.video, None, js=desk.does("choose"), **QUIET)
        self.browse_video.beside(self.video).then(None, self.video, None, js=desk.does("choose"), **QUIET)
        self.browse_weights.beside(self.weights)
        self.wrong.pressed(None, None, None, js=desk.does("mend"), **QUIET)
        self.state.pressed(None, None, None, js=desk.does("again"), **QUIET)
        self.cancel.click(None, None, None, js=desk.does("cancel"), **QUIET)
        buttons = [self.go, self.cancel, self.write, self.filter, self.png, self.written, self.by_rank]
        desk.state(None, None, buttons, js=desk.gives("buttons"), **QUIET)
        self._drawer_events()
        self._find_events()

    def _drawer_events(self) -> None:
        table, desk = self.table, self.desk
        drawers = {"compare": self.compare_drawer, "split": self.split_drawer, "files": self.files_drawer}
        drawers |= {"photo": self.photo_drawer}
        for name, drawer in drawers.items():
            getattr(table, name)(None, None, None, js=drawer.does("toggle"), **QUIET)
            drawer.closed(None, None, None, js=table.does("focus"), **QUIET)
            for other in drawers.values():
                if other is not drawer:
                    drawer.opened(None, None, None, js=other.does("close"), **QUIET)
        self.compare_drawer.opened(None, None, None, js=self.comparison.does("show"), **QUIET)
        self.split_drawer.opened(None, None, None, js=self.splitting.does("show"), **QUIET)
        self.comparison.done(None, None, None, js=self.compare_drawer.does("close"), **QUIET)
        self.splitting.done(None, None, None, js=self.split_drawer.does("close"), **QUIET)
        self.write.click(None, list(self.files.controls.values()), None, js=desk.does("write"), **QUIET)
        self.filter.click(None, None, None, js=desk.does("filter"), **QUIET)
        for named in (self.photo.typed, self.photo.chosen, self.photo.uploaded):
            named(None, self.photo, None, js=desk.does("photo"), **QUIET)
        for dropped in (self.photo.chosen, self.photo.uploaded):
            dropped(None, None, None, js=self.photo_drawer.does("open"), **QUIET)
        desk.sought(None, None, None, js=self.photo_drawer.does("open"), **QUIET)
        self.by_rank.click(None, None, None, js=desk.does("byRank"), **QUIET)
        self.png.click(None, None, None, js=desk.does("png"), **QUIET)

    def _find_events(self) -> None:
        asks = self.desk.tells("wanted", self.keeper, "ask")
        self.go.click(None, None, None, js=asks, **QUIET)
        self.desk.go(None, None, None, js=asks, **QUIET)
        named = {"video": self.desk, "weights": self.weights, "stages": self.stages, "unsafe": self.unsafe}
        empty = inspect.Parameter.empty
        stated = {"video": empty, "weights": empty, **self.form.defaults()}
        stated |= {"stages": USUAL_STAGES.split(","), "unsafe": False}
        self.keeper.submit(
            endpoint(self._find, **stated), None, self.keeper, inputs_kwargs=named | self.form.controls,
            api_name="people", api_description=self._find.__doc__, trigger_mode="once", show_progress="hidden",
        )  # fmt: skip
        told = self.keeper.tells("answer", self.desk, "started")
        self.keeper.answered(None, None, None, js=told, **QUIET)

    def _find(self, event: Any, video: str, weights: str, stages: Any, unsafe: bool, **values: Any) -> dict[str, str]:
        """Finds every person of a video: detects, tracks, groups, ranks. Returns the job."""
        told = (event or {}).get("told") or [{}]
        unsafe = told[0].get("unsafe", unsafe)
        owner, settings = self._verbs.owner_of(event), self.form.settings(values)
        words = stages if isinstance(stages, str) else ",".join(map(str, stages or ()))
        return {"job": self._routes.find(video, weights, words, settings, owner, unsafe=unsafe)}
