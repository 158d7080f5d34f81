"""What a person does on the page, with real keys and the real mouse. The only file of the tour that knows the page.

Every function takes Playwright's page. Controls are found by role and label where that can be done; where the page is
built anew only this file has to follow. ``BROAD_MS`` is how long a person waits for something that takes work.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.browser import type_text

SOURCE, REVIEW, FILTER = "Video Source", "Live Review", "Filtering & Export"
PERSONS = "Person Selection"
MASKING = "Subject Masking"
PATCHES = "Training Patches"
BROAD_MS = 120_000
FIRST_MS = 60_000
METHODS = {
    "best": "Best stills, spread",
    "keyframes": "Key frames",
    "interval": "Every few seconds",
    "scene": "Scene changes",
    "every_nth": "Every Nth frame",
    "all": "All frames",
}
PANES = {SOURCE: "#source", REVIEW: "#review", PERSONS: "#persons", MASKING: "#masking", FILTER: "#filter"}
PANES |= {PATCHES: "#patches"}


# --- the page as a whole


def go(page: Any, address: str) -> None:
    """Opens the page and waits until its form is there; the tab of the last visit is on top."""
    page.goto(address)
    source_box(page).wait_for(state="attached", timeout=FIRST_MS)


def pane(page: Any, tab: str) -> Any:
    """The element that holds all of a tab."""
    return page.locator(PANES[tab])


def open_tab(page: Any, tab: str) -> None:
    """Clicks the tab."""
    page.get_by_role("tab", name=tab).click()
    page.locator(PANES[tab]).wait_for(timeout=FIRST_MS)


def open_runs(page: Any) -> None:
    """Opens the run picker of the header."""
    page.locator(".pick").click()
    page.get_by_role("listbox", name="Runs").wait_for()


def choose_run(page: Any, name: str) -> None:
    """Opens a run by the picker, and waits until its gallery is at rest."""
    open_runs(page)
    page.get_by_role("option").filter(has=page.locator("b", has_text=re.compile(f"^{re.escape(name)}$"))).click()
    page.locator(".pick b", has_text=re.compile(f"^{re.escape(name)}$")).wait_for(timeout=BROAD_MS)


def open_help(page: Any) -> None:
    """Opens the list of keys."""
    page.get_by_role("button", name="Keys of this tab (?)").click()
    page.get_by_role("dialog", name="Keys of this tab").wait_for()


def close_help(page: Any) -> None:
    """Closes the list of keys."""
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Keys of this tab").wait_for(state="hidden")


def open_jobs(page: Any) -> None:
    """Opens the list of jobs with the log."""
    page.get_by_role("button", name="Log", exact=True).click()
    page.get_by_role("list", name="Jobs").wait_for()


def close_jobs(page: Any) -> None:
    """Closes the list of jobs."""
    page.get_by_role("button", name="Log", exact=True).click()


def job_bar(page: Any, text: str) -> None:
    """Waits until the bar at the bottom says this."""
    page.locator("#jobs", has_text=text).wait_for(timeout=BROAD_MS)


def in_job_bar(page: Any, button: str) -> None:
    """Presses a button of the bar at the bottom."""
    page.locator("#jobs").get_by_role("button", name=button, exact=True).first.click()


# --- Video Source


def source_box(page: Any) -> Any:
    """The field that takes an address or a path."""
    return page.get_by_label("URL, path or dropped file")


def name_source(page: Any, text: str | Path) -> None:
    """Types a path or an address into the source box."""
    type_text(source_box(page), str(text))


def show_path_as(page: Any, text: str, label: str = "URL, path or dropped file") -> None:
    """For a picture: shows another path in a box than the one of this machine, and its top."""
    box = page.get_by_label(label)
    box.evaluate("(box, text) => { box.value = text; }", text)
    box.scroll_into_view_if_needed()


def is_looked_at(page: Any) -> None:
    """Waits until the video's picture and its number of frames are shown."""
    page.locator(":is(.poster, .ready) img:visible").first.wait_for(timeout=BROAD_MS)
    page.locator(".about-source dt:has-text('Frames') + dd", has_text=re.compile("[0-9]")).wait_for(timeout=BROAD_MS)


