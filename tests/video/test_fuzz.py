"""Damaged films of each kind of damage and each kind of file: the short form of forty, the long one of a thousand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import CLIPS, WAYS, Child, clip, damaged, tally

SHORT = range(0, 40 * 19, 19)
"""It meets every clip twice and every way to damage one."""
LONG = range(1000)


def test_the_short_form_meets_every_clip_and_every_damage() -> None:
    assert {seed % len(CLIPS) for seed in SHORT} == set(range(len(CLIPS)))
    assert {seed // len(CLIPS) % len(WAYS) for seed in SHORT} == set(range(len(WAYS)))


def test_a_seed_is_always_the_same_film_and_no_sound_one() -> None:
    for seed in (0, 21, 77):
        name, data = damaged(seed)
        assert damaged(seed) == (name, data)
        assert data != clip(tuple(CLIPS)[seed % len(CLIPS)])


@pytest.mark.slow
@pytest.mark.parametrize(
    "seeds", [SHORT, pytest.param(LONG, marks=[pytest.mark.long, pytest.mark.timeout(7200)])], ids=["short", "long"]
)
def test_damaged_films_end_in_a_result_or_in_one_sentence(tmp_path: Path, seeds: range) -> None:
    found = tally(seeds, tmp_path)
    assert found.films == len(seeds)
    assert found.wrong == {}
    assert found.codes["all 0"] > len(seeds) / 3


@pytest.mark.parametrize("name", ["mpeg4.avi", "vp9.webm"])
def test_a_sound_film_passes_every_verb(tmp_path: Path, name: str) -> None:
    with Child(tmp_path) as child:
        answer = child.look_at(name, clip(name))
    assert answer["wrong"] == []
    assert set(answer["codes"].values()) == {0}
    assert not list(tmp_path.glob(name))


def test_a_child_that_hangs_or_crashes_is_seen_and_the_next_film_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Child(tmp_path) as child:
        assert child.look_at("a.mkv", clip("h264.mkv"))["wrong"] == []
        assert child._process is not None
        child._process.kill()
        child._process.wait()
        (said,) = child.look_at("b.mkv", clip("h264.mkv"))["wrong"]
        assert "crashed" in said
        assert child.look_at("c.mkv", clip("h264.mkv"))["wrong"] == []
        monkeypatch.setattr("tests.fuzz.LIMIT_S", 0.0)
        (said,) = child.look_at("d.mkv", clip("h264.mkv"))["wrong"]
        assert "no end" in said
