"""The example of docs/api.md runs as it stands."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import videos
from tests.machine import ROOT
from tests.ui.site import Site


def test_the_example_of_the_document_runs(site: Site, tmp_path: Path) -> None:
    video = shutil.copy(videos.build("h264-25"), site.made.parent / "talk.mp4")
    found = re.search(r"^```python\n(.*?)^```", (ROOT / "docs" / "api.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found is not None
    example = found[1].replace('"http://127.0.0.1:7860"', repr(site.address)).replace('"talk.mp4"', repr(str(video)))
    argv = [sys.executable, "-W", "ignore", "-c", example]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "{'kept': " in done.stdout