def source_error(page: Any) -> str:
    """Waits until the source is refused; returns what is said."""
    error = page.locator("#source-file .wrong").first
    error.wait_for(timeout=BROAD_MS)
    return str(error.inner_text())


def address_offered(page: Any) -> None:
    """Waits until the page offers to look a web address up."""
    page.get_by_role("button", name="Look it up").wait_for(timeout=BROAD_MS)


def choose_method(page: Any, method: str) -> None:
    """Chooses how frames are picked: a key of ``METHODS``."""
    page.locator("#extract-method label", has_text=METHODS[method]).click()
    page.locator("#extract-method label.selected", has_text=METHODS[method]).wait_for()


def set_number(page: Any, label: str, text: str) -> None:
    """Types into a field of the form."""
    type_text(page.get_by_label(label).locator("visible=true").first, text)


def every(page: Any, frames: str) -> None:
    """One frame of so many."""
    set_number(page, "One frame of every", frames)


def fold(page: Any, name: str) -> None:
    """Folds a group of the form in or out."""
    group = page.locator("#source .fold > button", has_text=name)
    group.scroll_into_view_if_needed()
    group.click()
    group.evaluate("(e) => e.scrollIntoView({ block: 'start' })")


def use_faces(page: Any, models: Path) -> None:
    """In the open group of faces: reads faces with a folder of models of one's own."""
    page.get_by_label("Read faces while extracting").check()
    box = page.locator("#extract-face_model").get_by_label("Face model")
    box.wait_for()
    type_text(box, str(models))
    box.press("Enter")
    box.press("Tab")


def faces_say(page: Any, text: str) -> None:
    """Waits until this is said of the face model."""
    page.locator(".face-status", has_text=text).wait_for(timeout=BROAD_MS)


def offer_photo(page: Any, path: Path) -> None:
    """Names a photo of the person who is looked for."""
    box = page.get_by_label("Path of a photo")
    type_text(box, str(path))
    box.press("Enter")


def photo_asks(page: Any) -> None:
    """Waits until the page asks which face of the photo is meant."""
    page.get_by_role("radiogroup", name="Faces of the photo").wait_for(timeout=BROAD_MS)


def take_face(page: Any, steps: int) -> None:
    """Takes a face of the photo, so many to the right."""
    for _ in range(steps):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("list", name="Reference photos").locator("li").first.wait_for(timeout=BROAD_MS)


def extract(page: Any) -> None:
    """Presses the button that starts, and waits until it is this extraction that is shown."""
    before = page.locator(".live").get_attribute("data-job")
    page.get_by_role("button", name="Extract & Analyze Frames").click()
    other = "(before) => (document.querySelector('.live').dataset.job ?? null) !== before"
    page.wait_for_function(other, arg=before, timeout=BROAD_MS)


def extracting(page: Any) -> None:
    """Waits until an extraction runs and has shown some frames."""
    page.locator(".latest tbody tr").nth(3).wait_for(timeout=BROAD_MS)


def extraction_is(page: Any, state: str) -> None:
    """Waits until the extraction that is shown is ``done``, ``cancelled``, ``failed`` or ``interrupted``."""
    page.locator(f".live[data-state={state}]").wait_for(timeout=BROAD_MS)


def extraction_ended(page: Any) -> None:
    """Waits until the extraction has ended, well or not."""
    ended = ("done", "failed", "cancelled", "interrupted")
    page.locator(", ".join(f".live[data-state={state}]" for state in ended)).first.wait_for(timeout=BROAD_MS)


def to_filtering(page: Any) -> None:
    """Goes from the extraction to its gallery."""
    page.get_by_role("button", name="Open in Filtering").click()
    gallery_rests(page)


def presets(page: Any, tab: str) -> Any:
    """The line of presets of a tab."""
    return page.locator(f"{PANES[tab]} .presets")


