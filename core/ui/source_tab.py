"""Video Source: what the video is, how frames are chosen from it, and the extraction while it runs."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from core.settings.columns import METRIC_NAMES
from core.settings.extract import METHOD_INPUTS, STILLS, ExtractArguments, ExtractSettings
from core.settings.faces import FACE_PACKS
from core.settings.fetch import FetchSettings
from core.settings.model import facts_of, from_mapping
from core.settings.unread import unread
from core.store.run import RunDir
from core.ui import uploads
from core.ui.choice_words import COLUMN_WORDS, SPREAD_WORDS
from core.ui.controls import Cards, Choice, Whole, Words
from core.ui.forms import DEVICE_WORDS, Form, endpoint
from core.ui.instruments.extraction import Extraction
from core.ui.instruments.face_model import FaceModelStatus
from core.ui.instruments.face_photos import FacePhotos
from core.ui.instruments.file_picker import FilePicker
from core.ui.instruments.source_card import SourceCard
from core.ui.presets_bar import QUIET, Book, PresetsBar
from core.ui.verbs import Verbs

METHOD_WORDS = {
    "best": ("Best stills, spread", "As many as you ask for, each of another moment"),
    "keyframes": ("Key frames", "Frames that the file stores whole; fastest"),
    "interval": ("Every few seconds", "Even steps in time"),
    "scene": ("Scene changes", "The first frame after each cut"),
    "every_nth": ("Every Nth frame", "Even steps in frames"),
    "all": ("All frames", "Everything, to be filtered later"),
}
TARGET_WORDS = {
    "keyframes": "About how many",
    "interval": "About how many, instead",
    "scene": "At most, strongest first",
    "every_nth": "Best of so many equal parts",
    "all": "Best of so many equal parts",
}
"""What ``target`` is called, since each method makes another thing of it."""
HEIGHT_WORDS = {height: f"{height} px" for height in facts_of(FetchSettings)["max_height"].choices or ()}
HEIGHT_WORDS["best"] = "best there is"
HDR_WORDS = {"tonemap": "SDR pictures", "keep": "16-bit PNG as it is"}
REMEMBERED = "framesieve.source"
MOST_AT_ONCE = 100
PATIENCE_S = 10.0
"""How long a program waits for its job to have a run: the video's index is read first."""


