"""A server without a page: starts the job DOWNLOADS VERB ARGUMENTS, prints its id and waits. Run as a program."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from core.jobs.archive import JobArchive
from core.jobs.queue import JobQueue

if __name__ == "__main__":
    command = [sys.executable, str(Path(__file__).with_name("job_child.py"))]
    queue = JobQueue(JobArchive(Path(sys.argv[1])), command=command)
    print(queue.start(sys.argv[2], json.loads(sys.argv[3]), "somebody"), flush=True)
    time.sleep(600)