def name_preset(page: Any, tab: str) -> None:
    """Asks for the name of a new preset."""
    presets(page, tab).get_by_role("button", name="Save").first.click()
    page.get_by_label("Name of the preset").locator("visible=true").wait_for()


def save_preset(page: Any, tab: str, name: str) -> None:
    """Types the name of a new preset, and saves it."""
    box = page.get_by_label("Name of the preset").locator("visible=true")
    type_text(box, name)
    box.press("Enter")
    presets(page, tab).get_by_text(f"Saved as {name}.").wait_for()


# --- Filtering & Export


def gallery(page: Any) -> Any:
    """The list of frames."""
    return page.get_by_role("listbox", name="Frames")


def gallery_rests(page: Any) -> None:
    """Waits until nothing of the gallery moves, and its pictures are there."""
    page.locator("#filter .pane[aria-busy=false]").wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(600)


def nothing_to_show(page: Any, sentence: str) -> None:
    """Waits until the tab says why it shows no gallery."""
    page.locator("#filter .blank", has_text=sentence).wait_for(timeout=BROAD_MS)


def view(page: Any, name: str) -> None:
    """Shows ``All``, ``Kept`` or ``Rejected``."""
    page.get_by_role("group", name="View").get_by_role("button", name=name).click()
    gallery_rests(page)


def slider(page: Any, label: str) -> Any:
    """A slider by its name."""
    return page.get_by_label(label, exact=True)


def drag_to(page: Any, label: str, share: float) -> None:
    """Drags the thumb of a slider to a share of its length."""
    thumb = slider(page, label)
    thumb.scroll_into_view_if_needed()
    box = thumb.bounding_box()
    low, high, now = (float(word) for word in thumb.evaluate("(e) => [e.min, e.max, e.value]"))
    y = box["y"] + box["height"] / 2

    def at(part: float) -> float:
        return float(box["x"] + 8 + (box["width"] - 16) * part)

    page.mouse.move(at((now - low) / (high - low)), y)
    page.mouse.down()
    page.mouse.move(at(share), y, steps=12)
    page.mouse.up()


def bound(page: Any, metric: str, share: float, side: str = "lower") -> None:
    """Drags one end of a range of a metric to a share of its length."""
    drag_to(page, f"{metric}, {side} bound", share)
    gallery_rests(page)


def type_bound(page: Any, metric: str, text: str) -> None:
    """Types the lower bound of a metric."""
    box = page.get_by_label(f"{metric}, lower bound, as a number")
    type_text(box, text)
    box.press("Tab")


def remove_duplicates(page: Any) -> None:
    """Turns the removal of near-duplicates on."""
    page.get_by_label("Remove near-duplicates").check()
    gallery_rests(page)


def best_stills(page: Any, amount: int) -> None:
    """Asks for the best stills, spread."""
    box = page.locator("#filter-best input")
    box.scroll_into_view_if_needed()
    type_text(box, str(amount))
    box.press("Tab")
    gallery_rests(page)


def unfold_filters(page: Any, name: str) -> None:
    """Shows the filters that are folded away under this heading."""
    head = page.get_by_role("region", name=name).locator(".fold-head")
    if head.get_attribute("aria-expanded") != "true":
        head.click()
    page.get_by_role("region", name=name).locator(".folded").scroll_into_view_if_needed()
    page.wait_for_timeout(300)


def reach_form(page: Any, tab: str) -> None:
    """In a narrow window the form of a tab is a sheet: opens it."""
    opener = page.locator(f"#{tab}-sheet")
    if opener.is_visible() and opener.get_attribute("aria-expanded") != "true":
        opener.click()
        page.wait_for_timeout(300)


def leave_form(page: Any, tab: str) -> None:
    """Closes the sheet, where the form is one and is open."""
    opener = page.locator(f"#{tab}-sheet")
    if opener.is_visible() and opener.get_attribute("aria-expanded") == "true":
        opener.click()
        page.wait_for_timeout(300)


def quota(page: Any, text: str) -> None:
    """Keeps so many frames in all."""
    reach_form(page, "filter")
    box = page.locator("#filter-top input").first
    type_text(box, text)
    box.press("Tab")
    leave_form(page, "filter")
    gallery_rests(page)


