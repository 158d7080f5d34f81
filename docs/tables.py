"""Writes the tables of the documents that are made from the program: options, verbs, presets, names, figures.

Run from the repository root: ``python docs/tables.py``. A table stands between ``<!-- table: NAME -->`` and
``<!-- end -->`` in README.md or a page of docs/; what makes it is found in ``TABLES`` by the first word of its name.
tests/test_docs.py holds them true.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import app  # noqa: E402
from core.cli import main as cli  # noqa: E402
from core.settings.columns import FILTERABLE  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
TABLE = re.compile(r"(<!-- table: ([a-z][a-z -]*) -->\n).*?(<!-- end -->)", re.DOTALL)
OF_EVERY_VERB = {"help", "json"}
"""What each verb takes, said once above the tables."""


def main() -> None:
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if (made := filled(text)) != text:
            path.write_text(made, encoding="utf-8")
            print(f"{path.relative_to(ROOT)} is renewed")


def documents() -> list[Path]:
    """README.md and the pages of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def filled(text: str) -> str:
    """Returns a document with each of its tables made anew."""
    return TABLE.sub(lambda found: found[1] + table(found[2]) + found[3], text)


def table(name: str) -> str:
    """Returns the table of a name such as "options of extract"."""
    kind, _, rest = name.partition(" ")
    return TABLES[kind](rest)


# --- the command line: the only place that knows how its parser is made


