"""The kernels as machine code: compiled ahead by numba (``ahead``), loaded here without it.

Importing numba, and all types that it knows, takes half a second; the code itself is there in a hundredth. It lies in
one file beside the sources, made for this processor and for exactly these sources, and is compiled anew for others.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core import log
from core.cache import cache_folder
from core.errors import StorageError

SIGNATURES = {
    "frame": "piiiipippppip",
    "masked": "piipiiipipppp",
    "difference": "pipiii",
    "judge": "piiiiiippppiiippppp",
    "sharpen": "pffppiiffppp",
    "change": "pppiiiip",
    "moving": "ppppiiiffppp",
    "border": "piiip",
    "hash": "ppfppp",
    "colours_8": "ppiiiiiiiiipp",
    "colours_16": "ppiiiiiiiiipp",
    "ones": "pip",
    "keys": "pippip",
    "scan": "piipppppp",
    "search": "piipippippppppippp",
    "notice": "ppppipppipipppp",
    "alike": "ppppippipiip",
    "take": "ppppipppppippppipiip",
    "exchange": "ppppipppppipip",
    "smooth": "pppp",
    "shift": "pppffpppp",
}
"""Arguments of each kernel: p = address of an array, i = int64, f = float64; all return an int64."""

BRIEF = {"sharpen", "change", "moving", "border", "hash", "smooth", "shift"}
"""Kernels that are done in some hundredths of a millisecond: to let other threads run meanwhile costs as much."""

C_TYPES: dict[str, Any] = {"p": ctypes.c_void_p, "i": ctypes.c_int64, "f": ctypes.c_double}
SOURCES = ("kernels*.py", "ahead.py", "colours.py", "jit.py", "layout.py", "machine_code.py")
"""The modules that machine code is made from."""

Function = Callable[..., int]

_functions: dict[str, Function] = {}
_loading = threading.Lock()
_engine: Any = None
"""Owns the memory that the code lies in."""


def function(name: str) -> Function:
    """Returns a kernel; the first call loads all of them, and compiles them where this has not been done.

    It takes what ``SIGNATURES`` says, addresses as whole numbers, and runs without the GIL where it is not ``BRIEF``.
    With ``NUMBA_DISABLE_JIT`` it is the Python code itself.
    """
    if not _functions:
        with _loading:
            if not _functions:
                _functions.update(_plain() if _jit_is_off() else _loaded())
    return _functions[name]


def is_there() -> bool:
    """Whether machine code was stored on this machine: of some state of the sources."""
    return any(True for folder in _folders() for _ in folder.glob("kernels.*.code"))


def target_machine() -> Any:
    """Returns LLVM's compiler for the processor of this machine, set as numba sets it."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=_features(),
        opt=3,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )


def _jit_is_off() -> bool:
    return os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")


def _plain() -> dict[str, Function]:
    from core.metrics.ahead import PLAIN

    of_python: dict[str, Callable[[Any], Any]] = C_TYPES | {"i": int, "f": float}

    def python(name: str) -> Function:
        kernel, kinds = PLAIN[name], [of_python[letter] for letter in SIGNATURES[name]]
        return lambda *args: int(kernel(*(kind(arg) for kind, arg in zip(kinds, args, strict=True))))

    return {name: python(name) for name in SIGNATURES}


def _loaded() -> dict[str, Function]:
    global _engine
    import llvmlite.binding as llvm

    machine = target_machine()
    code = _code()
    _engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    _engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    _engine.finalize_object()
    found: dict[str, Function] = {}
    for name, letters in SIGNATURES.items():
        prototype = ctypes.PYFUNCTYPE if name in BRIEF else ctypes.CFUNCTYPE
        kind = prototype(ctypes.c_int64, *(C_TYPES[letter] for letter in letters))
        found[name] = kind(_engine.get_function_address(name))
    return found


def _code() -> bytes:
    """Returns the object file, from where it is stored, else compiled now and stored there."""
    made_from, places = _digest(), [folder / f"kernels.{_processor()}.code" for folder in _folders()]
    for place in places:
        if (code := _stored(place, made_from)) is not None:
            return code
    log.get().warning("Compiling the numeric kernels for this machine, once; this takes about half a minute.")
    from core.metrics.ahead import object_code

    code = object_code()
    for place in places:
        with contextlib.suppress(StorageError):
            _store(place, made_from, code)
            break
    return code


def _stored(place: Path, made_from: bytes) -> bytes | None:
    """Returns an object file that was stored; ``None`` = none is there that is whole and of these sources."""
    with contextlib.suppress(OSError):
        data = place.read_bytes()
        head, code = data[: 2 * DIGEST_BYTES], data[2 * DIGEST_BYTES :]
        return code if head == made_from + hashlib.sha256(code).digest() else None
    return None


def _store(place: Path, made_from: bytes, code: bytes) -> None:
    from core import files  # and numpy, which the doctor does without

    files.make_folder(place.parent)
    files.write_bytes(place, made_from + hashlib.sha256(code).digest() + code)


DIGEST_BYTES = 32


def _folders() -> list[Path]:
    """Where machine code may lie, the best place first: where numba's own cache would."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(named)]
    return [Path(__file__).parent / "__pycache__", cache_folder() / "kernels"]


def _digest() -> bytes:
    """Of all that the code depends on but the processor."""
    import llvmlite

    digest = hashlib.sha256(llvmlite.__version__.encode())
    folder = Path(__file__).parent
    for path in sorted(path for pattern in SOURCES for path in folder.glob(pattern)):
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.digest()


def _processor() -> str:
    import llvmlite.binding as llvm

    text = f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {_features()}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _features() -> str:
    import llvmlite.binding as llvm

    try:
        features: str = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # this LLVM does not know the processor
        return ""
    return features