def sort_by(page: Any, name: str) -> None:
    """Sorts the gallery."""
    page.get_by_label("Sort by").select_option(label=name)
    gallery_rests(page)


def press_reason(page: Any) -> None:
    """Shows the frames that were rejected for the first reason."""
    page.locator(".reasons .chip").first.click()
    gallery_rests(page)


def reset_filters(page: Any) -> None:
    """Takes all filters back."""
    page.locator("#filter .side").get_by_role("button", name="Reset").first.click()
    gallery_rests(page)


def keys(page: Any, *names: str) -> None:
    """Presses keys in the gallery."""
    gallery(page).focus()
    for name in names:
        page.keyboard.press(name)
    page.wait_for_timeout(300)


def enlarge(page: Any) -> None:
    """Enlarges the frame that the gallery is at."""
    keys(page, "Enter")
    enlarged(page)


def enlarged(page: Any) -> None:
    """Waits until the enlarged picture is there."""
    page.locator("img.full[data-shows]").wait_for(timeout=BROAD_MS)


def click_enlarged(page: Any, right: float, down: float) -> None:
    """Clicks on the enlarged picture, so many parts of its room to the right and down."""
    room = page.locator(".view").first.bounding_box()
    page.mouse.click(room["x"] + right * room["width"], room["y"] + down * room["height"])
    page.locator(".view.zoomed").first.wait_for(timeout=BROAD_MS)


def beside(page: Any, amount: int) -> None:
    """Shows the next number of frames side by side, and waits for their pictures."""
    page.keyboard.press("b")
    page.locator("img.full[data-shows]").nth(amount - 1).wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(300)


def shrink(page: Any) -> None:
    """Closes the enlarged frame."""
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Frame", exact=True).wait_for(state="hidden")


def open_export(page: Any) -> None:
    """Opens the drawer of the export."""
    page.locator("#filter .selbar").get_by_role("button", name="Export").click()
    page.get_by_role("complementary", name="Export").wait_for()
    page.wait_for_timeout(600)


def export_to(page: Any, folder: str) -> None:
    """Types where the frames are exported to."""
    type_text(
        page.get_by_role("complementary", name="Export").locator("#export-dest input, #export-dest textarea"), folder
    )


def export(page: Any) -> None:
    """Presses the button that exports."""
    drawer = page.get_by_role("complementary", name="Export")
    drawer.get_by_role("button", name=re.compile(r"^Export [\d,]+ frame")).click()


def exported(page: Any) -> None:
    """Waits until the export is done."""
    page.locator(".drawer .verdict.kept").wait_for(timeout=BROAD_MS)


def export_refused(page: Any) -> None:
    """Waits until the export says why it cannot be."""
    page.get_by_role("complementary", name="Export").get_by_role("alert").wait_for(timeout=BROAD_MS)


def close_export(page: Any) -> None:
    """Closes the drawer of the export."""
    page.get_by_role("complementary", name="Export").get_by_role("button", name="Close (Esc)").click()


def people(page: Any) -> Any:
    """The drawer of the people."""
    return page.get_by_role("complementary", name="People")


def open_people(page: Any) -> None:
    """Opens the people by their key, and waits until they are read."""
    keys(page, "p")
    people_rest(page)


def people_rest(page: Any) -> None:
    """Waits until nothing is done about faces."""
    page.locator("#people-panel [aria-busy=false]").first.wait_for(state="attached", timeout=BROAD_MS)
    page.wait_for_timeout(500)


def find_people(page: Any, models: Path) -> None:
    """Has all faces read and people found."""
    type_text(people(page).get_by_label("Face model"), str(models))
    people(page).get_by_role("button", name="Find people").click()


def name_person(page: Any, number: int, name: str) -> None:
    """Gives a person a name."""
    box = people(page).get_by_label(f"Name of person {number}")
    type_text(box, name)
    box.press("Enter")
    page.locator(".people-strip .chip", has_text=name).first.wait_for(state="attached", timeout=BROAD_MS)