def verbs() -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Name of a verb -> what it does, and its parser."""
    parsers = cli.parser().verbs
    for parser in parsers.values():
        parser.build()
    return {name: (str(parser.description), parser) for name, parser in parsers.items()}


def verbs_table(_: str) -> str:
    return rows(("Verb", "Does"), ((f"[`{name}`](#{name})", about) for name, (about, _) in verbs().items()))


def options_table(name: str) -> str:
    """``of VERB``, ``of VERB beyond ANOTHER``, or ``of app``: the start of the page."""
    verb, _, other = name.removeprefix("of ").partition(" beyond ")
    if verb == "app":
        return arguments_table(app.parser(), OF_EVERY_VERB)
    known = {action.dest for action in verbs()[other][1]._actions} if other else set()
    return arguments_table(verbs()[verb][1], known | OF_EVERY_VERB)


def arguments_table(parser: argparse.ArgumentParser, known: set[str]) -> str:
    shown = [action for action in parser._actions if action.dest not in known]
    return rows(("Option", "Meaning"), ((f"`{spelling(each)}`", help_of(each)) for each in shown))


def spelling(action: argparse.Action) -> str:
    """How an argument is typed: ``--top N``, ``--person ID ...``, ``SOURCE``."""
    if action.choices:
        value = "\\|".join(map(str, action.choices))
    elif isinstance(action.metavar, tuple):
        value = " ".join(action.metavar)
    elif action.nargs == 0:
        value = ""
    else:
        value = action.metavar or action.dest.upper()
    value = {"+": f"{value} ...", "?": f"[{value}]"}.get(str(action.nargs), value)
    return " ".join(part for part in (", ".join(action.option_strings), value) if part)


def help_of(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def names_table(_: str) -> str:
    """The settings that programs call otherwise than the command line."""
    of = {"extract": "settings", "filter": "filters", "export": "settings"}
    found: dict[tuple[str, str], str] = {}
    for verb, kind in of.items():
        for action in verbs()[verb][1]._actions:
            plain = [flag.removeprefix("--").replace("-", "_") for flag in action.option_strings]
            key = action.dest.rpartition(".")[2]
            if plain and key not in plain:
                found.setdefault((key, action.option_strings[-1]), kind)
    return rows(("Key", "Of", "Option"), ((f"`{key}`", kind, f"`{flag}`") for (key, flag), kind in found.items()))


def columns_table(_: str) -> str:
    return "\n" + ", ".join(f"`{name}`" for name in FILTERABLE) + "\n\n"


def presets_table(_: str) -> str:
    paths = sorted((ROOT / "presets").glob("*.json"))
    about = ((f"`{path.stem}`", json.loads(path.read_text(encoding="utf-8"))["about"]) for path in paths)
    return rows(("Preset", "For"), about)


def rows(head: tuple[str, ...], cells: Iterator[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(line)} |\n" for line in (head, *cells)]
    return "\n" + lines[0] + "|---" * len(head) + "|\n" + "".join(lines[1:]) + "\n"


# --- figures


def figures_table(_: str) -> str:
    """The figures of benchmarks/results/*.json beside what was wanted."""
    found = [*startup_rows(), *extract_rows(), *memory_rows(), *kernel_rows(), *filter_rows(), *page_rows()]
    found += [*spread_rows(), *face_rows(), *detect_rows(), *review_rows(), *people_rows(), *mask_rows(), *patch_rows()]
    return rows(("What", "Measured", "Wanted"), iter(found))


def mask_rows() -> list[tuple[str, str, str]]:
    report, found = loaded("mask.json"), []
    if row := report.get("ratio"):
        measured = f"{row['ratio']:.2f}, CPU {row['ratio_cpu']:.2f}"
        found.append(("masks: SAM 2.1 tiny at 512 px, a frame over the bare predictor's", measured, "<= 1.1"))
    lengths = [name for name in ("memory-50", "memory-200", "memory-800") if name in report]
    if lengths:
        peaks = ", ".join(f"{name.partition('-')[2]}: {report[name]['peak_mib']:,.0f} MiB" for name in lengths)
        found.append(("masks: peak memory of a shot of so many frames, SAM 2.1 tiny at 512 px", peaks, "flat"))
    if row := report.get("click"):
        found.append(("masks: a click on a tile, beyond its decoder", f"{row['more_ms']:.0f} ms", "<= 100 ms"))
    if row := report.get("yolo"):
        measured = f"{row['share']:.2f}, {row['ours_fps']:.0f} frames/s"
        found.append(("masks: yolo-seg, of the throughput that its parts allow", measured, ">= 0.9"))
    return found


def patch_rows() -> list[tuple[str, str, str]]:
    report, found = loaded("patches.json"), []
    wanted = {"a call for each extraction": ">= 6", "a call for each category": ">= 20"}
    speed = report.get("speed", {})
    for way, ratio in speed.get("wall_by_first", {}).items():
        if way in wanted:
            ours, theirs = (speed["ways"][name]["cpu_s"] for name in ("ours", way))
            measured = f"{ratio:.1f} times as fast, CPU {theirs / ours:.1f} times as little"
            found.append(
                (f"patches, {speed['extractions']} windows in 3 categories: against {way}", measured, wanted[way])
            )
    if split := report.get("split"):
        costs = [f"{way} {of['cpu_s']:.1f} s" for way, of in split["ways"].items()]
        found.append(("patches: CPU seconds of the same", ", ".join(costs).replace("ours", "all, with PNG"), ""))
    for part, where, most in (("decode", "", "<= 1.2"), ("cuts", " with 20 cuts, until they hold", "<= 2.2")):
        if read := report.get(part):
            measured = f"{max(read['wall_by_first'].values()):.2f} of one decode"
            what = f"patches: reading {read['extractions']:,} windows of 1,800 frames{where}"
            found.append((what, measured, most))
    return found


def people_rows() -> list[tuple[str, str, str]]:
    report, found = loaded("people_truth.json"), []
    halves = {
        "tune": "thresholds chosen here",
        "more": "chosen here too",
        "judge": "judged",
        "blind": "never chosen on",
        "fresh": "never chosen on, made last",
    }
    wanted = {"automatic": ">= 0.98, >= 0.85", "after_suggestions": ">= 0.98, >= 0.98"}
    for half, what in halves.items():
        for when, limit in wanted.items() if half in report else ():
            case = report[half][when]
            name = f"persons, {half} ({what}), {when.replace('_', ' ')}: precision, recall"
            uncut = f"{case['whole_precision']:.3f}, {case['whole_recall']:.3f} of uncut tracklets"
            found.append((name, f"{case['precision']:.3f}, {case['recall']:.3f}; {uncut}", limit))
    names = {
        "stage_2_to_bare_loop_cpu": ("persons, 54,000 frames of ten: stage 2 to the library's bare loop", "<= 1.2"),
        "stages_3_to_5_and_7b_wall_s": ("persons, 54,000 frames of ten: stages 3 to 5 and 7b, seconds", "< 20"),
        "stage_1_to_detection_cpu": ("persons, stage 1 to detection alone, CPU", "<= 1.15"),
        "stage_6_to_decode_and_encode_cpu": ("persons, stage 6 to decoding and encoding, CPU", "<= 1.2"),
        "peak_mb": ("persons, 54,000 frames of ten: peak memory, MB", "< 1000"),
    }
    summary = loaded("people.json").get("summary", {})
    found += [(what, f"{summary[key]:.3g}", limit) for key, (what, limit) in names.items() if key in summary]
    for row in loaded("people.json").get("rows", []):
        if row["name"].startswith("regroup"):
            found.append(("persons, 54,000 frames of ten: regroup", f"{row['wall_s']:.2f} s", "< 0.5 s"))
    for which, case in loaded("people_tracker.json").get("summary", {}).items():
        numbers = f"IDF1 {case['idf1']:.3f}, MOTA {case['mota']:.3f}, {case['num_switches']:.0f} switches"
        found.append((f"tracker on the same boxes: {which}", numbers, ""))
    return found


def loaded(name: str) -> dict[str, Any]:
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def startup_rows() -> list[tuple[str, str, str]]:
    report = loaded("startup.json")
    wanted = {
        "extract, 5 s of 1080p": "< 1.1 s",
        "extract, 5 s of 1080p, all frames scored": "",
        "probe, 5 s of 1080p": "",
        "--help": "< 0.5 s",
    }
    return [
        (f"whole process: {name}", f"{case['wall_s']:.2f} s, CPU {case['cpu_s']:.2f} s", wanted[name])
        for name in wanted
        if (case := report.get(name))
    ]


def extract_rows() -> list[tuple[str, str, str]]:
    report = loaded("extract.json")
    wanted = {
        "score all": "speed >= 0.80, CPU <= 1.30",
        "score all, whole process": "speed >= 0.80",
        "keyframes": "CPU <= 0.125",
        "keyframes saved": "CPU <= 0.125",
        "scene": "CPU <= 1.15",
        "interval 10 s of 10 min": "CPU <= 0.167",
        "shots": "",
    }
    rows = [
        (f"{name}, against `ffmpeg -f null`", f"speed {speed(case)}, CPU {cpu(case)}", wanted[name])
        for name in wanted
        if (case := report.get(name))
    ]
    if case := report.get("save all as JPEG"):
        share = f"{case['share_of_limit']:.2f} of the limit, {case['frames_per_s']:.0f} frames/s"
        rows.append(("all frames saved as JPEG, against the sum of the parts", share, ">= 0.85"))
    return rows


def speed(case: dict[str, Any]) -> str:
    return f"{case['speed_of_ffmpeg']:.2f}x"


def cpu(case: dict[str, Any]) -> str:
    return f"{case['cpu_of_ffmpeg']:.3g}x"


def memory_rows() -> list[tuple[str, str, str]]:
    report = loaded("memory.json")
    if not report:
        return []
    peaks = ", ".join(f"{name}: {cost['peak_mb']:.0f} MB" for name, cost in report.items())
    return [("peak memory of scoring all frames", peaks, "< 600 MB, flat")]


def kernel_rows() -> list[tuple[str, str, str]]:
    report = loaded("kernel.json").get("ratios", {})
    wanted = {
        "OpenCV 64-bit float / ours": ("kernel: time of the OpenCV 64-bit-float recipe over ours", ">= 20"),
        "OpenCV tuned / ours": ("kernel: time of tuned OpenCV over ours", ">= 4"),
    }
    return [(what, f"{report[name]:.3g}", limit) for name, (what, limit) in wanted.items() if name in report]


def filter_rows() -> list[tuple[str, str, str]]:
    wanted = {
        "open a run: load_table": "< 1 s",
        "8 thresholds: select (with reasons and only_by)": "< 1 ms",
        "duplicates: random": "< 200 ms",
        "duplicates: half of the bits never change": "< 200 ms",
    }
    rows = {row["name"]: row for row in loaded("filter.json").get("rows", [])}
    return [
        (f"100,000 records, {name}", f"{rows[name]['wall_s'] * 1000:.3g} ms", limit)
        for name, limit in wanted.items()
        if name in rows
    ]


def spread_rows() -> list[tuple[str, str, str]]:
    report = loaded("spread.json")
    return [
        (
            f"the best {row['best']} of {report['frames']:,} frames by {row['spread']}, in the browser; in Python",
            f"{row['browser']['median_ms']:.0f} ms; {row['python']['median_ms']:.0f} ms",
            f"< {report['goal_ms']} ms",
        )
        for row in report.get("rows", [])
    ]


def page_rows() -> list[tuple[str, str, str]]:
    report = loaded("page.json")
    if not report:
        return []
    return [
        ("page usable after the start", f"{report['usable_s_median']:.2g} s", "< 5 s"),
        ("slider to repainted gallery, 20,000 frames", f"{report['drag_20000_ms_median']:.0f} ms", "< 100 ms"),
        ("steps of a drag that were painted", report["drag_20000_painted"], "30 of 30"),
        ("opening 100,000 frames in the page", f"{report['open_100000_s_median']:.2g} s", "< 3 s"),
        ("age of a job's state on the screen", f"{report['job_state_age_s_median']:.2f} s", "< 0.5 s"),
    ]


def face_rows() -> list[tuple[str, str, str]]:
    report = loaded("faces.json")
    if not report:
        return []
    ratio = report["reading"][0]
    bare, single = (ratio[f"ratio_to_bare_{of}"]["median"] for of in ("as_it_comes", "one_thread"))
    again, groups = report["speed"][0], report["speed"][2]
    return [
        ("faces, CPU of ours beyond decoding over bare insightface", f"{bare:.2f}; {single:.2f} one thread", "<= 1.1"),
        ("comparing 50,000 faces with another reference", f"{again['median_ms']:.0f} ms", "< 50 ms"),
        ("grouping 20,000 faces", f"{groups['wall_s']:.1f} s", "< 10 s"),
    ]


def detect_rows() -> list[tuple[str, str, str]]:
    report = loaded("detect.json")
    rows = []
    for name, found in report.items():
        if name.startswith(("cpu ", "cuda ")):
            speed = f"{found['of_parts_wall']:.2f} of what the parts allow (CPU {found['of_parts_cpu']:.2f})"
            rows.append((f"precompute, {name}", speed, ">= 0.9"))
            if "times_predict_wall" in found:
                rows.append(
                    (f"precompute, {name}, over `yolo predict`", f"{found['times_predict_wall']:.1f}x", ">= 2x")
                )
    for weights, found in report.get("agreement", {}).items():
        agree = f"recall {found['recall']:.3f}, precision {found['precision']:.3f}"
        rows.append((f"boxes of {weights} against float32", agree, ">= 0.98"))
    return rows


def review_rows() -> list[tuple[str, str, str]]:
    report = loaded("review.json")
    if not report:
        return []

    def of(name: str) -> str:
        return f"{report[name]['median']:.3g} (worst {report[name]['worst']:.3g})"

    return [
        ("Live Review: open a cached 30-minute video, boxes shown, s", of("open_s"), "< 1"),
        ("Live Review: the same, opened the first time ever, s", of("open_first_ever_s"), "< 1"),
        ("Live Review: confidence moved to boxes redrawn, ms", of("drag_conf_ms"), "next frame"),
        ("Live Review: save told in the page, paused, ms", of("save_paused_told_ms"), "< 100"),
        ("Live Review: save on disk, paused, ms", of("save_paused_on_disk_ms"), "< 150"),
        ("Live Review: save on disk, playing, ms", of("save_playing_on_disk_ms"), "< 150"),
    ]


# --- the ways of values


WALKS = {
    "path-command": "(a) a video's path, `extract` on the command line",
    "path-command-again": "(a) the same command again: the run is complete",
    "path-page": "(a) a video's path, from *Extract & Analyze Frames* to the end of the job",
    "frame-number": "(b) a frame's number, from key `S` to the file",
    "slider": "(c) a slider's value, to the exported set",
}
COUNTED = ("stays", "modules", "returns", "climbs", "videos opened", "run.json read")


def walks_table(_: str) -> str:
    """What benchmarks/walks.py counted, a line for each walk and tree."""
    trees = loaded("walks.json")
    lines = [
        (about, tree, *(str(walks[name][what]) for what in COUNTED))
        for name, about in WALKS.items()
        for tree, walks in trees.items()
        if name in walks
    ]
    return rows(("Walk", "Tree", *(what.capitalize() for what in COUNTED)), iter(lines))


def ways_table(tree: str) -> str:
    """Every stay of each walk of a tree, folded."""
    walks = loaded("walks.json").get(tree, {})
    folded = (
        f"<details><summary>{WALKS[name].replace('`', '')}</summary>\n\n"
        f"{walk['way'].replace('core.', '').replace(' > ', ', ')}\n\n</details>\n"
        for name, walk in walks.items()
    )
    return "\n" + "\n".join(folded) + "\n"


TABLES: dict[str, Callable[[str], str]] = {
    "verbs": verbs_table,
    "options": options_table,
    "names": names_table,
    "columns": columns_table,
    "presets": presets_table,
    "figures": figures_table,
    "walks": walks_table,
    "ways": ways_table,
}
"""First word of a table's name -> what makes it of the other words."""


if __name__ == "__main__":
    main()
