import pytest

from core.errors import RunError, SettingsError
from core.records import FrameRecord
from core.settings.columns import METRIC_NAMES
from core.settings.extract import ExtractSettings
from core.settings.model import to_mapping
from core.store import jsonl, run_file
from core.store.run import RunDir
from core.store.run_file import RunFile
from core.store.table import load_table
from tests.raising import raises
from tests.tables import discarded_of
from tests.verbs import outcome_of

SHARPNESS = (1.0, 0.0, 0.0, 0.0, 0.0)


def made(tmp_path, video, *records, **settings):
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    chosen = ExtractSettings(**settings)
    run_file.write(run.run_json, RunFile(video, to_mapping(chosen), chosen.digest()))
    jsonl.rewrite(run.metadata, records)
    return run


def measured(number, **values):
    return FrameRecord(number, number / 25, **{**dict.fromkeys(METRIC_NAMES, 50.0), **values})


def test_run_without_records_is_rescored(tmp_path, video):
    run = made(tmp_path, video)
    assert outcome_of("rescore", run=run.path, quality_weights=SHARPNESS).frames == 0
    assert run_file.read(run.run_json).settings["quality_weights"] == list(SHARPNESS)


def test_scores_and_drops_follow_the_weights(tmp_path, video):
    run = made(
        tmp_path,
        video,
        measured(0, sharpness=10.0),
        measured(1, sharpness=90.0, discard_reason="quality"),
        measured(2, sharpness=None),
        measured(3, sharpness=10.0, discard_reason="face"),
        FrameRecord(4, 0.2, error="no picture"),
        min_quality=20.0,
    )
    assert outcome_of("rescore", run=run.path, quality_weights=SHARPNESS).frames == 5
    table = load_table(run)
    assert table.values["quality_score"][[0, 1, 3]].tolist() == [10.0, 90.0, 10.0]
    assert discarded_of(table) == ["quality", "", "quality", "face", ""]


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"frame_number": 1, "pts_s": 1, "sharpness": "x"}, r'metadata.jsonl line 2: sharpness = "x" is not a number;'),
        ({"frame_number": 1, "pts_s": 1, "entropy": [1, [2]]}, r"line 2: entropy = \[1,\[2\]\] is not a number;"),
        ({"frame_number": 1}, "line 2: pts_s is missing;"),
    ],
)
def test_wrong_record_changes_nothing(tmp_path, video, record, sentence):
    run = made(tmp_path, video, measured(0), record, measured(2))
    before = run.metadata.read_bytes(), run.run_json.read_bytes()
    with pytest.raises(RunError, match=sentence):
        outcome_of("rescore", run=run.path, quality_weights=SHARPNESS)
    assert (run.metadata.read_bytes(), run.run_json.read_bytes()) == before


def test_wrong_weights_are_one_sentence(tmp_path, video):
    run = made(tmp_path, video, measured(0))
    with pytest.raises(SettingsError, match="1 quality weights came, 5 are wanted"):
        outcome_of("rescore", run=run.path, quality_weights=(1.0,))
    with raises(SettingsError, field="quality_weights"):
        outcome_of("rescore", run=run.path, quality_weights=(0.0,) * 5)


def test_wrong_settings_of_a_run_name_the_file(tmp_path, video):
    run = made(tmp_path, video)
    run.run_json.write_text(run.run_json.read_text().replace('"keyframes"', '"keyframe"'))
    with pytest.raises(RunError, match=r'run\.json is damaged \(method = "keyframe" is not one of'):
        outcome_of("rescore", run=run.path, quality_weights=SHARPNESS)