def filter_person(page: Any, name: str) -> None:
    """Keeps only frames of a person."""
    reach_form(page, "filter")
    page.locator(".people-strip .chip", has_text=name).first.click()
    leave_form(page, "filter")
    gallery_rests(page)


def look_for_person(page: Any, place: int) -> None:
    """Uses a person as reference."""
    people(page).get_by_role("button", name="Look for").nth(place).click()
    people_rest(page)


def close_people(page: Any) -> None:
    """Closes the drawer of the people."""
    people(page).get_by_role("button", name="Close (Esc)").click()


# --- Live Review


def list_folder(page: Any, folder: Path | str) -> None:
    """Types the folder whose videos are listed."""
    reach_form(page, "review")
    box = page.get_by_label("Folder of videos")
    box.wait_for(timeout=BROAD_MS)
    type_text(box, str(folder))
    box.press("Enter")


def folder_listed(page: Any) -> None:
    """Waits until the videos of the folder stand there."""
    page.locator(".video").first.wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(500)


def folder_refused(page: Any) -> None:
    """Waits until the folder is refused."""
    page.locator("#review .error").locator("visible=true").first.wait_for(timeout=BROAD_MS)


def open_video(page: Any, name: str) -> None:
    """Opens a video of the list."""
    reach_form(page, "review")
    page.locator(".video", has_text=name).click()


def plays(page: Any) -> None:
    """Waits until the video is shown and at rest."""
    page.locator(".film").wait_for(timeout=BROAD_MS)
    page.locator(".screen[aria-busy=false]").wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(400)


def review_says(page: Any, text: str) -> None:
    """Waits until this stands in the place of the video."""
    page.locator("#review .message", has_text=text).wait_for(timeout=BROAD_MS)


def take_weights(page: Any, path: Path | str) -> None:
    """Types the path of weights."""
    reach_form(page, "review")
    box = page.get_by_label("Weights", exact=True)
    type_text(box, str(path))
    box.press("Enter")


def weights_refused(page: Any) -> None:
    """Waits until something is wrong with the weights."""
    page.locator("#weights-wrong .error").locator("visible=true").wait_for(timeout=BROAD_MS)


def weights_say(page: Any, text: str) -> None:
    """Waits until this is said of the detections."""
    page.locator("#detections", has_text=re.compile(text)).wait_for(timeout=BROAD_MS)


def shows_boxes(page: Any) -> None:
    """Waits until the line above the video says how many boxes are drawn over the picture that is shown."""
    page.locator(".boxes-note", has_text=re.compile(r"^[1-9][\d,]* box(es)?$")).wait_for(timeout=BROAD_MS)


def look_at_video(page: Any) -> None:
    """Moves the mouse to the video: help that opens under the mouse goes away."""
    page.locator("#review .screen").hover(position={"x": 8, "y": 8})
    page.wait_for_timeout(200)


def live(page: Any, on: bool) -> None:
    """Turns live inference on or off."""
    page.get_by_label("Find boxes while it plays").set_checked(on)


def precompute(page: Any) -> None:
    """Has the detections of the whole video made."""
    reach_form(page, "review")
    page.get_by_role("button", name="Precompute").click()


def go_to_frame(page: Any, frame: int) -> None:
    """Clicks into the strip under the video."""
    leave_form(page, "review")
    strip = page.locator("canvas.track").bounding_box()
    frames = int(page.get_by_label("Position, frame").get_attribute("max")) + 1
    page.mouse.click(strip["x"] + (frame + 0.5) * strip["width"] / frames, strip["y"] + strip["height"] / 2)
    page.locator(".screen[aria-busy=false]").wait_for(timeout=BROAD_MS)


def review_keys(page: Any, *names: str) -> None:
    """Presses keys in the player."""
    page.locator(".screen").focus()
    for name in names:
        page.keyboard.press(name)
    saves_rest(page)


def saves_rest(page: Any) -> None:
    """Waits until every save is done."""
    page.locator(".saved-strip[aria-busy=false]").wait_for(timeout=BROAD_MS)


