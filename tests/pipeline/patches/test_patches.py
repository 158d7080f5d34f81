"""``patches`` on real clips: the right frames, the right pixels, the same files however it is run."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from core.cli.main import main
from core.video.command import run_ffmpeg
from core.video.probe import probe
from tests import videos
from tests.machine import assets_folder, need
from tests.pipeline.patches.folders import bgr_frames, manifest, write
from tests.runs import COMMAND, contents, environment
from tests.verbs import outcome_of
from tests.videos import read_number

FREE = {"min_free_gb": 0.0}
VARIANTS = [
    *("h264-25", "h264-vfr", "h264-5994", "h264-opengop", "h264-onegop", "hevc-opengop", "cut-opengop", "late-start"),
    *("rotated-90", "mirrored-90", "odd-444", "ts-opengop", "fullrange", "vp9-altref", "h264-10bit"),
]


def made(config: Path, **more: Any) -> Path:
    """The folder of the patches of a configuration."""
    return Path(outcome_of("patches", config=str(config), **FREE, **more).folder)


def number_of(picture: np.ndarray) -> int:
    return read_number(np.ascontiguousarray(picture[:, :, ::-1]))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_number_in_each_picture_is_its_ordinal(tmp_path: Path, variant: str) -> None:
    clip = videos.build(variant)
    info = probe(clip).info
    size = [info.width, info.height]
    whole = {"whole": {"gt_size": size, "lr_size": size}}
    first = videos.VARIANTS[variant].expected
    config = write(tmp_path, {"clip": clip}, {"max_retry_attempts": 3}, format_config={"master": whole})
    folder = made(config)
    lines = manifest(folder)
    assert len(lines) >= 8
    for line in lines:
        gt = cv2.imread(str(folder / line["gt"]))
        stack = cv2.imread(str(folder / line["lr_7"]))
        assert number_of(gt) == first[line["ordinals"][3]]
        pictures = np.split(stack, 7)
        assert [number_of(picture) for picture in pictures] == [first[ordinal] for ordinal in line["ordinals"]]
        assert np.array_equal(np.concatenate(pictures[1:6]), cv2.imread(str(folder / line["lr_5"])))


@pytest.mark.parametrize("variant", ["h264-25", "h264-vfr", "late-start", "hevc-opengop"])
def test_a_window_lies_around_the_frame_of_its_instant(tmp_path: Path, variant: str) -> None:
    clip = videos.build(variant)
    ledger = probe(clip).ledger
    lines = manifest(made(write(tmp_path, {"clip": clip}, {"max_retry_attempts": 1})))
    assert lines
    for line in lines:
        at = line["window"] * ledger.duration / 12
        shown = max(n for n in range(len(ledger)) if ledger.pts[n] - ledger.pts[0] <= at)
        assert line["ordinals"] == list(range(line["ordinals"][0], line["ordinals"][0] + 7))
        assert (line["ordinals"][3] == shown) != line["moved"]


def test_every_pixel_is_the_one_that_ffmpeg_decodes(tmp_path: Path) -> None:
    """300 patches of a counting video, of random crops; the small pictures are OpenCV's of the same crops."""
    clip = videos.build("h264-opengop")
    frames = bgr_frames(clip, 320, 180)
    config = write(
        tmp_path, {"clip": clip}, {"base_frame_limit": 300, "max_retry_attempts": 20, "retry_skip_seconds": 7}
    )
    folder = made(config)
    lines = manifest(folder)
    assert len(lines) == 300
    for line in lines:
        x, y, width, height = line["rectangle"]
        crops = [frames[ordinal][y : y + height, x : x + width] for ordinal in line["ordinals"]]
        assert np.array_equal(cv2.imread(str(folder / line["gt"])), crops[3])
        small = [cv2.resize(crop, (32, 21), interpolation=cv2.INTER_LANCZOS4) for crop in crops]
        assert np.array_equal(cv2.imread(str(folder / line["lr_7"])), np.concatenate(small))
        assert np.array_equal(cv2.imread(str(folder / line["lr_5"])), np.concatenate(small[1:6]))
    assert len({tuple(line["rectangle"]) for line in lines}) > 250


@pytest.mark.weights
def test_every_pixel_of_real_clips_is_the_one_that_ffmpeg_decodes(tmp_path: Path) -> None:
    need("weights")
    media = assets_folder() / "media"
    clips = {name: media / f"{name}.mp4" for name in ("bedroom", "driving")}
    config = write(tmp_path, clips, {"base_frame_limit": 30})
    folder = made(config)
    lines = manifest(folder)
    assert len(lines) > 40
    for name, clip in clips.items():
        info = probe(clip).info
        frames = bgr_frames(clip, info.width, info.height)
        for line in (one for one in lines if one["video"] == name):
            x, y, width, height = line["rectangle"]
            wanted = frames[line["ordinals"][3]][y : y + height, x : x + width]
            assert np.array_equal(cv2.imread(str(folder / line["gt"])), wanted)


