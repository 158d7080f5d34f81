"""Training Patches: which windows of which videos, twelve of them to look at, and the job that cuts them.

A tab of its own: it works on many videos and wants no run, while Filtering & Export shows the one that is open. Here:
which controls there are, from top to bottom, and what each does. What is typed is read in ``patches_form``.
"""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from core.pipeline.patches.outcome import WHY
from core.settings.patches import (
    LR_VERSIONS,
    CategoryRow,
    FormatRow,
    PatchesArguments,
    PatchSettings,
    VideoRow,
)
from core.ui import patches_api
from core.ui.controls import Line, Words
from core.ui.forms import Form, endpoint
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.patch_desk import PatchDesk
from core.ui.instruments.patch_flipbook import PatchFlipbook
from core.ui.instruments.patch_rows import PatchRows
from core.ui.instruments.patch_tracker import PatchTracker
from core.ui.instruments.state_line import StateLine
from core.ui.patches_work import CONFIG, USUAL, PatchesWork, form_settings
from core.ui.presets_bar import QUIET
from core.ui.verbs import Verbs

REMEMBERED = "framesieve.patches.form"
COUNT_WORDS = {"original": "all windows of its video", "weighted": "by its weight"}
LAYOUT_WORDS = {"original": "as the original tool", "by_format": "one for each format"}
FILTER_WORDS = {"lanczos": "Lanczos", "area": "area", "pil_lanczos": "Lanczos of Pillow"}
STACK_WORDS = {"5frames": "5 frames", "7frames": "7 frames"}
TONE_WORDS = {"product": "this program", "mobius": "the original's filters"}
SPLIT_WORDS = {"shot": "frames of a shot", "video": "frames of a video"}
MASTER = {"name": "master", "weight": 1, "target": None, "path": ""}


class Knobs(PatchSettings, PatchesArguments):  # type: ignore[misc]  # the seed is that of the settings
    """What the windows are, and how the job is run, as one form."""


class PatchesTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, work: PatchesWork) -> None:
        """Builds it where the layout is now; ``work`` reads what is typed and starts the jobs."""
        self._verbs, self._work = verbs, work
        self.form = Form(Knobs, "patches")
        with gr.Row(elem_id="patches"):
            with gr.Column(elem_classes="side", scale=0, min_width=0):
                with gr.Column(elem_classes="scroller"):
                    self._config()
                    self._tables()
                    self._windows()
                    self._folder()
                    self._folds()
                with gr.Column(elem_classes=["foot", "tight"]):
                    self._go()
            with gr.Column(elem_classes="pane", min_width=0):
                self.tracker = PatchTracker("patches-tracker")
                self.flipbook = PatchFlipbook("patches-flipbook", WHY)
        self._desk()
        self._events()
        patches_api.build(work)

    # --- layout

    def _config(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Configuration", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.config = Line(
                    "", label="File of the configuration", placeholder=CONFIG, show_label=False, container=False,
                    max_lines=1, interactive=True, elem_id="patches-config", elem_classes="path",
                )  # fmt: skip
                self.browse_config = FilePicker(
                    "browse-patches-config", kind="config", label="Configuration", bare=True
                )
            with gr.Row(elem_classes="bar-line"):
                self.load = gr.Button("Load", size="sm", elem_id="patches-load")
                self.save = gr.Button("Save", size="sm", elem_id="patches-save")
            self.line = StateLine("patches-line")

    def _tables(self) -> None:
        with gr.Column(elem_classes="tight"):
            with gr.Row(elem_classes="bar-line"):
                Words("Videos", "h3")
                self.add = FilePicker("browse-patches-videos", kind="video", label="Videos", bare=True, multiple=True)
            self.videos = PatchRows(
                "patches-videos", VideoRow, [], noun="video", least=1,
                spans={"path": 12, "name": 5, "weights": 7}, hints={"path": "/videos/film.mp4", "name": "as the file",
                                                                    "weights": "as below"},
            )  # fmt: skip
        with gr.Column(elem_classes="tight"):
            Words("Categories", "h3")
            self.categories = PatchRows(
                "patches-categories", CategoryRow, [MASTER], noun="category", least=1,
                spans={"name": 5, "weight": 3, "target": 4, "path": 12},
                hints={"name": "master", "target": "all", "path": "folder: Name/NameModel/Learn"},
            )  # fmt: skip
        with gr.Column(elem_classes="tight"):
            Words("Formats", "h3")
            self.formats = PatchRows(
                "patches-formats", FormatRow, [], noun="format",
                spans={"category": 6, "name": 6, "gt": 4, "lr": 4, "share": 4},
                hints={"category": "all", "name": "small_540", "gt": "540x540", "lr": "a third"},
            )  # fmt: skip
            Words("None here: the usual ones of each category.", elem_classes="about", elem_id="patches-no-formats")

    def _windows(self) -> None:
        add = self.form.add
        with gr.Column(elem_classes="tight"):
            Words("Windows", "h3")
            add("base_frame_limit")
            add("seed")
            add("counts", words=COUNT_WORDS, label="Category gets")

    def _folder(self) -> None:
        with gr.Column(elem_classes="tight"):
            Words("Folder of the patches", "h3")
            with gr.Row(elem_classes="bar-line"):
                self.out = Line(
                    "", label="Folder of the patches", placeholder=f"{USUAL}, in the folder of runs", show_label=False,
                    container=False, max_lines=1, interactive=True, elem_id="patches-out", elem_classes="path",
                )  # fmt: skip
                self.browse_out = FilePicker("browse-patches-out", kind="destination", label="Folder", bare=True)

    def _folds(self) -> None:
        add = self.form.add
        with gr.Accordion("Which windows are taken", open=False, elem_classes=["fold", "tight"]):
            for name in (
                "scene_diff_threshold",
                "min_motion",
                "max_motion",
                "max_retry_attempts",
                "retry_skip_seconds",
            ):
                add(name)
        with gr.Accordion("Which crops are taken", open=False, elem_classes=["fold", "tight"]):
            for name in ("crop_candidates", "min_detail", "min_file_size", "scale_to_1080", "deinterlace"):
                add(name)
            add("tone_mapping", words=TONE_WORDS, label="HDR by")
        with gr.Accordion("What is written", open=False, elem_classes=["fold", "tight"]):
            said: dict[str, Any] = {"elem_id": "patches-lr_versions", "elem_classes": ["knob", "stacks"]}
            stacks = gr.CheckboxGroup(
                [(STACK_WORDS[name], name) for name in LR_VERSIONS], value=list(LR_VERSIONS), label="Stacks",
                interactive=True, **said,
            )  # fmt: skip
            add("lr_versions", stacks)
            add("lr_filter", words=FILTER_WORDS)
            add("layout", words=LAYOUT_WORDS, label="Folders")
            add("val_percent")
            add("split_by", words=SPLIT_WORDS)
            add("deep")
            add("lmdb_keys")
        with gr.Accordion("How it runs", open=False, elem_classes=["fold", "tight"]):
            for name in ("min_free_gb", "nice", "resume"):
                add(name)

    def _go(self) -> None:
        self.workers = self.form.add("workers", placeholder="all cores")
        self.tables = [self.videos, self.categories, self.formats]
        self.keeper = self.form.keeper("patches-form", REMEMBERED, *self.tables, self.out, self.config)
        with gr.Row(elem_classes="bar-line"):
            self.look = gr.Button("Preview", elem_id="patches-look")
            self.go = gr.Button("Cut patches", variant="primary", elem_id="patches-go")
            self.pause = gr.Button("Pause", elem_id="patches-pause", visible=False)
            self.cancel = gr.Button("Cancel", elem_id="patches-cancel", visible=False)
            self.check = gr.Button("Check files", elem_id="patches-check")

    def _desk(self) -> None:
        self.values: dict[str, Any] = {"videos": self.videos, "categories": self.categories, "formats": self.formats}
        self.values |= {"out": self.out, **self.form.controls}
        parts = {"videos": "patches-videos", "categories": "patches-categories", "formats": "patches-formats"}
        parts |= {"flipbook": "patches-flipbook", "tracker": "patches-tracker", "line": "patches-line"}
        self.desk = PatchDesk("patches-desk", list(self.values), parts, self.form.defaults())

    # --- events

    def _events(self) -> None:
        desk, everything = self.desk, list(self.values.values())
        native = [control.change for control in (self.out, *self.form.controls.values())]
        edited: dict[str, Any] = {"js": desk.does("edited"), **QUIET}
        gr.on(native, None, self.workers, None, **edited)
        for table in self.tables:
            table.changed(None, self.workers, None, **edited)
        self.browse_config.beside(self.config)
        self.browse_out.beside(self.out)
        self.add.chosen(None, self.add, None, js=desk.does("add"), **QUIET)
        self.load.click(None, self.config, None, js=desk.does("load"), **QUIET)
        desk.filled(None, None, everything, js=desk.gives("loaded"), **QUIET)
        for button, method in ((self.go, "cut"), (self.look, "look"), (self.save, "save")):
            button.click(None, None, None, js=desk.tells(method, self.keeper, "ask"), **QUIET)
        self.pause.click(None, None, None, js=desk.does("pause"), **QUIET)
        self.cancel.click(None, None, None, js=desk.does("cancel"), **QUIET)
        self.check.click(None, self.out, None, js=desk.does("verify"), **QUIET)
        self.tracker.wished(None, None, None, js=desk.does("wished"), **QUIET)
        buttons = [self.go, self.cancel, self.pause, self.check]
        desk.state(None, None, buttons, js=desk.gives("buttons"), **QUIET)
        self._named_events()
        self.keeper.answered(None, None, None, js=self.keeper.tells("answer", desk, "answered"), **QUIET)

    def _named_events(self) -> None:
        """What programs call too: every table and setting by its name."""
        dry = Api(False, {"type": "boolean", "description": "only say how many files and bytes there would be"})
        named: dict[str, Any] = {**self.values, "config": self.config, "dry_run": dry}
        stated = {"videos": [], "categories": [MASTER], "formats": [], "out": "", **self.form.defaults()}
        stated |= {"config": "", "dry_run": False}
        self.keeper.submit(
            endpoint(self._ask, **stated), None, self.keeper, inputs_kwargs=named, api_name="patches",
            api_description=self._ask.__doc__, trigger_mode="once", show_progress="hidden",
        )  # fmt: skip

    def _ask(
        self, event: Any, videos: Any, categories: Any, formats: Any, out: Any, config: Any, dry_run: Any, **values: Any
    ) -> dict[str, str]:
        """Cuts training patches out of videos, as a job. Returns the job."""
        told = ((event or {}).get("told") or [{}])[0]
        settings, how = form_settings(self.form.settings(values))
        tables = {"videos": videos, "categories": categories, "formats": formats}
        wanted = self._work.values(tables, settings, out, told.get("run"))
        owner = self._verbs.owner_of(event)
        if told.get("what") == "save":
            return {"saved": str(self._work.save(config, wanted, how.get("workers")))}
        if told.get("what") == "look":
            return {"look": self._work.look(wanted, owner)}
        return {"job": self._work.cut(wanted, how, owner, dry_run=dry_run is True)}