def saved(page: Any) -> int:
    """How many saved frames the strip shows."""
    return int(page.locator(".saved-strip .card").count())


def class_chip(page: Any, name: str) -> None:
    """Hides the boxes of a class, or shows them again."""
    page.get_by_role("button", name=f"Hide {name}").first.click()


def save_into(page: Any, folder: str) -> None:
    """Types the folder for saved frames."""
    box = page.get_by_label("Folder for saved frames")
    type_text(box, folder)
    box.press("Enter")


def copy_offered(page: Any) -> None:
    """Waits until the page offers to make a copy that plays."""
    page.get_by_role("button", name="Make a playable copy").wait_for(timeout=BROAD_MS)


def make_copy(page: Any) -> None:
    """Has a copy made that plays."""
    page.get_by_role("button", name="Make a playable copy").click()


# --- what a person reads, and longer ways


def export_said(page: Any) -> str:
    """What the export says when it is done."""
    return str(page.locator(".drawer .verdict.kept").inner_text()).strip()


def kept_said(page: Any) -> str:
    """How many frames are kept."""
    return str(page.locator("#filter .counts b").inner_text()).strip()


def broken_said(page: Any) -> str:
    """What is said of a film that is cut off."""
    said = page.locator("#source-file .wrong").locator("visible=true").first
    said.wait_for(timeout=BROAD_MS)
    return str(said.inner_text()).strip()


def click_people(page: Any) -> None:
    """Opens the people by the mouse."""
    reach_form(page, "filter")
    page.locator(".people-strip .link").click()
    leave_form(page, "filter")
    people_rest(page)


def tab_to(page: Any, wanted: str, most: int = 150) -> None:
    """Presses Tab until an element that the selector matches has the focus.

    Raises:
        AssertionError: it is not reached.
    """
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => Boolean(document.activeElement?.closest(wanted))", wanted):
            return
    raise AssertionError(f"Tab does not reach {wanted}")


def by_keyboard(page: Any, video: Path, every_nth: str, top: str) -> None:
    """Some stills of a clip without the mouse: named, extracted, the best chosen, exported."""
    tab_to(page, "#source-file input")
    page.keyboard.type(str(video))
    is_looked_at(page)
    tab_to(page, "#extract-method")
    while not page.locator("#extract-method label.selected", has_text=METHODS["every_nth"]).count():
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(100)
    tab_to(page, "#extract-every")
    page.keyboard.press("Control+a")
    page.keyboard.type(every_nth)
    page.keyboard.press("Control+Enter")
    extraction_is(page, "done")
    tab_to(page, ".live .btn.primary")
    page.keyboard.press("Enter")
    gallery_rests(page)
    is_sheet = page.locator("#filter-sheet").is_visible()
    if is_sheet:
        tab_to(page, "#filter-sheet")
        page.keyboard.press("Enter")
    tab_to(page, "#filter-top input")
    page.keyboard.type(top)
    page.keyboard.press("Enter")
    if is_sheet:
        page.keyboard.press("Escape")
    gallery_rests(page)
    tab_to(page, ".grid, [role=listbox][aria-label=Frames]")
    page.keyboard.press("e")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    exported(page)


# --- Person Selection


def open_run_of(page: Any, name: str) -> None:
    """Opens a run by the picker, if it is not open."""
    shown = page.locator(".pick b", has_text=re.compile(f"^{re.escape(name)}$"))
    page.locator(".pick b").first.wait_for(timeout=BROAD_MS)
    if not shown.is_visible():
        choose_run(page, name)


def take_detector(page: Any, path: Path | str) -> None:
    """Types the path of weights that find people."""
    reach_form(page, "persons")
    box = page.get_by_label("Detector", exact=True)
    type_text(box, str(path))
    box.press("Enter")


def find_persons(page: Any) -> None:
    """Starts the job."""
    page.locator("#persons-find:not([disabled])").click(timeout=BROAD_MS)


def persons_there(page: Any) -> None:
    """Waits until the table shows somebody, and the crops of the first one."""
    page.locator("table.persons img.crop").first.wait_for(timeout=BROAD_MS)


