"""Subject Masking with the network of SAM 2 (random weights): weights by name, a click, one shot, no points alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.store import masks
from core.store.mask_dir import MaskDir
from core.video import images
from tests.browser import Visit, type_text
from tests.ui.masking import PATIENCE_MS, RUN, click, edit, open_tab
from tests.ui.site import Site

pytestmark = pytest.mark.browser
SIDE, SEED = 64, 4
"""Far smaller than anybody would use; with these weights the mask of the click is neither empty nor full."""
SHOTS = [[0, 5], [5, 80], [80, 120]]


@pytest.fixture
def weights(site: Site) -> Path:
    """In a folder that may be read."""
    import torch

    from core.models.sam2 import build
    from core.models.sam2_weights import Variant

    path = site.made.parent / "sam2.1_hiera_tiny.pt"
    torch.manual_seed(SEED)
    torch.save({"model": build(Variant("2.1", "tiny"), SIDE).state_dict()}, path)
    return path


def test_sam2_answers_a_click_and_carries_a_shot(site: Site, visit: Callable[..., Visit], weights: Path) -> None:
    run = site.run(RUN)
    (run / "shots.json").write_text(json.dumps(SHOTS))
    page = open_tab(visit(), site.address, RUN)
    box = page.locator("#masking-weights input")
    type_text(box, str(weights))
    box.press("Enter")
    page.locator("#masking-masker label.selected", has_text="SAM2").filter(has_text="ready").wait_for(
        timeout=PATIENCE_MS
    )
    page.get_by_role("button", name="How masks are made").click()
    type_text(page.get_by_label("Picture size"), str(SIDE))
    page.get_by_label("Picture size").press("Tab")
    page.locator("#masking-board select.seeds:not([disabled])").select_option("primary")
    page.locator("#masking-state", has_text="the masker sees no objects by itself").wait_for(timeout=PATIENCE_MS)
    edit(page, 0)
    click(page, 160, 120)
    page.locator(".point_canvas .under span", has_text="Mask:").wait_for(timeout=PATIENCE_MS)
    page.keyboard.press("m")
    page.locator("#jobs", has_text="Masks of").filter(has_text="done").wait_for(timeout=PATIENCE_MS)
    folder = MaskDir(run)
    shot = masks.read_shot(folder.shot(0))
    assert shot is not None
    assert (shot.start, shot.end, shot.size) == (0, 5, (320, 180))
    for frame in range(5):
        mask = images.decode_flat(folder.mask(frame).read_bytes())
        assert int((mask > 0).sum()) == int(shot.area[0, frame])
    assert not folder.shot(5).exists(), "the others wait"