def test_every_category_has_a_crop_of_its_own_of_the_same_frames(tmp_path: Path) -> None:
    weights = {"master": 0.5, "toon": 0.5, "fresh": 1.0}
    quarter = {"quarter": {"gt_size": [96, 64], "lr_size": [32, 21]}}
    config = write(
        tmp_path,
        {},
        {"base_frame_limit": 6},
        format_config=dict.fromkeys(weights, quarter),
        videos=[{"name": "A b!", "path": str(videos.build("h264-25")), "categories": weights}],
    )
    lines = manifest(made(config))
    assert {line["window"] for line in lines} == set(range(12))
    for window in range(12):
        of_it = [line for line in lines if line["window"] == window]
        assert [line["category"] for line in of_it] == list(weights)
        assert len({tuple(line["ordinals"]) for line in of_it}) == 1
        assert len({tuple(line["rectangle"]) for line in of_it}) == 3
    centres = [line["ordinals"][3] for line in lines if line["category"] == "toon" and line["attempt"] == 0]
    assert len(set(centres)) == len(centres)  # the second round lies between the windows of the first
    assert lines[0]["gt"].startswith("Master/MasterModel/Learn/Patches_quarter/GT/patch_A_b__idx")


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    clip = videos.build("h264-onegop")
    found = []
    for name, more in {"one": {"workers": 1}, "four": {"workers": 4}, "other": {"seed": 5}}.items():
        config = write(tmp_path, {"clip": clip}, {"base_frame_limit": 20, "retry_skip_seconds": 3})
        found.append(pictures_and_manifest(made(config, out=str(tmp_path / name), **more)))
    assert found[0] == found[1]
    assert found[0] != found[2]


def pictures_and_manifest(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in contents(folder).items() if not name.startswith(".")}


def test_no_window_crosses_a_cut(tmp_path: Path) -> None:
    """A clip of 21 shots that change as at a cut, every 24 frames, and 1,000 windows."""
    path = tmp_path / "cuts.mp4"
    shots_of(path, 21, 24)
    base = {"base_frame_limit": 1000, "max_retry_attempts": 6, "retry_skip_seconds": 1.37}
    folder = made(write(tmp_path, {"cuts": path}, base, format_config={"master": {"tiny": {"gt_size": [32, 32]}}}))
    lines = manifest(folder)
    assert len(lines) > 950
    assert not [line for line in lines if any(ordinal % 24 == 0 for ordinal in line["ordinals"][1:])]


def shots_of(path: Path, shots: int, frames: int) -> None:
    """Views over landscapes of noise that pass by, each of other light and colours."""
    size = (160, 96)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"]
    command += ["-r", "25", "-i", "-", "-c:v", "libx264", "-crf", "12", "-pix_fmt", "yuv420p", str(path)]
    dice = np.random.default_rng(3)
    data = []
    for shot in range(shots):
        noise = dice.integers(0, 256, (size[1], size[0] + 2 * frames), np.uint8)
        view = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 1, cv2.NORM_MINMAX, cv2.CV_32F)
        low = 20 + 110 * (shot % 2) + dice.uniform(0, 15)
        colours = low + 80 * view[:, :, None] * dice.uniform(0.4, 1, 3)
        data += [colours[:, at : at + size[0]].astype(np.uint8).tobytes() for at in range(frames)]
    subprocess.run(command, input=b"".join(data), check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as POSIX has them")
def test_killed_at_five_moments_it_goes_on_to_the_same_files(tmp_path: Path) -> None:
    clip = videos.build("h264-opengop")
    base = {"base_frame_limit": 400, "retry_skip_seconds": 3, "val_percent": 0.3}
    config = write(tmp_path, {"one": clip, "two": videos.build("h264-25")}, base)
    began = time.monotonic()
    whole = pictures_and_manifest(made(config, out=str(tmp_path / "whole")))
    took = time.monotonic() - began
    command = [*COMMAND, "patches", str(config), "--out", str(tmp_path / "killed"), "--min-free-gb", "0"]
    dice = random.Random(7)
    status = tmp_path / "killed" / ".generator_status.json"
    for _ in range(5):
        process = subprocess.Popen(command, cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while process.poll() is None and not status.exists() and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, took / 2))
        process.kill()
        process.wait(60)
    assert subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True).returncode == 0
    assert pictures_and_manifest(tmp_path / "killed") == whole
    assert not outcome_of("patches", verify=str(tmp_path / "killed")).unlisted


