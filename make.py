"""Everything that `make` does, in one script for every system: `python make.py app` is `make app`.

Only the standard library, and only syntax that Python 3.6 can read, so that it can say which one is wanted.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
UNFINISHED = VENV / ".unfinished"
METRICS = ROOT / "core" / "metrics"
COLOURS = ROOT / "core" / "video"
OLDEST, NEWEST = (3, 11), (3, 14)
CACHES = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis")
LOCK_OPTIONS = (
    *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),  # One version for every Python.
    *("--no-emit-index-url", "--no-annotate", "--quiet"),
)
TEST_TIMEOUT_S = 600


def main() -> int:
    """Runs the target named by the first argument; the others go to the program that it starts."""
    name, rest = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("help", [])
    if name not in TARGETS:
        print(f"make.py: there is no target {name}; targets: {', '.join(TARGETS)}")
        return 2
    try:
        TARGETS[name](rest)
    except subprocess.CalledProcessError as failed:
        return failed.returncode if failed.returncode > 0 else 1
    except KeyboardInterrupt:
        return 130
    return 0


def app(rest):
    """Set up, then open the page at 127.0.0.1:7860 (without a page: the demo)."""
    set_up()
    if not (ROOT / "app.py").exists():
        return demo(rest)
    say("Starting the page")
    become(VENV_PYTHON, "app.py", *rest)


def demo(rest):
    """Set up, then extract, filter and export a sample video that is made on the spot."""
    set_up()
    say("Running the demo")
    become(VENV_PYTHON, "-m", "core", "demo", *rest)


def test(rest):
    """Set up, then check format, lint, types and tests; arguments go to pytest."""
    set_up(dev=True)
    say("Format")
    run(VENV_PYTHON, "-m", "ruff", "format", "--check", ".")
    say("Lint")
    run(VENV_PYTHON, "-m", "ruff", "check", ".")
    say("Types")
    run(VENV_PYTHON, "-m", "mypy")
    say("Tests")
    run(VENV_PYTHON, "-m", "pytest", f"--timeout={TEST_TIMEOUT_S}", *rest)


def setup(rest):
    """Only set up: create .venv, install requirements.txt, compile the numeric kernels."""
    set_up()


def bench(rest):
    """Set up, then run the benchmarks."""
    set_up()
    say("Running the benchmarks")
    run(VENV_PYTHON, "-m", "benchmarks", *rest)


def lock(rest):
    """Write requirements*.txt anew from requirements*.in; ARGS=--upgrade takes newer versions."""
    set_up(dev=True)
    say("Locking")
    compile_ = (
        VENV_PYTHON,
        "-m",
        "uv",
        "pip",
        "compile",
        *LOCK_OPTIONS,
        "--custom-compile-command",
        "make lock",
        *rest,
    )
    run(*compile_, "--override", "overrides.txt", "requirements.in", "-o", "requirements.txt")
    run(*compile_, "requirements-dev.in", "-o", "requirements-dev.txt")


def update_ytdlp(rest):
    """Install the newest yt-dlp, and the scripts of the version that it asks for; nothing else changes."""
    set_up()
    say("Updating yt-dlp")
    pip("--upgrade", "--no-deps", "yt-dlp")
    wanted = "import importlib.metadata as m; print([r for r in m.requires('yt-dlp') if r.startswith('yt-dlp-ejs')][0])"
    scripts = subprocess.check_output([str(VENV_PYTHON), "-c", wanted], universal_newlines=True)
    pip("--no-deps", scripts.split(";")[0].strip())
    run(VENV_PYTHON, "-m", "yt_dlp", "--version")


def clean(rest):
    """Remove .venv and all caches; downloads/ and logs/ stay."""
    for path in [VENV, *(ROOT / name for name in CACHES), *ROOT.glob("[!.]*/**/__pycache__"), ROOT / "__pycache__"]:
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            print(f"removing {path.relative_to(ROOT)}")
            shutil.rmtree(str(path))


def help_(rest):
    """Show this list."""
    for name, target in TARGETS.items():
        print(f"make {name:14} {target.__doc__}")


def set_up(dev=False):
    """Makes .venv hold what the locks name. A second call finds its stamps and returns at once."""
    create_venv()
    install("requirements.txt", "about 3 GB to download and 7 GB on disk on Linux, less elsewhere; some minutes")
    if dev:
        install("requirements-dev.txt", "the tools for checks and tests")
    compile_kernels()


def create_venv():
    """Creates .venv, unless a working one is there, with pip, which `venv` installs last."""
    if works(VENV_PYTHON, "import pip") and not UNFINISHED.exists():
        return
    python = find_python()
    if UNFINISHED.exists():
        say("The last set-up was interrupted: starting anew")
    say(f"Creating .venv with {python}")
    try:
        run(python, "-m", "venv", "--clear", VENV)
    except subprocess.CalledProcessError:
        print("The environment could not be created; on Debian and Ubuntu: sudo apt-get install python3-venv")
        raise


def find_python():
    """Returns a Python of a version that the lock covers: this one, else the first on PATH."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for name in [f"python3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)] + ["python3", "python"]:
        if shutil.which(name) and works(name):
            return name
    print(f"Framesieve needs Python 3.11 to 3.14; this is {sys.version.split()[0]} and no other was found.")
    print("Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python;")
    print("Windows: winget install Python.Python.3.13), or name it: make app PYTHON=/path/to/python3")
    sys.exit(1)


