"""Writes the generated parts of README.md: the options of each verb, and the benchmark table.

Run from the repository root: ``python docs/readme_tables.py``. A test holds the options true to the parser.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core import cli  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def main() -> None:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    text = replaced(text, "command line reference", options_of_verbs())
    text = replaced(text, "benchmark table", benchmark_table())
    path.write_text(text, encoding="utf-8")


def replaced(text: str, name: str, part: str) -> str:
    """Returns the text with the part between two markers replaced."""
    pattern = rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)"
    return re.sub(pattern, lambda found: found[1] + part + found[2], text, flags=re.DOTALL)


def options_of_verbs() -> str:
    """Returns a table of options for each verb that has many."""
    verbs = next(a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    filters = {action.dest for action in verbs["filter"]._actions}
    return "\n" + "".join(
        [
            options_table("`extract`", verbs["extract"], set()),
            options_table("`filter`", verbs["filter"], set()),
            options_table("`faces`", verbs["faces"], set()),
            options_table("`export` takes the options of `filter` and", verbs["export"], filters),
        ]
    )


def options_table(title: str, verb: argparse.ArgumentParser, known: set[str]) -> str:
    rows = [row(action) for action in verb._actions if action.option_strings and action.dest not in known | {"help"}]
    return f"{title}\n\n| Option | Meaning |\n|---|---|\n" + "".join(rows) + "\n"


def row(action: argparse.Action) -> str:
    if action.choices:
        value = " " + "\\|".join(map(str, action.choices))
    elif isinstance(action.metavar, tuple):
        value = " " + " ".join(action.metavar)
    else:
        value = f" {action.metavar}" if action.metavar and action.nargs != 0 else ""
    flags = ", ".join(action.option_strings)
    return f"| `{flags}{value}` | {(action.help or '').replace('%%', '%')} |\n"


def benchmark_table() -> str:
    """Returns the figures of benchmarks/results/*.json beside what was wanted."""
    rows = [*extract_rows(), *memory_rows(), *kernel_rows(), *filter_rows(), *page_rows()]
    rows += [*face_rows(), *detect_rows(), *review_rows()]
    head = "\n| What | Measured | Wanted |\n|---|---|---|\n"
    return head + "".join(f"| {what} | {measured} | {wanted} |\n" for what, measured, wanted in rows) + "\n"


def loaded(name: str) -> dict[str, Any]:
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def extract_rows() -> list[tuple[str, str, str]]:
    report = loaded("extract.json")
    wanted = {
        "score all": "speed >= 0.88, CPU <= 1.30",
        "score all, whole process": "",
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


if __name__ == "__main__":
    main()
