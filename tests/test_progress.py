"""How fast a verb is said to be: never by what was done before the clock ran."""

import time

from core.progress import Progress


def test_what_was_done_when_the_clock_began_is_no_speed() -> None:
    paused = Progress(1800, done=546, first=546)
    time.sleep(0.01)
    assert (paused.per_second, paused.seconds_left) == (0.0, None)
    assert paused.line("paused ") == "paused 546/1800 (30 %)"
    paused.done = 646
    assert 0 < paused.per_second < 100 / 0.01
    assert paused.line().startswith("646/1800 (35 %), ")


def test_what_an_earlier_start_had_done_is_no_speed_either() -> None:
    going_on = Progress(100, done=40, skipped=40)
    time.sleep(0.01)
    assert going_on.per_second == 0
    going_on.done = 60
    assert 0 < going_on.per_second < 20 / 0.01
