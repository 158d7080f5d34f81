"""The five jobs of somebody who is new here, done with real mouse and keyboard in Chromium, at 1280 and at 390 px.

``python -m benchmarks.new_user [--to FILE] [--home DIR]`` writes clicks, keys and seconds of each job. A click is a
press of the mouse or a drag; a typed text counts as one entry whatever its length; keys are all others. Seconds hold
the work of the program too, the same before and after. What a person does on the page stands in ``tour/hands.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from core import files
from tests.browser import launch
from tour import hands
from tour.stage import Stage, stage

RESULTS = Path(__file__).parent / "results" / "new_user.json"
WINDOWS = {"1280": (1280, 720), "390": (390, 844)}
STILLS, EXAMPLES = 20, 10
COUNT = """() => {
  if (window.top !== window) return;
  const told = () => JSON.parse(sessionStorage.getItem('new-user') ?? '{"clicks":0,"keys":0,"entries":0}');
  const add = (what) => {
    const now = told();
    now[what] += 1;
    sessionStorage.setItem('new-user', JSON.stringify(now));
  };
  let field = null;
  addEventListener('mousedown', (event) => event.isTrusted && add('clicks'), true);
  addEventListener('focusin', () => (field = null), true);
  addEventListener('keydown', (event) => {
    if (!event.isTrusted || /^(Shift|Control|Meta|Alt)$/.test(event.key)) return;
    const node = event.target;
    const types = node.matches?.('input:not([type=range], [type=checkbox], [type=radio]), textarea');
    const letter = event.key.length === 1 || /^(Backspace|Delete)$/.test(event.key);
    if (!types || !letter) return add('keys');
    if (field !== node) add('entries');
    field = node;
  }, true);
}"""


@dataclass(frozen=True)
class Done:
    """What a job took."""

    clicks: int
    keys: int
    entries: int
    seconds: float
    result: str
    failed: str = ""


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    from playwright.sync_api import sync_playwright

    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = launch(playwright)
        with stage((args.home or Path(home)).resolve()) as made:
            for window in WINDOWS:
                wanted = {name: job for name, job in JOBS.items() if args.only in f"{window} {name}"}
                found[window] = {name: asdict(_do(browser, made, window, job)) for name, job in wanted.items()}
        browser.close()
    args.to.parent.mkdir(parents=True, exist_ok=True)
    files.write_json(args.to, found)
    print(json.dumps(found, indent=1))
    return int(any(job["failed"] for jobs in found.values() for job in jobs.values()))


def _parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description="The five jobs of a new user.")
    found.add_argument("--to", type=Path, default=RESULTS)
    found.add_argument("--home", type=Path, help="where clips and runs are made, to be used again")
    found.add_argument("--only", default="", help='jobs whose "width name" holds this')
    return found


Job = Callable[[Any, Stage], str]


def _do(browser: Any, made: Stage, window: str, job: Job) -> Done:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as downloads, _page(browser, window) as page:
        made.forget_detections()
        made.serve(Path(downloads))
        began, failed, result = time.monotonic(), "", ""
        try:
            result = job(page, made)
        except Exception as error:  # the job that cannot be done is a result too
            failed = str(error).strip().splitlines()[0]
            page.screenshot(path=str(Path(tempfile.gettempdir()) / f"new_user_{window}_{job.__name__}.png"))
        seconds = round(time.monotonic() - began, 1)
        told = page.evaluate("JSON.parse(sessionStorage.getItem('new-user'))") or {}
        made.close()
    print(window, job.__name__, told, seconds, result, failed, file=sys.stderr, flush=True)
    return Done(told.get("clicks", 0), told.get("keys", 0), told.get("entries", 0), seconds, result, failed)


@contextlib.contextmanager
def _page(browser: Any, window: str) -> Iterator[Any]:
    width, height = WINDOWS[window]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light")
    context.add_init_script(f"({COUNT})()")
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


# --- the jobs


def twenty_stills(page: Any, made: Stage) -> str:
    """Twenty pictures of a clip, in a folder."""
    hands.go(page, made.address)
    hands.name_source(page, made.media / "juggle.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "every_nth")
    hands.every(page, "5")
    hands.extract(page)
    hands.extraction_is(page, "done")
    hands.to_filtering(page)
    hands.quota(page, str(STILLS))
    hands.open_export(page)
    hands.export(page)
    hands.exported(page)
    return hands.export_said(page)


def frames_of_a_person(page: Any, made: Stage) -> str:
    """The people of a video are found, one is named, and the gallery shows that one alone."""
    hands.go(page, made.address)
    hands.name_source(page, made.media / "both.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "every_nth")
    hands.every(page, "6")
    hands.extract(page)
    hands.extraction_is(page, "done")
    hands.to_filtering(page)
    hands.click_people(page)
    hands.find_people(page, made.models / "faces")
    hands.people_rest(page)
    hands.name_person(page, 1, "Jo")
    hands.close_people(page)
    hands.filter_person(page, "Jo")
    hands.view(page, "Kept")
    return hands.kept_said(page)


def ten_hard_examples(page: Any, made: Stage) -> str:
    """Ten frames that a detector gets wrong are looked at, tagged and saved."""
    hands.go(page, made.address)
    hands.open_tab(page, hands.REVIEW)
    hands.list_folder(page, made.media)
    hands.folder_listed(page)
    hands.take_weights(page, made.models / "yolov8n.pt")
    hands.open_video(page, "driving.mp4")
    hands.plays(page)
    hands.precompute(page)
    hands.weights_say(page, "boxes of")
    for number in range(EXAMPLES):
        hands.go_to_frame(page, 2 + number * 7)
        hands.review_keys(page, "fnu"[number % 3], "s")
    while hands.saved(page) < EXAMPLES:  # those that are like another are saved by a second press
        hands.review_keys(page, "ArrowRight", "s", "s")
    return f"{hands.saved(page)} saved"


def faults_and_a_restart(page: Any, made: Stage) -> str:
    """A path that is wrong, a film that is cut off, and a server that ends in the middle."""
    hands.go(page, made.address)
    hands.name_source(page, made.media / "jugle.mp4")
    said = hands.source_error(page)
    hands.name_source(page, made.media / "broken.mp4")
    cut_off = hands.broken_said(page)
    hands.name_source(page, made.media / "a long drive.mp4")
    hands.is_looked_at(page)
    hands.choose_method(page, "all")
    hands.extract(page)
    hands.extracting(page)
    made.serve(made.served)
    hands.go(page, made.address)
    hands.extraction_is(page, "interrupted")
    hands.in_job_bar(page, "Resume")
    hands.job_bar(page, "extracting")
    hands.extraction_is(page, "running")
    return f"{said} | {cut_off}"


def stills_by_keyboard(page: Any, made: Stage) -> str:
    """The first job without the mouse."""
    hands.go(page, made.address)
    hands.by_keyboard(page, made.media / "juggle.mp4", "5", str(STILLS))
    return hands.export_said(page)


JOBS: dict[str, Job] = {
    "twenty stills": twenty_stills,
    "frames of a person": frames_of_a_person,
    "ten hard examples": ten_hard_examples,
    "faults and a restart": faults_and_a_restart,
    "stills by keyboard": stills_by_keyboard,
}

if __name__ == "__main__":
    sys.exit(main())
