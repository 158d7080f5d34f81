"""Passport photos as references, close-ups in films, our own face crops, and what is said where no face is found."""

from __future__ import annotations

import dataclasses
import json
import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.errors import SourceError
from core.models.faces import InsightFaceReader, open_reader
from core.pipeline.chosen import chosen_by
from core.pipeline.export_folder import write_folder
from core.pipeline.extraction import extract_records
from core.pipeline.faces.crops import crop
from core.pipeline.faces.reference import from_photo
from core.pipeline.faces.update import update_faces
from core.settings.export import ExportSettings
from core.settings.extract import ExtractSettings
from core.store import face_file
from core.video.photos import read_photo
from tests.faces import make_pack, six_people
from tests.runs import lines

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def pack(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pack(assets, tmp_path_factory.mktemp("packs") / "own")


@pytest.fixture(scope="module")
def reader(pack: Path) -> InsightFaceReader:
    return open_reader(str(pack))


@pytest.fixture(scope="module")
def passport(reader: InsightFaceReader) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The face of one of six people, and nothing but the face; her vector on the whole photo."""
    rgb = read_photo(six_people())
    found = reader.read(rgb)
    return crop(rgb, found.boxes[0].tolist(), 0.0), found.vectors[0]


def turned(picture: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)


def with_alpha(picture: Image.Image, path: Path) -> None:
    picture.putalpha(255)
    picture.save(path)


SAVED: dict[str, Callable[[Image.Image, Path], None]] = {
    "a.png": lambda picture, path: picture.save(path),
    "grey.jpg": lambda picture, path: ImageOps.grayscale(picture).save(path),
    "alpha.png": with_alpha,
    "turned.jpg": turned,
    "tiny.png": lambda picture, path: picture.resize((48, 48)).save(path),
    "huge.jpg": lambda picture, path: picture.resize((3000, 3000)).save(path),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_passport_photo_is_a_reference(
    name: str, passport: tuple[NDArray[np.uint8], NDArray[np.float32]], reader: InsightFaceReader, tmp_path: Path
) -> None:
    picture, vector = passport
    SAVED[name](Image.fromarray(picture), tmp_path / name)
    found = from_photo(str(tmp_path / name), reader)
    assert 1 - float(np.array(found.vector, np.float32) @ vector) < 0.4


def film_of(rgb: NDArray[np.uint8], path: Path, seconds: str = "0.4") -> Path:
    Image.fromarray(rgb).save(path.with_suffix(".png"))
    command = ["ffmpeg", "-v", "error", "-y", "-loop", "1", "-i", path.with_suffix(".png"), "-t", seconds, "-r", "25"]
    command += ["-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", path]
    subprocess.run([str(word) for word in command], check=True, timeout=60)
    return path


def test_the_face_filter_keeps_a_close_up(
    pack: Path, passport: tuple[NDArray[np.uint8], NDArray[np.float32]], tmp_path: Path
) -> None:
    film = film_of(np.asarray(Image.fromarray(passport[0]).resize((480, 480))), tmp_path / "near.mp4")
    choice = ExtractSettings(method="all", save_frames=False, face_filter=True, face_model=str(pack))
    list(extract_records(film, choice, out=tmp_path / "run"))
    records = lines(tmp_path / "run" / "metadata.jsonl")
    assert [(record["discard_reason"], record["face_count"]) for record in records] == [(None, 1)] * 10
    for row in lines(tmp_path / "run" / "faces.jsonl"):
        assert min(row["bbox"]) >= 0
        assert max(row["bbox"]) <= 480
        assert 50 < row["area_pct"] <= 100


@pytest.mark.parametrize("margin", [0.0, 0.1, 0.3])
def test_our_own_face_crops_are_references(
    margin: float, pack: Path, reader: InsightFaceReader, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    film = film_of(read_photo(six_people()), tmp_path / "six.mp4", "0.04")
    list(extract_records(film, ExtractSettings(method="all", faces=True, face_model=str(pack)), out=run))
    list(
        write_folder(chosen_by(run, None), tmp_path / "out", None, ExportSettings(face_crops=True, face_margin=margin))
    )
    crops = sorted((tmp_path / "out" / "faces").iterdir())
    assert len(crops) == 6
    vectors = np.stack([from_photo(str(path), reader).vector for path in crops]).astype(np.float32)
    apart = 1 - vectors @ reader.read(read_photo(six_people())).vectors.T
    assert (np.sort(apart, axis=1)[:, 0] < 0.45).all()
    assert len(set(apart.argmin(axis=1).tolist())) == 6


# --- runs of older programs


def test_an_old_run_goes_on_as_it_began_and_says_so(
    pack: Path,
    passport: tuple[NDArray[np.uint8], NDArray[np.float32]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    film = film_of(np.asarray(Image.fromarray(passport[0]).resize((480, 480))), tmp_path / "near.mp4")
    run = tmp_path / "run"
    list(extract_records(film, ExtractSettings(method="all", save_frames=False), out=run))
    list(update_faces(run, {"face_model": str(pack)}))
    state = face_file.read(run / "faces.json")
    assert state is not None
    assert state.second_look
    face_file.write(run / "faces.json", dataclasses.replace(state, read_from=0, read_to=-1, second_look=False))
    values = json.loads((run / "faces.json").read_text())
    del values["second_look"]
    (run / "faces.json").write_text(json.dumps(values))
    records = lines(run / "metadata.jsonl")
    for record in records:
        record["face_count"] = None
    (run / "metadata.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    with caplog.at_level(logging.WARNING, "framesieve"):
        list(update_faces(run))
    assert "begun by an older program" in caplog.text
    assert {record["face_count"] for record in lines(run / "metadata.jsonl")} == {0}
    list(update_faces(run, {"face_model": str(pack)}, again=True))
    assert {record["face_count"] for record in lines(run / "metadata.jsonl")} == {1}


# --- what is said where no face is found


def dark() -> NDArray[np.uint8]:
    return (read_photo(six_people()) // 40).astype(np.uint8)


def far() -> NDArray[np.uint8]:
    street = np.full((1600, 2400, 3), 128, np.uint8)
    small = Image.fromarray(read_photo(six_people())).resize((160, 120), Image.Resampling.BOX)
    street[100:220, 300:460] = np.asarray(small)
    return street


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(60, 200, (400, 500, 3), np.uint8)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (noise, "nothing on it looks like one; take a photo of a whole head, turned to the camera and in good light"),
        (dark, "it is too dark; take one in better light"),
        (lambda: np.zeros((300, 300, 3), np.uint8), "it is too dark; take one in better light"),
        (lambda: np.full((300, 300, 3), 250, np.uint8), "it is nearly white; take one that is exposed for less long"),
        (lambda: noise()[:12, :40], "the photo is of 40 x 12 pixels only; take a larger one"),
        (far, "the face on it is too small; cut the photo out around the head, or take it from nearer"),
    ],
)
def test_the_advice_fits_what_is_wrong(
    make: Callable[[], NDArray[np.uint8]], said: str, reader: InsightFaceReader, tmp_path: Path
) -> None:
    Image.fromarray(make()).save(tmp_path / "a.png")
    with pytest.raises(SourceError) as error:
        from_photo(str(tmp_path / "a.png"), reader)
    assert str(error.value) == f"no face was found on {tmp_path / 'a.png'}: {said}."


def test_half_a_face_is_said_to_be_cut_off(reader: InsightFaceReader, tmp_path: Path) -> None:
    """From below the eyes to above the chin: too little to know somebody by."""
    rgb = read_photo(six_people())
    told = set()
    for x1, y1, x2, y2 in reader.read(rgb).boxes.tolist():
        part = rgb[int(y1) : int(y1 + 0.55 * (y2 - y1)), int(x1) : int(x2)]
        Image.fromarray(part).save(tmp_path / "half.png")
        try:
            from_photo(str(tmp_path / "half.png"), reader)
        except SourceError as error:
            told.add(str(error).partition(": ")[2])
    assert told <= {
        "what may be a face fills it and is cut off at its edges; take a photo with the whole head and some room "
        "around it.",
        "nothing on it looks like one; take a photo of a whole head, turned to the camera and in good light.",
    }