class SourceTab:
    """The tab: its layout from top to bottom, then its events."""

    def __init__(self, verbs: Verbs, book: Book) -> None:
        """Builds it where the layout is now; ``verbs`` starts extractions."""
        self._verbs = verbs
        self.form = MethodForm(ExtractSettings, "extract")
        with gr.Row(elem_id="source"):
            with gr.Column(elem_classes="side", scale=0, min_width=0):
                with gr.Column(elem_classes="scroller"):
                    self._source()
                    with gr.Column(elem_classes="tight"):
                        Words("Method", "h3")
                        self.presets = PresetsBar("extract", book)
                        self._methods()
                    self._pre_filters()
                    self._faces()
                    self._weights()
                    self._files()
                with gr.Column(elem_classes=["foot", "tight"]):
                    beside = (self.max_height, self.resume)
                    self.keeper = self.form.keeper("extract-form", REMEMBERED, *beside)
                    self.go = gr.Button("Extract & Analyze Frames", variant="primary", elem_id="go", interactive=False)
            self.extraction = Extraction("extraction")
        self._events()

    # --- layout

    def _source(self) -> None:
        self.picker = FilePicker(
            "source-file",
            kind="video",
            label="URL, path or dropped file",
            placeholder="https://...  or  /videos/clip.mp4",
            multiple=True,
            upload=True,
            drops="#source",
        )
        self.card = SourceCard("source-card", tab="source", remember=REMEMBERED)
        self.max_height = Form(FetchSettings, "fetch").add("max_height", words=HEIGHT_WORDS, visible=False)
        self.item = Whole(label="Video of the playlist", visible=False, elem_id="item")
        self.form.add("stream", visible=False)

    def _methods(self) -> None:
        """The radio and the inputs of each method; styles put the inputs into the card of their method."""
        names = [(f"{name}\n{about}", method) for method, (name, about) in METHOD_WORDS.items()]
        with gr.Column(elem_classes="methods"):
            said: dict[str, Any] = {"label": "Method", "show_label": False, "elem_id": "extract-method"}
            radio = Cards(names, value=_default("method"), interactive=True, **said)
            self.method = self.form.add("method", radio)
            self.inputs = {}
            for method, fields in METHOD_INPUTS.items():
                with gr.Column(visible=False, elem_classes=["own", "tight", f"of-{method}"]) as self.inputs[method]:
                    for field in fields:
                        self._input(field)
            with gr.Column(elem_classes=["own", "tight", "of-target"]) as self.target_group:
                self.target = self.form.add("target", placeholder="auto", label=TARGET_WORDS["keyframes"], info=None)

    def _input(self, field: str) -> None:
        """The control of a setting that one method reads."""
        words = {"spread": SPREAD_WORDS, "rank_by": COLUMN_WORDS}.get(field)
        more: dict[str, Any] = {"placeholder": str(STILLS), "label": "How many"} if field == "best" else {}
        self.form.add(field, words=words, **more)

    def _pre_filters(self) -> None:
        with _fold("Pre-filters"):
            Words("Frames that fail are recorded, but no picture of them is kept.", elem_classes="about")
            self.form.add("min_quality", placeholder="off")
            for metric in METRIC_NAMES:
                self.form.add(f"min_{metric}", placeholder="off")
            self.form.add("inside_bars")
            self.form.add("sharpness_scale")
            self.form.add("edge_scale")

    def _faces(self) -> None:
        add = self.form.add
        with _fold("Faces"):
            self.faces = [add("faces"), add("face_filter")]
            with gr.Column(visible=False, elem_classes="tight") as self.face_group:
                with gr.Column(visible=False, elem_classes="tight") as self.face_area:
                    add("min_face_area", placeholder="any")
                self.face_model = Choice(
                    list(FACE_PACKS), value=_default("face_model"), allow_custom_value=True, interactive=True,
                    label=_title("face_model"), info="A model's name, or the path of a folder of ONNX files",
                    elem_id="extract-face_model", elem_classes=["knob", "wide"],
                )  # fmt: skip
                add("face_model", self.face_model)
                self.face_status = FaceModelStatus("face-model")
                add("face_device", words=DEVICE_WORDS)
                add("min_face_confidence")
                self.photos = FacePhotos("extract-face_refs", uploads.MOST_PHOTO_BYTES)
                add("face_refs", self.photos)

    def _weights(self) -> None:
        with _fold("Quality weights"):
            for metric in METRIC_NAMES:
                self.form.add(f"quality_weights_{metric}", slider=True, info=None)
            said = "The quality score is the weighted mean of the five metrics."
            Words(said, elem_classes="about")

    def _files(self) -> None:
        with _fold("Format and files"):
            self.form.add("png")
            self.form.add("jpeg_quality")
            self.form.add("hdr", words=HDR_WORDS)
            self.form.add("save_frames")
            self.form.add("thumb_height")
        said: dict[str, Any] = {"label": facts_of(ExtractArguments)["resume"].title, "info": "Off: a run of its own"}
        self.resume = gr.Checkbox(True, interactive=True, elem_id="resume", elem_classes="knob", **said)

    # --- events

    def _events(self) -> None:
        self.presets.joins(self.form, self.keeper)
        self._source_events()
        self._method_events()
        self._face_events()
        self._go_events()

    def _source_events(self) -> None:
        card, picker, controls = self.card, self.picker, self.form.controls
        picker.typing(None, None, None, js=card.does("forget"), **QUIET)
        for said in (picker.typed, picker.chosen, picker.uploaded):
            said(None, picker, None, js=card.does("take"), **QUIET)
        card.refused(None, None, None, js=card.tells("refusal", picker, "error"), **QUIET)
        card.restored(None, None, None, js=card.tells("words", picker, "restore"), **QUIET)
        card.good(None, None, None, js=picker.does("remember"), **QUIET)
        self.extraction.browse(None, None, None, js=self.extraction.tells("root", picker, "browse"), **QUIET)
        card.facts(None, None, [controls["stream"], self.item, self.max_height], js=card.gives("beside"), **QUIET)
        card.facts(None, None, self.go, js=card.gives("button"), **QUIET)
        card.facts(None, None, None, js=card.tells("about", self.extraction, "about"), **QUIET)
        self.max_height.change(None, self.max_height, None, js=card.does("height"), **QUIET)

    def _method_events(self) -> None:
        """Which inputs are seen, and how many frames each method would choose."""
        shown = [f"{{ __type__: 'update', visible: m === {json.dumps(m)} }}" for m in METHOD_INPUTS]
        shown += [f"{{ __type__: 'update', visible: m in {json.dumps(TARGET_WORDS)} }}"]
        shown += [f"{{ __type__: 'update', label: {json.dumps(TARGET_WORDS)}[m] ?? '' }}"]
        looks = [*self.inputs.values(), self.target_group, self.target]
        self.method.change(None, self.method, looks, js=f"(m) => [{', '.join(shown)}]", **QUIET)
        names = ("method", "interval", "every", "target", "faces", "face_filter")
        values = [self.form.controls[name] for name in names]
        js = self.card.does("estimates", "extract-method")
        gr.on([control.change for control in values], None, values, None, js=js, **QUIET)
        self.card.facts(None, values, None, js=js, **QUIET)

    def _face_events(self) -> None:
        controls, status = self.form.controls, self.face_status
        both = "(...on) => ({ __type__: 'update', visible: on.includes(true) })"
        gr.on([box.change for box in self.faces], None, self.faces, self.face_group, js=both, **QUIET)
        one = "(on) => ({ __type__: 'update', visible: on })"
        self.faces[1].change(None, self.faces[1], self.face_area, js=one, **QUIET)
        model = [self.face_model, controls["face_device"], controls["min_face_confidence"]]
        changes = [control.change for control in (*self.faces, *model)]
        gr.on(changes, None, [*self.faces, *model], None, js=status.does("show"), **QUIET)
        gr.on(changes, None, model, None, js=self.photos.does("model"), **QUIET)
        self.card.facts(None, None, None, js=self.card.tells("frames", status, "describe"), **QUIET)
        status.packs(None, None, self.face_model, js=status.gives("choices"), **QUIET)

    def _go_events(self) -> None:
        keeper = self.keeper
        ask = self.card.tells("all", keeper, "ask")
        self.go.click(None, None, None, js=ask, **QUIET)
        self.card.go(None, None, None, js=ask, **QUIET)
        named = {"source": self.card, "max_height": self.max_height, "item": self.item, "resume": self.resume}
        stated = {"source": inspect.Parameter.empty, "max_height": self.max_height.value, "item": None, "resume": True}
        stated |= self.form.defaults()
        keeper.submit(
            endpoint(self._extract, **stated), None, keeper, inputs_kwargs=named | self.form.controls,
            api_name="extract", api_description=self._extract.__doc__, trigger_mode="once", show_progress="hidden",
        )  # fmt: skip
        for part, method in ((self.photos, "answered"), (self.face_status, "answered"), (self.extraction, "watch")):
            keeper.answered(None, None, None, js=keeper.tells("answer", part, method), **QUIET)

    def _extract(self, event: Any, source: str, max_height: str, item: int | None, resume: bool, **values: Any) -> Any:
        """Starts the extraction of a video; one on the web is downloaded first. Returns its job and run."""
        beside = {"max_height": max_height, "item": item, "resume": resume}
        settings = self.form.settings(values, by_program=event is None) | {
            name: value for name, value in beside.items() if value is not None
        }
        owner, several = self._verbs.owner_of(event), _several(event)
        jobs = [self._verbs.extract(one, settings, owner) for one in several or [source]]
        return {"job": jobs[0], "run": None if event else self._run_of(jobs[0])}

    def _run_of(self, job: str) -> str | None:
        """The name of the job's run, as soon as there is one."""
        give_up = time.monotonic() + PATIENCE_S
        while True:
            state = self._verbs.queue.snapshot(job)
            found = Path(state.run).name if state.run and RunDir(Path(state.run)).run_json.exists() else None
            if found or state.ended or state.state == "queued" or state.unit != "frames" or time.monotonic() > give_up:
                return found
            time.sleep(0.05)


