"""Live Review: plays a video with the boxes of a model and saves frames that the model gets wrong.

Here: which controls there are, from top to bottom, and what each does. What happens at each frame is joined in the
browser (``instruments/review``); the routes are in ``review_routes``.
"""

from __future__ import annotations

import inspect
from typing import Any

import gradio as gr

from core.settings.detect import DetectSettings
from core.settings.mine import MineSettings
from core.ui.controls import Words
from core.ui.forms import DEVICE_WORDS, Form, endpoint
from core.ui.instruments.class_chips import ClassChips
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.player import Player
from core.ui.instruments.review import ReviewDesk
from core.ui.instruments.saved_strip import SavedStrip
from core.ui.instruments.state_line import StateLine
from core.ui.instruments.timeline import Mode, Timeline
from core.ui.instruments.video_list import VideoList
from core.ui.presets_bar import QUIET
from core.ui.review_routes import OUTPUT, ReviewRoutes
from core.ui.session import utf8
from core.ui.sheet import opener
from core.ui.verbs import Verbs

PRECISION_WORDS = {"auto": "automatic", "float32": "float32"}
REMEMBERED = "framesieve.review.form"
REMEMBERED_SAVING = "framesieve.review.saving"
LOWEST, HIGHEST = 0.05, 0.95
CONFIDENCE, OVERLAP = 0.25, 0.7
"""What both thresholds are at the start."""
TAG_KEYS = {"f": "false_positive", "n": "false_negative", "u": "uncertain", "c": None}
MODES = (
    Mode("boxes", "Boxes per frame", "with {of}"),
    Mode("lowest", "Lowest confidence", "", top=1.0, under=0.5),
)
TIP_ALIKE = (
    "A frame is not saved when its picture hash differs from a saved one by at most so many of 64 bits: 0 refuses only "
    "the same picture, 32 nearly every one"
)


class ReviewTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, routes: ReviewRoutes) -> None:
        """Builds it where the layout is now; ``routes`` know the videos and start their jobs."""
        self._verbs, self._routes = verbs, routes
        self.form, self.mine = Form(DetectSettings, "detect"), Form(MineSettings, "mine")
        with gr.Row(elem_id="review"):
            with gr.Column(elem_classes="side", scale=0, min_width=0), gr.Column(elem_classes="scroller"):
                self._videos()
                self._weights()
                self._shown()
                self._saving()
            opener("review", "Video and model")
            with gr.Column(elem_classes="pane", min_width=0):
                self.player = Player("player", overlay="Boxes")
                self.timeline = Timeline("timeline", MODES)
                with gr.Row(elem_classes="save-line"):
                    self.saved = SavedStrip("saved", TAG_KEYS)
                    self.save = gr.Button("Save frame", variant="primary", elem_id="save-frame", interactive=False)
        self._desk()
        self._events()

    # --- layout

    def _videos(self) -> None:
        workspace = self._verbs.workspace
        roots = [utf8(str(root)) for root in (*workspace.roots, workspace.downloads)]
        with gr.Column(elem_classes="tight"):
            Words("Videos", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.folder = _box("Folder of videos", "review-folder", roots[0])
                self.browse_folder = FilePicker("browse-folder", kind="folder", label="Folder of videos", bare=True)
                self.again = gr.Button("List", size="sm")
            self.list = VideoList("video-list")
            self.of_run = gr.Button("Show the video of the run", elem_id="of-run", elem_classes="link", visible=False)

    def _weights(self) -> None:
        add = self.form.add
        with gr.Column(elem_classes="tight"):
            Words("Boxes of a model", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.weights = gr.Dropdown(
                    [], value="", allow_custom_value=True, interactive=True, label="Weights", elem_id="review-weights",
                    info="Path of a .pt or .onnx file, of detection or segmentation; boxes are drawn of both",
                    elem_classes=["knob", "wide"],
                )  # fmt: skip
                self.browse_weights = FilePicker("browse-weights", kind="weights", label="Weights", bare=True)
            self.wrong = StateLine("weights-wrong")
            add("device", words=DEVICE_WORDS)
            with gr.Accordion("How the model runs", open=False, elem_classes=["fold", "tight"]):
                add("imgsz")
                add("precision", words=PRECISION_WORDS)
                add("conf_floor")
                add("nms_iou")
                add("max_det")
                add("stream", visible=False)
            self.live = gr.Checkbox(
                True, label="Find boxes while it plays", interactive=True, elem_id="review-live", elem_classes="knob",
                info="Where none are computed yet, the model runs ahead of where the video plays",
            )  # fmt: skip
            self.exact = gr.Checkbox(
                False, label="Wait for the boxes of each frame", interactive=True, elem_id="review-exact",
                elem_classes="knob", info="Plays no faster than the model finds boxes, so that each frame has its own",
            )  # fmt: skip
            self.state = StateLine("detections")
            with gr.Row(elem_classes="bar-line"):
                self.go = gr.Button("Precompute", elem_id="precompute", interactive=False)
                self.cancel = gr.Button("Cancel", elem_id="precompute-cancel", visible=False)
            with gr.Row(visible=False):
                self.force = gr.Checkbox(False, label="Replace a cache that is there")
                self.unsafe = gr.Checkbox(False, label="Load weights that may run any code")
            beside = (self.folder, self.weights, self.live, self.exact)
            self.keeper = self.form.keeper("detect-form", REMEMBERED, *beside, waits=[self.folder])

    def _shown(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Boxes that are shown", "h3")
            self.conf = _slider("Confidence at least", "review-conf", CONFIDENCE)
            self.iou = _slider("Overlap (IoU) at most", "review-iou", OVERLAP)
            self.thinned = StateLine("thinned")
            self.chips = ClassChips("class-chips")

    def _saving(self) -> None:
        place = utf8(str(self._verbs.workspace.downloads / OUTPUT))
        with gr.Column(elem_classes="tight"):
            Words("Where frames are saved", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.output = _box("Folder for saved frames", "review-output", place)
                self.browse_output = FilePicker("browse-output", kind="destination", label="Folder", bare=True)
            self.refused = StateLine("output-wrong")
            self.mine.add("hamming", slider=True, info=TIP_ALIKE)
            self.mine.add("skip")
            beside = (self.output, self.conf, self.iou)
            self.saving = self.mine.keeper("mine-form", REMEMBERED_SAVING, *beside, waits=[self.output])

    def _desk(self) -> None:
        self.values = {"folder": self.folder, "weights": self.weights, "live": self.live, "exact": self.exact}
        self.values |= {"conf": self.conf, "iou": self.iou, "output": self.output}
        self.values |= self.mine.controls | self.form.controls
        parts = {"list": "video-list", "player": "player", "timeline": "timeline", "saves": "saved"}
        parts |= {"chips": "class-chips", "wrong": "weights-wrong", "state": "detections", "thinned": "thinned"}
        parts |= {"refused": "output-wrong"}
        self.desk = ReviewDesk("review-desk", list(self.values), parts)

    # --- events

    def _events(self) -> None:
        desk = self.desk
        values: list[Any] = list(self.values.values())
        gr.on([control.change for control in values], None, values, None, js=desk.does("values"), **QUIET)
        desk.ready(None, values, None, js=desk.does("values"), **QUIET)
        for name, box in (("folder", self.folder), ("output", self.output)):
            gr.on([box.submit, box.blur], None, box, None, js=desk.does("enter", name), **QUIET)
        self.browse_weights.beside(self.weights)
        for field, place, picker in (
            ("folder", self.folder, self.browse_folder),
            ("output", self.output, self.browse_output),
        ):
            picker.beside(place).then(None, place, None, js=desk.does("enter", field), **QUIET)
        self.again.click(None, None, None, js=desk.does("relist"), **QUIET)
        self.of_run.click(None, None, None, js=desk.does("runVideo"), **QUIET)
        self.save.click(None, None, None, js=desk.does("save"), **QUIET)
        self.cancel.click(None, None, None, js=desk.does("cancel"), **QUIET)
        self.wrong.pressed(None, None, None, js=desk.does("mend"), **QUIET)
        desk.offers(None, None, self.weights, js=desk.gives("offered"), **QUIET)
        desk.bounds(None, None, [self.conf, self.iou], js=desk.gives("limits"), **QUIET)
        desk.listed(None, None, None, js=desk.tells("goodFolder", self.keeper, "accept"), **QUIET)
        desk.saves(None, None, None, js=desk.tells("goodOutput", self.saving, "accept"), **QUIET)
        buttons = [self.go, self.cancel, self.save, self.of_run]
        desk.state(None, None, buttons, js=desk.gives("buttons"), **QUIET)
        self._precompute_events()

    def _precompute_events(self) -> None:
        asks = self.desk.tells("precompute", self.keeper, "ask")
        self.go.click(None, None, None, js=asks, **QUIET)
        self.desk.go(None, None, None, js=asks, **QUIET)
        named = {"video": self.desk, "weights": self.weights, "force": self.force, "unsafe": self.unsafe}
        stated = {"video": inspect.Parameter.empty, "weights": inspect.Parameter.empty, **self.form.defaults()}
        stated |= {"force": False, "unsafe": False}
        self.keeper.submit(
            endpoint(self._precompute, **stated), None, self.keeper, inputs_kwargs=named | self.form.controls,
            api_name="precompute", api_description=self._precompute.__doc__, trigger_mode="once",
            show_progress="hidden",
        )  # fmt: skip
        told = self.keeper.tells("answer", self.desk, "started")
        self.keeper.answered(None, None, None, js=told, **QUIET)

    def _precompute(
        self, event: Any, video: str, weights: str, force: bool, unsafe: bool, **values: Any
    ) -> dict[str, str]:
        """Computes the boxes of every frame of a video and keeps them beside it. Returns the job."""
        told = (event or {}).get("told") or [{}]
        force, unsafe = told[0].get("force", force), told[0].get("unsafe", unsafe)
        owner, settings = self._verbs.owner_of(event), self.form.settings(values)
        return {"job": self._routes.precompute(video, weights, settings, owner, force=force, unsafe=unsafe)}


def _box(label: str, elem_id: str, value: str) -> gr.Textbox:
    """A box for a path, without a label to be seen: a title stands above it."""
    more: dict[str, Any] = {"show_label": False, "container": False, "max_lines": 1, "interactive": True}
    return gr.Textbox(value, label=label, elem_id=elem_id, elem_classes="path", **more)


def _slider(label: str, elem_id: str, value: float) -> gr.Slider:
    look = ["knob", "bare", "long"]
    return gr.Slider(LOWEST, HIGHEST, value, step=0.01, label=label, buttons=[], elem_id=elem_id, elem_classes=look)