def table_keys(page: Any, *names: str) -> None:
    """Presses keys in the table of persons."""
    page.locator(".persons_table .scrolled").focus()
    for name in names:
        page.keyboard.press(name)
        page.locator(".persons_table .scrolled[aria-busy=false]").wait_for(timeout=BROAD_MS)


# --- Subject Masking


def shots_there(page: Any, many: int = 1) -> None:
    """Waits until so many shots are on the board."""
    page.locator(".shot_board .tile").nth(many - 1).wait_for(timeout=BROAD_MS)


def look_for_cuts(page: Any) -> None:
    """Lets shots be found, from the notice of the board."""
    page.locator(".shot_board").get_by_role("button", name="Look for cuts").click()


def take_masker(page: Any, name: str) -> None:
    """Chooses a masker, and waits until it is ready."""
    page.locator("#masking-masker label", has_text=name).click()
    page.locator("#masking-masker label.selected", has_text="ready").wait_for(timeout=BROAD_MS)


def edit_shot(page: Any, number: int) -> None:
    """Opens the canvas on a shot."""
    page.locator(".shot_board .tile").nth(number).click()
    page.locator(".point_canvas .stage[aria-busy=false]").wait_for(timeout=BROAD_MS)


def point_at(page: Any, x: float, y: float, button: str = "left") -> None:
    """Clicks on the picture of the canvas; x and y are parts of its width and height."""
    box = page.locator(".point_canvas img.frame").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"], button=button)


def drag_box(page: Any, x1: float, y1: float, x2: float, y2: float) -> None:
    """Drags a box on the picture of the canvas, in parts of its width and height."""
    box = page.locator(".point_canvas img.frame").bounding_box()
    page.mouse.move(box["x"] + x1 * box["width"], box["y"] + y1 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + x2 * box["width"], box["y"] + y2 * box["height"], steps=5)
    page.mouse.up()


def mask_seen(page: Any) -> None:
    """Waits for the mask of what is said."""
    page.locator(".point_canvas .under span", has_text="Mask:").wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(300)


def masking_rests(page: Any) -> None:
    """Waits until no job works on the shots, and nothing is saved."""
    page.wait_for_function(
        "!framesieve.masking.masking.job && !framesieve.masking.masking.saving", timeout=2 * BROAD_MS
    )


def masking_keys(page: Any, *keys: str) -> None:
    """Presses keys on the canvas, or on the board."""
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(150)


def point_for_me(page: Any, seed: str) -> None:
    """Lets subjects be pointed at in every shot without points, and waits until that is done."""
    page.locator("#masking-board select.seeds:not([disabled])").select_option(seed)
    page.locator("#jobs", has_text="Points in").filter(has_text="done").wait_for(timeout=2 * BROAD_MS)
    masking_rests(page)


# --- Training Patches


def in_table(page: Any, label: str, text: str) -> None:
    """Types into a box of a table, by its name: ``"Weight of category 2"``."""
    type_text(page.get_by_label(label, exact=True), text)


def set_patches(page: Any, name: str, text: str) -> None:
    """Types into the box of a setting."""
    box = page.locator(f"#patches-{name} input")
    type_text(box, text)
    box.press("Tab")


def patches_folder(page: Any, text: str) -> None:
    """Types the folder that patches go to."""
    box = page.get_by_label("Folder of the patches", exact=True)
    type_text(box, text)
    box.press("Tab")


def preview_patches(page: Any) -> None:
    """Asks for sample windows."""
    page.get_by_role("button", name="Preview", exact=True).click()


def patches_previewed(page: Any) -> None:
    """Waits until all sample windows are there and measured."""
    page.locator(".patch_flipbook .amount", has_text="about").wait_for(timeout=BROAD_MS)
    page.wait_for_timeout(500)


def patches_written(page: Any, many: int) -> None:
    """Waits until so many patches of the first category are written."""
    script = f"+document.querySelector('.patch_tracker .made')?.textContent.replaceAll(',', '') >= {many}"
    page.wait_for_function(script, timeout=BROAD_MS)