class MethodForm(Form):
    """The form of an extraction: what nothing reads beside the other boxes stays in its box, and is not sent."""

    def settings(self, values: Mapping[str, Any], by_program: bool = False) -> dict[str, Any]:
        """Returns what differs from the defaults and is read by the method.

        ``by_program``: nothing stays in a box, so all is passed on; the job says, or refuses, what is not read.

        Raises:
            SettingsError: a value that is not read is wrong: it is not passed over in silence.
        """
        given = super().settings(values)
        if by_program:
            return given
        whole = given | {"method": values.get("method") or _default("method"), "thumbs": True}
        left = {one.name for one in unread(from_mapping(ExtractSettings, whole))}
        left |= {"target"} if whole["method"] == "best" else set()
        return {name: value for name, value in given.items() if name not in left}


def _several(event: Any) -> list[Any]:
    """The paths that the page chose at once; none for a program."""
    told = event.get("told") if isinstance(event, dict) else None
    found = told[0] if isinstance(told, list) and told else None
    return found[:MOST_AT_ONCE] if isinstance(found, list) else []


def _fold(name: str) -> gr.Accordion:
    return gr.Accordion(name, open=False, elem_classes=["fold", "tight"])


def _title(field: str) -> str:
    return facts_of(ExtractSettings)[field].title


def _default(field: str) -> Any:
    return facts_of(ExtractSettings)[field].default
