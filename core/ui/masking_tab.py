"""Subject Masking: points on every shot, all masks on a board, the worst ones repaired, what comes of them written.

Here: which controls there are, from top to bottom, and what each does. What is shown and said is joined in the browser
(``web/masking.js``); the routes are in ``masking_routes``.
"""

from __future__ import annotations

import inspect
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from core.errors import SettingsError
from core.settings.masks import MaskExport, MaskSettings
from core.ui import masking_api
from core.ui.controls import Cards, Line, Words
from core.ui.forms import DEVICE_WORDS, Form, endpoint
from core.ui.instruments.drawer_head import DrawerHead
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.masking_desk import MaskingDesk
from core.ui.instruments.point_canvas import PointCanvas
from core.ui.instruments.shot_board import ShotBoard
from core.ui.instruments.shot_strip import ShotStrip
from core.ui.instruments.state_line import StateLine
from core.ui.masking_work import MaskingWork
from core.ui.presets_bar import QUIET
from core.ui.sheet import opener
from core.ui.verbs import Verbs

REMEMBERED = "framesieve.masking.form"
MASKER_WORDS = {"sam2": "SAM2", "yolo-seg": "YOLO segmentation"}
EXPORT_WORDS = {"green": "before a colour", "alpha": "cut out (alpha)", "mask": "masks, black and white"}
EXPORT_WORDS |= {"none": "no frames"}
FILM_WORDS = {"none": "none", "prores": "ProRes 4444", "vp9": "VP9"}


class MaskingTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, work: MaskingWork) -> None:
        """Builds it where the layout is now; ``work`` knows the shots and starts their jobs."""
        self._verbs, self._work = verbs, work
        self.form, self.exports = Form(MaskSettings, "masking"), Form(MaskExport, "mask-export")
        with gr.Row(elem_id="masking"):
            with gr.Column(elem_classes="side", scale=0, min_width=0):
                with gr.Column(elem_classes="scroller"):
                    self._folder()
                    self._masker()
                    self._folds()
                with gr.Column(elem_classes=["foot", "tight"]):
                    self._go()
            opener("masking", "Video and masker")
            with gr.Column(elem_classes="pane", min_width=0):
                self.board = ShotBoard("masking-board")
                self.canvas = PointCanvas("masking-canvas")
                self.strip = ShotStrip("masking-strip")
            self._drawer()
        self._desk()
        self._events()
        masking_api.build(verbs, work)

    # --- layout

    def _folder(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Video", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.folder = gr.Textbox(
                    "", label="Folder of segments", placeholder="the video of the run", show_label=False, max_lines=1,
                    container=False, interactive=True, elem_id="masking-folder", elem_classes="path",
                )  # fmt: skip
                self.browse = FilePicker("browse-masking-folder", kind="folder", label="Folder of segments", bare=True)
            self.about = StateLine("masking-about")

    def _masker(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Masker", "h3")
            choices = [(f"{MASKER_WORDS[name]}\n", name) for name in MASKER_WORDS]
            cards = Cards(
                choices, value=MaskSettings().masker, show_label=False, label="Masker", container=False,
                interactive=True, elem_id="masking-masker", elem_classes="maskers",
            )  # fmt: skip
            self.form.add("masker", cards)
            with gr.Row(elem_classes="bar-line"):
                self.weights = gr.Dropdown(
                    [], value="", allow_custom_value=True, interactive=True, label="Weights", elem_id="masking-weights",
                    elem_classes=["knob", "wide"], info="Path of a .pt file of this masker",
                )  # fmt: skip
                self.browse_weights = FilePicker("browse-masking-weights", kind="weights", label="Weights", bare=True)
            self.wrong = StateLine("masking-weights-wrong")
            self.form.add("device", words=DEVICE_WORDS)

    def _folds(self) -> None:
        add = self.form.add
        with gr.Accordion("How masks are made", open=False, elem_classes=["fold", "tight"]):
            add("imgsz", placeholder="auto")
            add("sam2_model_variant", label="SAM2 variant")
            add("sam2_config", label="SAM2 config", placeholder="by the weights")
        with gr.Accordion("Who is the subject", open=False, elem_classes=["fold", "tight"]):
            add("reid_fallback", label="Find the subject again where it is lost")
            self._slider("iou_threshold", "Same from an overlap of")
        with gr.Accordion("Shots", open=False, elem_classes=["fold", "tight"]):
            self.find = gr.Button("Look for cuts", size="sm", elem_id="masking-find", interactive=False)

    def _go(self) -> None:
        self.keeper = self.form.keeper("masking-form", REMEMBERED, self.weights)
        self.state = StateLine("masking-state")
        with gr.Row(elem_classes="bar-line"):
            said: dict[str, Any] = {"variant": "primary", "elem_id": "masking-go", "interactive": False}
            self.go = gr.Button("Process all", **said)
            self.cancel = gr.Button("Cancel", elem_id="masking-cancel", visible=False)

    def _drawer(self) -> None:
        add = self.exports.add
        with gr.Column(elem_id="masking-export", elem_classes=["drawer", "tight"]):
            self.drawer = DrawerHead("masking-drawer", "Export subjects")
            add("export", words=EXPORT_WORDS, label="Frames", value="green")
            with gr.Row(elem_classes="colours"):
                for part in ("red", "green", "blue"):
                    add(f"background_color_{part}", label=part.capitalize())
            add("grow")
            add("feather")
            add("frame_offset", label="Number of the first frame", placeholder="as in the video")
            add("drop_last_frame", label="Leave out the last frame of each segment")
            add("crops", label="Cut the subjects out")
            add("padding", label="Border of a crop")
            aspect = Line(
                "", label="Width by height", placeholder="as the box", max_lines=1, interactive=True,
                elem_id="mask-export-aspect", elem_classes=["knob"], info="Several with commas: 1, 0.5625",
            )  # fmt: skip
            add("aspect", aspect)
            add("coco", label="COCO, RLE")
            add("yolo", label="Labels for YOLO segmentation")
            add("mp4", label="A film of the result (MP4)")
            add("film", words=FILM_WORDS, label="Film with alpha")
            self.exports_keeper = self.exports.keeper("mask-export-form", "framesieve.masking.export")
            self.files = StateLine("masking-files")
            self.write = gr.Button("Write files", variant="primary", elem_id="masking-write", interactive=False)

    def _slider(self, name: str, label: str) -> None:
        facts = MaskSettings.model_fields[name]
        said: dict[str, Any] = {"label": label, "interactive": True, "buttons": [], "elem_id": f"masking-{name}"}
        self.form.add(name, gr.Slider(0, 1, facts.default, step=0.01, elem_classes=["knob", "bare", "long"], **said))

    def _desk(self) -> None:
        self.values: dict[str, Any] = {**self.form.controls, "weights": self.weights}
        lines = {"about": "masking-about", "wrong": "masking-weights-wrong", "state": "masking-state"}
        self.desk = MaskingDesk("masking-desk", list(self.values), lines | {"files": "masking-files"})

    # --- events

    def _events(self) -> None:
        desk, values = self.desk, list(self.values.values())
        gr.on([control.change for control in values], None, values, None, js=desk.does("values"), **QUIET)
        desk.ready(None, values, None, js=desk.does("values"), **QUIET)
        desk.offers(None, None, self.weights, js=desk.gives("offered"), **QUIET)
        desk.reasons(None, None, self.form.controls["masker"], js=desk.gives("maskers"), **QUIET)
        desk.switched(None, None, self.weights, js=desk.gives("weights"), **QUIET)
        desk.renamed(None, None, self.folder, js=desk.gives("path"), **QUIET)
        gr.on([self.folder.submit, self.folder.blur], None, self.folder, None, js=desk.does("choose"), **QUIET)
        self.browse.beside(self.folder).then(None, self.folder, None, js=desk.does("choose"), **QUIET)
        self.browse_weights.beside(self.weights)
        self.wrong.pressed(None, None, None, js=desk.does("mend"), **QUIET)
        self.cancel.click(None, None, None, js=desk.does("cancel"), **QUIET)
        for wanted in (self.find.click, self.board.find):
            wanted(None, None, None, js=desk.does("find"), **QUIET)
        buttons = [self.go, self.cancel, self.find, self.write]
        desk.state(None, None, buttons, js=desk.gives("buttons"), **QUIET)
        self.board.export(None, None, None, js=self.drawer.does("toggle"), **QUIET)
        self.drawer.closed(None, None, None, js=self.board.does("focus"), **QUIET)
        self._process_events()
        self._export_events()

    def _process_events(self) -> None:
        asks = self.desk.tells("wanted", self.keeper, "ask")
        self.go.click(None, None, None, js=asks, **QUIET)
        self.canvas.process(None, None, None, js=self.desk.tells("shot", self.keeper, "ask"), **QUIET)
        empty = inspect.Parameter.empty
        shots = Api("", {"type": "string", "description": "numbers of shots from 0, as in 3,7; empty: all with points"})
        auto = Api(False, {"type": "boolean", "description": "point at the primary subject of shots without points"})
        named = {"run": self.desk, "weights": self.weights, "shots": shots, "auto": auto}
        stated = {"run": empty, "weights": empty, "shots": "", "auto": False, **self.form.defaults()}
        self.keeper.submit(
            endpoint(self._process, **stated), None, self.keeper, inputs_kwargs=named | self.form.controls,
            api_name="process_all", api_description=self._process.__doc__, trigger_mode="once", show_progress="hidden",
        )  # fmt: skip
        told = self.keeper.tells("answer", self.desk, "started")
        self.keeper.answered(None, None, None, js=told, **QUIET)

    def _export_events(self) -> None:
        keeper = self.exports_keeper
        asks = self.desk.tells("exported", keeper, "ask")
        self.write.click(None, None, None, js=asks, **QUIET)
        run = {"run": self.desk}
        stated = {"run": inspect.Parameter.empty, **self.exports.defaults()}
        keeper.submit(
            endpoint(self._export, **stated), None, keeper, inputs_kwargs=run | self.exports.controls,
            api_name="export_masks", api_description=self._export.__doc__, trigger_mode="once", show_progress="hidden",
        )  # fmt: skip

    def _process(self, event: Any, run: str, weights: str, shots: str, auto: bool, **values: Any) -> dict[str, str]:
        """Masks every shot that has points and is not finished, shot by shot, as a job. Returns the job."""
        told = ((event or {}).get("told") or [{}])[0]
        said = self.form.settings(values) | {"weights": weights, "unsafe": told.get("unsafe", False)}
        more = {"auto": True} if auto else {}
        more |= {"force": True} if told.get("force") else {}
        chosen: Any = told.get("shots")
        if chosen is None and str(shots or "").strip():
            chosen = self._work.keys(run, str(shots))
        owner = self._verbs.owner_of(event)
        return {"job": self._work.process(told.get("subject") or run, chosen, said, more, owner)}

    def _export(self, event: Any, run: str, **values: Any) -> dict[str, str]:
        """Writes frames, crops, labels and films of the masks of a run, as a job. Returns the job."""
        told = ((event or {}).get("told") or [{}])[0]
        aspect = values.pop("aspect", None)
        wanted = self.exports.settings(values)
        if isinstance(aspect, str):
            aspect = _numbers(aspect)
        wanted |= {"aspect": aspect} if aspect else {}
        return {"job": self._work.export(told.get("subject") or run, wanted, self._verbs.owner_of(event))}


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in text.replace(";", ",").split(",") if word.strip()]
    except ValueError:
        raise SettingsError(
            f'numbers with commas are wanted, as in 1, 0.5625; "{text}" came.', field="aspect"
        ) from None