def test_a_stopped_call_says_where_it_is_and_goes_on(tmp_path: Path) -> None:
    from tests.verbs import steps_of

    config = write(tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 60})
    steps = steps_of("patches", config=str(config), **FREE)
    for step in steps:
        if step.phase == "cutting patches" and step.done >= 10:
            break
    steps.close()
    status = json.loads((tmp_path / "out" / ".generator_status.json").read_text())
    assert 10 <= status["videos"]["clip"]["at"] < 60
    folder = made(config)
    assert len(manifest(folder)) == status_of(folder)["patches"]["master"]
    again = (folder / "manifest.jsonl").stat().st_mtime_ns
    made(config)
    assert (folder / "manifest.jsonl").stat().st_mtime_ns == again


def status_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / ".generator_status.json").read_text())
    return found


def test_a_video_smaller_than_a_format_skips_it_with_a_count(tmp_path: Path) -> None:
    both = {"small_540": 0.5, "quarter": {"gt_size": [96, 64], "probability": 0.5}}
    config = write(
        tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 20}, format_config={"master": both}
    )
    outcome = outcome_of("patches", config=str(config), **FREE)
    assert outcome.taken == 20
    assert outcome.missed == {"too_small": 20 - outcome.patches["master"]}
    assert 4 < outcome.patches["master"] < 16
    assert {tuple(line["rectangle"][2:]) for line in manifest(Path(outcome.folder))} == {(96, 64)}