def works(python, first="pass"):
    """Tells whether ``python`` starts, can do what ``first`` says, and has a version that the lock covers."""
    test = f"{first}; import sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
    try:
        return subprocess.call([str(python), "-c", test], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def install(lock_name, note):
    """Installs a lock, unless its stamp says that exactly this one is installed."""
    stamp, digest = VENV / f".{lock_name}.sha256", sha256(ROOT / lock_name)
    if stamp.exists() and stamp.read_text() == digest:
        return
    say(f"Installing {lock_name} ({note})")
    builder = [line for line in (ROOT / lock_name).read_text().splitlines() if line.startswith("setuptools==")]
    if builder:
        pip("--no-deps", *builder)
    pip("--no-deps", "--no-build-isolation", "--use-pep517", "-r", lock_name)
    stamp.write_text(digest)


def pip(*args):
    """Runs pip install in .venv.

    A few packages come as source only. One of them, sam2, names torch as a build requirement and would make pip
    download all of it a second time; without its CUDA extension (an optional filter of small mask holes) it needs
    none. So they are built with the setuptools of the lock, without isolation.
    """
    environment = dict(os.environ, SAM2_BUILD_CUDA="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    UNFINISHED.touch()
    code = subprocess.call([str(VENV_PYTHON), "-m", "pip", "install", "-q", *args], cwd=str(ROOT), env=environment)
    UNFINISHED.unlink()  # A failed pip cleans up behind itself; only a killed one leaves this mark.
    if code:
        print("pip could not install everything; see its message above, then run the same command again.")
        raise subprocess.CalledProcessError(code, "pip")


def compile_kernels():
    """Compiles the numeric kernels into numba's cache, unless they are there for this source and these versions."""
    sources = sorted([*METRICS.glob("*.py"), *COLOURS.glob("colour*.py")])
    modules = [path for path in sources if "def warm_up(" in path.read_text(encoding="utf-8")]
    stamp = METRICS / "__pycache__" / "kernels.sha256"  # Beside the cache, so that they vanish together.
    digest = sha256(*sources, ROOT / "requirements.txt", VENV / "pyvenv.cfg")
    if not modules or (stamp.exists() and stamp.read_text() == digest):
        return
    say("Compiling the numeric kernels (once, about a minute)")
    for path in modules:
        run(VENV_PYTHON, "-c", f"from core.{path.parent.name}.{path.stem} import warm_up; warm_up()")
    stamp.write_text(digest)


def sha256(*paths):
    """Returns the hex digest over the contents of ``paths``."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def run(*command):
    """Runs a command in the project's folder; raises CalledProcessError when it fails."""
    subprocess.run([str(word) for word in command], cwd=str(ROOT), check=True)


def become(*command):
    """Lets a command take the place of this script where that can be done: signals and Ctrl-C then reach it alone."""
    if os.name == "nt":
        return run(*command)
    os.chdir(str(ROOT))
    os.execv(str(command[0]), [str(word) for word in command])


def say(text):
    """Prints the heading of a step."""
    print(f"==> {text}", flush=True)


TARGETS = {
    "help": help_,
    "app": app,
    "demo": demo,
    "test": test,
    "setup": setup,
    "bench": bench,
    "lock": lock,
    "update-ytdlp": update_ytdlp,
    "clean": clean,
}

if __name__ == "__main__":
    sys.exit(main())
