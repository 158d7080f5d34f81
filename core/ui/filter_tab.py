"""Filtering & Export: which frames are kept and why, people, and the export of what is kept.

What it shows is computed in the browser with the rules of ``core.pipeline.select`` (``web/open_run.js``): no change of
a filter asks the server. What is saved or exported is computed again on the server.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.components.api_component import Api

from core.pipeline.select import digest, select
from core.settings.export import ExportSettings
from core.settings.faces import FACE_PACKS, PeopleSettings
from core.settings.filter import FilterSettings
from core.settings.model import Model, facts_of, from_mapping, to_mapping
from core.ui.choice_words import COLUMN_WORDS, SPREAD_WORDS
from core.ui.controls import Choice, Line, Words
from core.ui.exporter import Exporter, check_digest
from core.ui.forms import Form, endpoint
from core.ui.instruments.drawer_head import DrawerHead
from core.ui.instruments.enlarged import Enlarged
from core.ui.instruments.export_view import ExportView
from core.ui.instruments.face_model import FaceModelStatus
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.gallery import Gallery
from core.ui.instruments.people import People
from core.ui.instruments.ranges import Ranges
from core.ui.instruments.selection import SelectionBridge
from core.ui.presets_bar import QUIET, Book, PresetsBar
from core.ui.routes import selection_json
from core.ui.session import OpenRun
from core.ui.sheet import opener, shows
from core.ui.verbs import Verbs

NONE_KEPT = "Keep only the best"
NO_NAME = "new folder beside the run"
WHERE = "A path must lie in an allowed folder."


class FilterTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, exporter: Exporter, book: Book) -> None:
        """Builds it where the layout is now; ``exporter`` starts exports and knows the last one of a run."""
        self._verbs, self._exporter = verbs, exporter
        self.form = Form(FilterSettings, "filter")
        with gr.Row(elem_id="filter"):
            with gr.Column(elem_classes="side", scale=0, min_width=0):
                self.presets = PresetsBar("filter", book)
                with gr.Column(elem_classes="scroller"):
                    self.strip = People("people-strip", "strip")
                    with gr.Column(elem_classes=["tight", "group"]):
                        self._goal()
                    self.ranges = Ranges("ranges")
                    with gr.Column(elem_classes=["tight", "group"]):
                        self._duplicates()
                    with gr.Column(elem_classes=["tight", "group"]):
                        self._best()
                    self.form.keeper("filter-form", "")
            opener("filter", "Filters")
            self.gallery = Gallery("gallery")
            self._people()
            self._export()
            self.enlarged = Enlarged("enlarged")
        self._events()

    # --- layout

    def _goal(self) -> None:
        Words("Best stills, spread", "b", elem_id="filter-goal", elem_classes="counted")
        self.form.add("best", label="How many", placeholder="off", info=None)
        self.form.add("spread", words=SPREAD_WORDS, info=None)
        self.form.add("rank_by", words=COLUMN_WORDS, info=None)

    def _duplicates(self) -> None:
        said: dict[str, Any] = {"elem_id": "filter-duplicates", "elem_classes": ["knob", "counted"]}
        self.duplicates = gr.Checkbox(label="Remove near-duplicates", interactive=True, **said)
        self.alike = self.form.add("dedup", slider=True, value=5, interactive=False)
        names = ["best", "spread", "rank_by", "dedup", "top", "top_percent", "per_shot", "per_shot_percent"]
        names += ["per_window", "per_window_percent", "window", "at_least", "shots"]
        ids = {name: f"filter-{name}" for name in names}
        tallies = {"spread": "filter-goal", "duplicate": "filter-duplicates", "quota": "filter-quotas"}
        fields = list(FilterSettings.model_fields)
        self.selection = SelectionBridge("selection", names, fields, ids, tallies)

    def _best(self) -> None:
        Words(NONE_KEPT, "b", elem_id="filter-quotas", elem_classes="counted")
        for name in ("top", "per_shot", "per_window"):
            with gr.Row(elem_classes="pair"):
                self.form.add(name)
                self.form.add(f"{name}_percent", show_label=False)
        self.form.add("window")
        self.form.add("at_least")
        said: dict[str, Any] = {"elem_id": "filter-shots", "elem_classes": ["knob", "wide"], "interactive": True}
        shots = Line(label=facts_of(FilterSettings)["shots"].title, placeholder="all, or 0-3, 7", max_lines=1, **said)
        self.form.add("shots", shots)

    def _people(self) -> None:
        near: Any = facts_of(PeopleSettings)["person_distance"]
        with gr.Column(elem_id="people", elem_classes=["drawer", "tight"]):
            self.people_drawer = DrawerHead("people-drawer", "People")
            with gr.Column(elem_classes=["tight", "drawn"]):
                self.panel = People("people-panel", "panel")
                with gr.Column(elem_classes="tight", visible=False) as self.model_group:
                    self.model = Choice(
                        list(FACE_PACKS), value=FACE_PACKS[0], allow_custom_value=True, interactive=True,
                        label="Face model", info="A model's name, or the path of a folder of ONNX files",
                        elem_id="people-model", elem_classes=["knob", "wide"],
                    )  # fmt: skip
                with gr.Column(elem_classes="tight", visible=False) as self.status_group:
                    self.model_status = FaceModelStatus("people-model-status")
                self.find = gr.Button("Find people", variant="primary", visible=False, elem_id="people-find")
                with gr.Column(elem_classes=["tight", "group"], visible=False) as self.regroup:
                    Words("Too many people, or too few?", "b")
                    self.distance = gr.Slider(
                        near.low, near.high, near.default, step=0.05, label="How unlike one person may look",
                        interactive=True, buttons=[], elem_id="people-distance", elem_classes=["knob", "bare"],
                    )  # fmt: skip
                    with gr.Row(elem_classes="bar-line"):
                        self.again = gr.Button("Group again", size="sm", elem_id="people-again")

    def _export(self) -> None:
        beside = Form(ExportSettings, "export")
        with gr.Column(elem_id="export", elem_classes=["drawer", "tight"]):
            self.export_drawer = DrawerHead("export-drawer", "Export")
            said: dict[str, Any] = {"elem_id": "export-dest", "elem_classes": ["knob", "tall"], "interactive": True}
            with gr.Row(elem_classes=["bar-line", "at-end"]):
                self.dest = Line(label="Folder", info=WHERE, placeholder=NO_NAME, max_lines=1, **said)
                self.browse = FilePicker("browse-dest", kind="destination", label="Folder", bare=True)
            self.beside = [beside.add("face_crops"), beside.add("face_margin"), beside.add("crop_bars")]
            with gr.Column(elem_classes=["tight", "drawn"]):
                self.view = ExportView("export-view")
            self.keeper = beside.keeper("export-form", "", self.dest)
            self.written = gr.Textbox(
                label="Written to", interactive=False, max_lines=3, visible=False, elem_id="export-written",
                elem_classes=["knob", "tall", "written"],
            )  # fmt: skip
            self.go = gr.Button("Export", variant="primary", elem_id="export-go")
            self.stop = gr.Button("Cancel", visible=False)
            self.zip = gr.Button("Download ZIP", visible=False, elem_id="export-zip")
            with gr.Row(elem_classes="bar-line", visible=False) as self.after:
                self.copy = gr.Button("Copy path", size="sm")
                self.once_more = gr.Button("Export again", size="sm")
            self.patches = gr.Button("Training patches", size="sm", elem_id="export-patches", elem_classes="link")

    # --- events

    def _events(self) -> None:
        self.presets.joins_instrument(self.selection)
        self._filter_events()
        self._look_events()
        self._people_events()
        self._export_events()

    def _filter_events(self) -> None:
        """What is changed selects anew in the browser; what something else changed goes back into the controls."""
        selection = self.selection
        for name, control in self.form.controls.items():
            control.input(None, control, None, js=selection.does("set", name), **QUIET)
        both = [self.duplicates, self.alike]
        self.duplicates.input(None, both, self.alike, js=selection.gives("duplicates"), **QUIET)
        everything = [self.duplicates, *self.form.controls.values()]
        selection.controls(None, None, everything, js=selection.gives("values"), **QUIET)

    def _look_events(self) -> None:
        """A frame is enlarged, and the next one; the keyboard comes back to the gallery."""
        gallery, enlarged = self.gallery, self.enlarged
        gallery.enlarge(None, None, None, js=gallery.tells("current", enlarged, "show"), **QUIET)
        gallery.compare(None, None, None, js=gallery.tells("current", enlarged, "compare"), **QUIET)
        enlarged.moved(None, None, None, js=enlarged.tells("step", gallery, "step"), **QUIET)
        enlarged.picked(None, None, None, js=enlarged.tells("pick", gallery, "go_to"), **QUIET)
        for part in (enlarged, self.people_drawer, self.export_drawer):
            part.closed(None, None, None, js=gallery.does("focus"), **QUIET)
        for mine, other in ((self.people_drawer, self.export_drawer), (self.export_drawer, self.people_drawer)):
            mine.opened(None, None, None, js=other.does("close"), **QUIET)

    def _people_events(self) -> None:
        panel, drawer = self.panel, self.people_drawer
        self.gallery.people(None, None, None, js=drawer.does("toggle"), **QUIET)
        self.strip.panel(None, None, None, js=drawer.does("toggle"), **QUIET)
        panel.picked(None, None, None, js=panel.tells("pick", self.gallery, "go_to"), **QUIET)
        looks = [self.model_group, self.model, self.status_group, self.find, self.regroup]
        panel.controls(None, None, looks, js=panel.gives("controls"), **QUIET)
        drawer.opened(None, None, None, js=panel.does("shown"), **QUIET)
        status = self.model_status
        shown = status.does("show", True, False)
        drawer.opened(None, self.model, None, js=shown, **QUIET)
        self.model.change(None, self.model, None, js=shown, **QUIET)
        self.model.focus(None, None, None, js=status.does("hold"), **QUIET)
        self.model.blur(None, self.model, None, js=shown, **QUIET)
        status.packs(None, None, self.model, js=status.gives("choices"), **QUIET)
        status.judged(None, None, None, js=status.tells("verdict", panel, "judged"), **QUIET)
        panel.wanted(None, None, None, js=panel.tells("wanted_model", status, "judge"), **QUIET)
        status.looked(None, None, None, js=status.tells("finding", panel, "start"), **QUIET)
        panel.refused(None, None, None, js=panel.tells("refusal", status, "answered"), **QUIET)
        self.find.click(None, self.model, None, js=panel.does("find"), **QUIET)
        self.again.click(None, self.distance, None, js=panel.does("regroup"), **QUIET)

    def _export_events(self) -> None:
        view, keeper, drawer = self.view, self.keeper, self.export_drawer
        self.gallery.export(None, None, None, js=drawer.does("open"), **QUIET)
        view.running(None, None, None, js=drawer.does("open"), **QUIET)
        drawer.opened(None, None, None, js=view.does("opened"), **QUIET)
        drawer.closed(None, None, None, js=view.does("closed"), **QUIET)
        looks = [self.dest, *self.beside, self.go, self.stop, self.written, self.zip, self.after]
        view.controls(None, None, looks, js=view.gives("controls"), **QUIET)
        self.stop.click(None, None, None, js=view.does("cancel"), **QUIET)
        self.browse.beside(self.dest)
        self.patches.click(None, None, None, js=shows("patches"), **QUIET)
        self.copy.click(None, None, None, js=view.does("copy"), **QUIET)
        self.zip.click(None, None, None, js=view.does("download"), **QUIET)
        self.once_more.click(None, None, None, js=view.does("again"), **QUIET)
        self.go.click(None, None, None, js=keeper.does("ask"), **QUIET)
        self._named_events()
        keeper.answered(None, None, None, js=keeper.tells("answer", view, "started"), **QUIET)

    def _named_events(self) -> None:
        """What programs call too: the run first, then every filter by its name."""
        run: dict[str, Any] = {"run": Api(None, {"type": "string", "description": "name of a run folder"})}
        filters = dict(_keywords(FilterSettings))
        stated = {"run": inspect.Parameter.empty} | to_mapping(FilterSettings())
        answer = Api(None, {"type": "object", "description": "kept, total and digest"})
        gr.on(
            [], endpoint(self._filter, **stated), None, answer, inputs_kwargs=run | filters,
            api_name="filter", api_description=self._filter.__doc__,
        )  # fmt: skip
        beside: dict[str, Any] = {
            "digest": Api(None, {"type": "string", "description": "answered by /filter"}),
            "dest": self.dest,
        }
        beside |= dict(zip(ExportSettings.model_fields, self.beside, strict=True))
        more = {"digest": None, "dest": None} | to_mapping(ExportSettings())
        self.keeper.submit(
            endpoint(self._start, **stated | more), None, self.keeper, js=self.selection.gives("chosen"),
            inputs_kwargs=run | filters | beside, api_name="export", api_description=self._start.__doc__,
            trigger_mode="once", show_progress="hidden",
        )  # fmt: skip

    def _filter(self, event: Any, run: str, **values: Any) -> Any:
        """Tells how many frames of a run the filters keep, and the digest of their numbers. Saves nothing."""
        return selection_json(select(self._run(run).table(), _filters(values)))

    def _start(
        self,
        event: Any,
        run: str,
        digest: str | None,
        dest: str | None,
        face_crops: Any,
        face_margin: Any,
        crop_bars: Any,
        **values: Any,
    ) -> Any:
        """Starts the export of what the filters keep. With the digest of a /filter only if still the same is kept."""
        found = self._run(run)
        filters = _filters(values)
        if digest is not None:
            check_digest(_digest(found, filters), digest)
        beside = {"face_crops": face_crops, "face_margin": face_margin, "crop_bars": crop_bars}
        settings = {name: value for name, value in beside.items() if value is not None}
        folder = dest.strip() if isinstance(dest, str) else dest
        wanted: dict[str, Any] = {"digest": digest, "dest": folder or None, "settings": settings}
        job, written = self._exporter.start(found.run, filters, self._verbs.owner_of(event), **wanted)
        return {"job": job, "dest": str(written)}

    def _run(self, name: Any) -> OpenRun:
        return self._verbs.workspace.named(str(name))


def _keywords(kind: type[Model]) -> Mapping[str, Component]:
    """An input for each field that has no control of its own: typed and described as the settings say."""
    properties = kind.model_json_schema()["properties"]
    defaults = to_mapping(kind())
    return {name: Api(defaults[name], _typed(schema)) for name, schema in properties.items()}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as programs are told it: the type, or the one beside null, and what it is."""
    one = next((part for part in schema.get("anyOf", ()) if part.get("type") != "null"), schema)
    kept = {key: value for key, value in one.items() if key in ("type", "items", "additionalProperties", "enum")}
    return kept | {"description": schema.get("description", "")}


def _filters(values: Mapping[str, Any]) -> FilterSettings:
    """Builds the filters; what is ``None`` is as in an untouched run. Raises ``SettingsError``."""
    return from_mapping(FilterSettings, {name: value for name, value in values.items() if value is not None})


def _digest(run: OpenRun, filters: FilterSettings) -> str:
    return digest(select(run.table(), filters).kept)