def test_a_video_of_fewer_than_seven_frames_is_said_to_be_too_short(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", videos.build("h264-25"), "-frames:v", "6", str(path)], check=True)
    outcome = outcome_of("patches", config=str(write(tmp_path, {"short": path})), **FREE)
    assert (outcome.patches, outcome.lost, outcome.tries) == ({"master": 0}, 12, {"too_short": 12})


def test_frames_shown_twice_and_still_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.mp4"
    words = ["-vf", "fps=12,fps=25", "-c:v", "libx264", "-crf", "18"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", videos.build("h264-25"), *words, str(path)], check=True)
    outcome = outcome_of("patches", config=str(write(tmp_path, {"twice": path})), **FREE)
    assert outcome.taken == 0
    assert outcome.tries["duplicate"] > 80


def test_crops_lie_inside_the_bars(tmp_path: Path) -> None:
    path = tmp_path / "bars.mp4"
    words = ["-vf", "pad=400:300:40:50:black", "-c:v", "libx264", "-crf", "18"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", videos.build("h264-25"), *words, str(path)], check=True)
    lines = manifest(made(write(tmp_path, {"bars": path}, {"base_frame_limit": 40})))
    assert len(lines) > 30
    for line in lines:
        x, y, width, height = line["rectangle"]
        assert x >= 40
        assert x + width <= 360
        assert y >= 50
        assert y + height <= 230


def test_interlaced_videos_are_refused_or_deinterlaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = videos.build("h264-interlaced")
    config = write(tmp_path, {"clip": clip})
    assert main(["patches", str(config), "--min-free-gb", "0"]) == 3
    assert "is interlaced" in capsys.readouterr().err
    whole = {"whole": {"gt_size": [320, 180], "lr_size": [320, 180]}}
    config = write(tmp_path, {"clip": clip}, {"deinterlace": True}, format_config={"master": whole})
    folder = made(config, out=str(tmp_path / "progressive"))
    for line in manifest(folder):
        assert number_of(cv2.imread(str(folder / line["gt"]))) == line["ordinals"][3]


def test_deep_sources_become_16_bit_where_it_is_asked_for(tmp_path: Path) -> None:
    clip = videos.build("h264-10bit")
    folder = made(write(tmp_path, {"clip": clip}, {"deep": True}))
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(clip), "-pix_fmt", "rgb48le", "-f", "rawvideo", "-"]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    frames = np.frombuffer(data, "<u2").reshape(-1, 180, 320, 3)
    for line in manifest(folder):
        x, y, width, height = line["rectangle"]
        found = cv2.imread(str(folder / line["gt"]), cv2.IMREAD_UNCHANGED)
        assert found.dtype == np.uint16
        wanted = frames[line["ordinals"][3]][y : y + height, x : x + width]
        away = np.abs(found[:, :, ::-1].astype(int) - wanted)
        assert away.max() < 1000  # of 65,535: the two builds of FFmpeg put colour between its samples differently
        assert away.mean() < 60


@pytest.mark.parametrize("peak", [None, 600])
def test_hdr_is_tone_mapped_as_the_original_did_where_it_is_asked_for(tmp_path: Path, peak: int | None) -> None:
    clip, stated = tmp_path / "hdr.mkv", "" if peak is None else f":max-cll={peak},100"
    source = "testsrc2=size=192x108:rate=25:duration=2,scale=out_color_matrix=bt2020:out_range=tv"
    coded = ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", f"log-level=error{stated}"]
    tagged = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-color_range", "tv"]
    run_ffmpeg(["-f", "lavfi", "-i", source, *coded, *tagged, "-y", str(clip)])
    chain = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=tonemap=mobius:desat=0"
    given = ["-i", f"file:{clip}", "-vf", f"{chain},zscale=t=bt709,format=gbrp"]
    wanted = run_ffmpeg([*given, "-fps_mode", "passthrough", "-pix_fmt", "bgr24", "-f", "rawvideo", "-"])
    frames = np.frombuffer(wanted, np.uint8).reshape(-1, 108, 192, 3)
    folder = made(write(tmp_path, {"clip": clip}, {"tone_mapping": "mobius"}))
    plain = made(write(tmp_path, {"clip": clip}), out=str(tmp_path / "plain"))
    for line in manifest(folder):
        x, y, width, height = line["rectangle"]
        got = cv2.imread(str(folder / line["gt"]))
        assert np.array_equal(got, frames[line["ordinals"][3], y : y + height, x : x + width])
        assert not np.array_equal(got, cv2.imread(str(plain / line["gt"]))), "the product's own is another one"


def test_no_shot_stands_in_both_parts(tmp_path: Path) -> None:
    path = tmp_path / "cuts.mp4"
    shots_of(path, 12, 24)
    base = {"base_frame_limit": 100, "val_percent": 0.25, "max_retry_attempts": 3, "lmdb_keys": True}
    folder = made(write(tmp_path, {"cuts": path}, base))
    parts: dict[int, set[str]] = {}
    for line in manifest(folder):
        parts.setdefault(line["ordinals"][0] // 24, set()).add(line["split"])
        assert ("/Val/" in line["gt"]) == (line["split"] == "val")
    assert all(len(part) == 1 for part in parts.values())
    assert sum(part == {"val"} for part in parts.values()) == 3
    assert len((folder / "lmdb_keys.txt").read_text().splitlines()) == 3 * len(manifest(folder))


def test_nothing_is_written_by_a_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 40})
    assert main(["patches", str(config), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "40 windows, 120 files, about" in said
    assert not (tmp_path / "out").exists()


def test_files_are_checked_against_the_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made(write(tmp_path, {"clip": videos.build("h264-25")}))
    assert main(["patches", "--verify", str(folder)]) == 0
    lines = manifest(folder)
    (folder / lines[0]["gt"]).unlink()
    (folder / lines[1]["lr_5"]).write_bytes(b"no picture")
    (folder / lines[2]["gt"]).with_name("patch_more.png").write_bytes((folder / lines[2]["gt"]).read_bytes())
    assert main(["patches", "--verify", str(folder)]) == 5
    said = capsys.readouterr().out
    assert f"missing: {lines[0]['gt']}" in said
    assert f"damaged or of another size: {lines[1]['lr_5']}" in said
    assert "not listed: " in said


def test_a_folder_of_another_configuration_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = videos.build("h264-25")
    folder = made(write(tmp_path, {"clip": clip}))
    before = pictures_and_manifest(folder)
    config = write(tmp_path, {"clip": clip}, {"scene_diff_threshold": 20})
    assert main(["patches", str(config), "--min-free-gb", "0"]) == 2
    assert "holds patches of other settings or videos" in capsys.readouterr().err
    assert pictures_and_manifest(folder) == before
    assert main(["patches", str(config), "--min-free-gb", "0", "--no-resume"]) == 0


def test_a_disk_that_is_nearly_full_stops_it_and_it_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 3000})
    assert main(["patches", str(config), "--min-free-gb", "999999"]) == 7
    assert "are to stay free" in capsys.readouterr().err


def test_the_terminal_is_told_how_far_each_category_is(tmp_path: Path) -> None:
    from tests.verbs import steps_of

    targets = {"category_targets": {"master": 20}}
    config = write(tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 20}, **targets)
    details = [step.detail for step in steps_of("patches", config=str(config), **FREE) if step.detail]
    assert details[-1].startswith("master 20 of 20; 0.00 GB; ")


def test_what_a_killed_call_had_half_written_is_taken_away(tmp_path: Path) -> None:
    from tests.verbs import steps_of

    config = write(tmp_path, {"clip": videos.build("h264-25")}, {"base_frame_limit": 60})
    steps = steps_of("patches", config=str(config), **FREE)
    for step in steps:
        if step.phase == "cutting patches" and step.done >= 10:
            break
    steps.close()
    left = next((tmp_path / "out").rglob("GT")) / ".patch_clip_idx3_quarter.png.0123abcd.tmp"
    left.write_bytes(b"half")
    made(config)
    assert not left.exists()
