"""Compiles the kernels ahead of the run, with numba, into one object file that ``machine_code`` loads without it.

Each kernel gets a C signature here: addresses and sizes instead of arrays. The only module that imports the kernels,
and so numba; imported on the first run on a machine, by set-up, and where the JIT is switched off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import llvmlite.binding as llvm
import numba
import numpy as np
from numba import types

from core.metrics import (
    kernels,
    kernels_beside,
    kernels_colours,
    kernels_hamming,
    kernels_hash,
    kernels_judge,
    kernels_masked,
    kernels_shift,
    kernels_spread,
)
from core.metrics.colours import COLOURS
from core.metrics.layout import (
    AFFINE,
    CELLS,
    GROUP_SIDE,
    HALVED,
    LEVELS,
    LINES,
    NOISE_BINS,
    PAIR_STRIDE,
    RULES,
    SHIFT_FOUND,
    SMOOTH,
    TAPS,
    TILE_NUMBERS,
    TILES,
)
from core.metrics.machine_code import SIGNATURES, target_machine

u8, u16, u32, u64, i16, i32, i64, f32, f64 = (
    np.uint8, np.uint16, np.uint32, np.uint64, np.int16, np.int32, np.int64, np.float32, np.float64
)  # fmt: skip
carray, cfunc = cast(Any, numba).carray, cast(Any, numba).cfunc  # its stubs know neither
LOW = 8
"""Rows and columns of low frequencies."""

EXTERNAL = {"log2", "sqrt", "memset", "memcpy", "memmove"}
"""What the machine code may want from the process: the C library. Nothing else would be found when it is loaded."""
TYPES = {"p": ("ptr", types.voidptr), "i": ("i64", types.int64), "f": ("double", types.float64)}


def _frame(
    luma: Any, height: int, stride: int, width: int, full_range: int, lines: Any, length: int, pairs: Any, columns: Any,
    counts: Any, box: Any, want_box: int, raw: Any,
) -> int:  # fmt: skip
    words = carray(luma, (height if stride % 8 == 0 else 0, stride // 8), u64)
    found = kernels.frame_kernel(
        carray(luma, (height, stride), u8), words, width, full_range != 0, carray(lines, (LINES, length), i16),
        carray(pairs, (2, PAIR_STRIDE), u32), carray(columns, (width,), u16), carray(counts, (2, LEVELS), i64),
        carray(box, (CELLS, CELLS), f64), want_box != 0,
    )  # fmt: skip
    out = carray(raw, (5,), f64)
    out[0], out[1], out[2], out[3], out[4] = found
    return 0


def _masked(
    luma: Any, height: int, stride: int, mask: Any, mask_stride: int, width: int, full_range: int, lines: Any,
    length: int, pairs: Any, columns: Any, counts: Any, raw: Any,
) -> int:  # fmt: skip
    pixels, found = kernels_masked.masked_kernel(
        carray(luma, (height, stride), u8), carray(mask, (height, mask_stride), u8), width, full_range != 0,
        carray(lines, (LINES, length), i16), carray(pairs, (2, PAIR_STRIDE), u32), carray(columns, (width,), u16),
        carray(counts, (2, LEVELS), i64),
    )  # fmt: skip
    out = carray(raw, (5,), f64)
    out[0], out[1], out[2], out[3], out[4] = found
    return pixels  # type: ignore[no-any-return]


def _difference(first: Any, first_stride: int, second: Any, second_stride: int, height: int, width: int) -> int:
    a, b = carray(first, (height, first_stride), u8), carray(second, (height, second_stride), u8)
    return kernels.difference_kernel(a, b, width)  # type: ignore[no-any-return]


def _judge(
    luma: Any, height: int, stride: int, width: int, every: int, black: int, dark: int, sums: Any, small: Any,
    tensor: Any, blocks: Any, room: int, rows: int, across: int, energy: Any, combed: Any, points: Any, bins: Any,
    out: Any,
) -> int:  # fmt: skip
    return kernels_judge.judge_kernel(
        carray(luma, (height, stride), u8), width, every, black, dark, carray(sums, (3, room), f32),
        carray(small, (6, room), u16), carray(tensor, (3, across), f32), carray(blocks, (7, across), i32),
        carray(energy, (rows, across), f32), carray(combed, (rows, across), u8), carray(points, (rows, across), u8),
        carray(bins, (NOISE_BINS,), i32), carray(out, (16,), i64),
    )  # fmt: skip


def _hash(box: Any, cosines: Any, steps: float, row: Any, low: Any, ranked: Any) -> int:
    bits = kernels_hash.hash_kernel(
        carray(box, (CELLS, CELLS), f64), carray(cosines, (LOW, CELLS), f64), steps, carray(row, (CELLS,), f64),
        carray(low, (LOW * LOW,), f64), carray(ranked, (LOW * LOW,), f64),
    )  # fmt: skip
    return i64(bits)  # type: ignore[return-value]


def _sharpen(
    bins: Any, noisy: float, noise: float, energy: Any, points: Any, rows: int, across: int, scale: float,
    in_energy: float, sharp: Any, groups: Any, out: Any,
) -> int:  # fmt: skip
    kernels_beside.sharpen_kernel(
        carray(bins, (NOISE_BINS,), i32), noisy, noise, carray(energy, (rows, across), f32),
        carray(points, (rows, across), u8), scale, in_energy, carray(sharp, (rows, across), f32),
        carray(groups, (rows // GROUP_SIDE, across // GROUP_SIDE), f32), carray(out, (2,), f64),
    )  # fmt: skip
    return 0


def _change(points: Any, first: Any, second: Any, rows: int, across: int, others: int, most: int, counts: Any) -> int:
    both = rows if others == 2 else 0
    return kernels_beside.change_kernel(
        carray(points, (rows, across), u8), carray(first, (rows, across), u8), carray(second, (both, across), u8),
        most, carray(counts, (2 * LEVELS,), i32),
    )  # fmt: skip


def _moving(
    points: Any, before: Any, after: Any, sharp: Any, rows: int, across: int, levels: int, most: float, tenth: float,
    counts: Any, lines: Any, out: Any,
) -> int:  # fmt: skip
    return kernels_beside.moving_kernel(
        carray(points, (rows, across), u8), carray(before, (rows, across), u8), carray(after, (rows, across), u8),
        carray(sharp, (rows, across), f32), levels, most, tenth, carray(counts, (LEVELS,), i32),
        carray(lines, (across,), u8), carray(out, (1,), f64),
    )  # fmt: skip


def _border(sharp: Any, rows: int, across: int, sides: int, out: Any) -> int:
    found = carray(out, (2,), f64)
    return kernels_beside.border_kernel(carray(sharp, (rows, across), f32), sides, found)


def _colours_8(
    blue: Any, red: Any, height: int, blue_stride: int, red_stride: int, blue_first: int, red_first: int, step: int,
    width: int, shift: int, full_range: int, box: Any, out: Any,
) -> int:  # fmt: skip
    kernels_colours.colours_kernel(
        carray(box, (CELLS, CELLS), f64), carray(blue, (height, blue_stride), u8), blue_first,
        carray(red, (height, red_stride), u8), red_first, step, width, shift, full_range != 0,
        carray(out, (COLOURS,), u8),
    )  # fmt: skip
    return 0


def _colours_16(
    blue: Any, red: Any, height: int, blue_stride: int, red_stride: int, blue_first: int, red_first: int, step: int,
    width: int, shift: int, full_range: int, box: Any, out: Any,
) -> int:  # fmt: skip
    kernels_colours.colours_kernel(
        carray(box, (CELLS, CELLS), f64), carray(blue, (height, blue_stride), u16), blue_first,
        carray(red, (height, red_stride), u16), red_first, step, width, shift, full_range != 0,
        carray(out, (COLOURS,), u8),
    )  # fmt: skip
    return 0


def _ones(hashes: Any, count: int, counts: Any) -> int:
    kernels_hamming.ones_kernel(carray(hashes, (count,), u64), carray(counts, (64,), i64))
    return 0


def _keys(hashes: Any, count: int, pieces: Any, widths: Any, bands: int, out: Any) -> int:
    kernels_hamming.keys_kernel(
        carray(hashes, (count,), u64), carray(pieces, (8, 256), u64), carray(widths, (bands,), i64),
        carray(out, (bands, count), u32),
    )  # fmt: skip
    return 0


def _scan(
    hashes: Any, count: int, distance: int, values: Any, known: Any, limits: Any, kept: Any, kept_at: Any, out: Any
) -> int:
    kernels_hamming.scan_kernel(
        carray(hashes, (count,), u64), distance, carray(values, (count, COLOURS), u8), carray(known, (count,), u8),
        carray(limits, (COLOURS,), u8), carray(kept, (count,), u64), carray(kept_at, (count,), i64),
        carray(out, (count,), i64),
    )  # fmt: skip
    return 0


def _search(
    hashes: Any, count: int, distance: int, keys: Any, bands: int, sizes: Any, flips: Any, flip_count: int, tries: Any,
    values: Any, known: Any, limits: Any, starts: Any, ends: Any, places: int, words: Any, owners: Any, out: Any,
) -> int:  # fmt: skip
    kernels_hamming.search_kernel(
        carray(hashes, (count,), u64), distance, carray(keys, (bands, count), u32), carray(sizes, (bands,), i64),
        carray(flips, (flip_count,), u32), carray(tries, (bands,), i64), carray(values, (count, COLOURS), u8),
        carray(known, (count,), u8), carray(limits, (COLOURS,), u8), carray(starts, (bands, places), i32),
        carray(ends, (bands, places), i32), carray(words, (bands, count), u64), carray(owners, (bands, count), i32),
        carray(out, (count,), i64),
    )  # fmt: skip
    return 0


def _notice(
    hashes: Any, hashed: Any, values: Any, known: Any, frames: int, limits: Any, places: Any, rows: Any, count: int,
    chosen: Any, taken: int, rules: Any, near: Any, far: Any, look: Any,
) -> int:  # fmt: skip
    kernels_spread.notice_kernel(
        carray(hashes, (frames,), u64), carray(hashed, (frames,), u8), carray(values, (frames, COLOURS), u8),
        carray(known, (frames,), u8), carray(limits, (COLOURS,), u8), carray(places, (frames,), i64),
        carray(rows, (count,), i64), carray(chosen, (taken,), i64), carray(rules, (RULES,), i64),
        carray(near, (count,), u8), carray(far, (count,), i64), carray(look, (count,), i64),
    )  # fmt: skip
    return 0


def _alike(
    hashes: Any, hashed: Any, values: Any, known: Any, frames: int, limits: Any, rows: Any, count: int, chosen: Any,
    taken: int, bits: int, near: Any,
) -> int:  # fmt: skip
    kernels_spread.alike_kernel(
        carray(hashes, (frames,), u64), carray(hashed, (frames,), u8), carray(values, (frames, COLOURS), u8),
        carray(known, (frames,), u8), carray(limits, (COLOURS,), u8), carray(rows, (count,), i64),
        carray(chosen, (taken,), i64), bits, carray(near, (count,), u8),
    )  # fmt: skip
    return 0


def _take(
    hashes: Any, hashed: Any, values: Any, known: Any, frames: int, limits: Any, places: Any, quality: Any,
    windows: Any, pool: Any, count: int, near: Any, far: Any, look: Any, covered: Any, slots: int, chosen: Any,
    room: int, taken: int, rules: Any,
) -> int:  # fmt: skip
    return kernels_spread.take_kernel(  # type: ignore[no-any-return]
        carray(hashes, (frames,), u64), carray(hashed, (frames,), u8), carray(values, (frames, COLOURS), u8),
        carray(known, (frames,), u8), carray(limits, (COLOURS,), u8), carray(places, (frames,), i64),
        carray(quality, (frames,), i64), carray(windows, (frames,), i64), carray(pool, (count,), i64),
        carray(near, (count,), u8), carray(far, (count,), i64), carray(look, (count,), i64),
        carray(covered, (slots,), u8), carray(chosen, (room,), i64), taken, carray(rules, (RULES,), i64),
    )  # fmt: skip


def _exchange(
    hashes: Any, hashed: Any, values: Any, known: Any, frames: int, limits: Any, places: Any, quality: Any,
    windows: Any, pool: Any, count: int, chosen: Any, taken: int, rules: Any,
) -> int:  # fmt: skip
    kernels_spread.exchange_kernel(
        carray(hashes, (frames,), u64), carray(hashed, (frames,), u8), carray(values, (frames, COLOURS), u8),
        carray(known, (frames,), u8), carray(limits, (COLOURS,), u8), carray(places, (frames,), i64),
        carray(quality, (frames,), i64), carray(windows, (frames,), i64), carray(pool, (count,), i64),
        carray(chosen, (taken,), i64), carray(rules, (RULES,), i64),
    )  # fmt: skip
    return 0


def _smooth(box: Any, taps: Any, rows: Any, out: Any) -> int:
    kernels_shift.smooth_kernel(
        carray(box, (CELLS, CELLS), f64), carray(taps, (2, TAPS), f32), carray(rows, (2, SMOOTH, CELLS), f32),
        carray(out, (3, SMOOTH, SMOOTH), f32),
    )  # fmt: skip
    return 0


def _shift(
    now: Any, before: Any, inside: Any, width: float, height: float, halves: Any, tiles: Any, system: Any, out: Any
) -> int:
    return kernels_shift.shift_kernel(
        carray(now, (3, SMOOTH, SMOOTH), f32), carray(before, (3, SMOOTH, SMOOTH), f32), carray(inside, (4,), i64),
        width, height, carray(halves, (2, HALVED, HALVED), f32), carray(tiles, (TILES * TILES, TILE_NUMBERS), f64),
        carray(system, (AFFINE, 2 * AFFINE + 1), f64), carray(out, (SHIFT_FOUND,), f64),
    )  # fmt: skip


PLAIN: dict[str, Callable[..., Any]] = {
    "frame": _frame, "masked": _masked, "difference": _difference, "judge": _judge, "sharpen": _sharpen,
    "change": _change, "moving": _moving, "border": _border, "hash": _hash, "colours_8": _colours_8,
    "colours_16": _colours_16, "ones": _ones, "keys": _keys, "scan": _scan, "search": _search, "notice": _notice,
    "alike": _alike, "take": _take, "exchange": _exchange, "smooth": _smooth,
    "shift": _shift,
}  # fmt: skip
"""Every kernel by the name under which it is called, as a Python function of C's arguments."""


def object_code() -> bytes:
    """Compiles every kernel for this processor; returns an object file whose functions are named as in ``PLAIN``.

    Raises:
        RuntimeError: a kernel allocates, raises or calls what is not in the C library: that needs numba at run time.
    """
    module = llvm.parse_assembly(NO_REFERENCES)
    for name, function in PLAIN.items():
        letters = SIGNATURES[name]
        signature = types.int64(*(TYPES[letter][1] for letter in letters))
        compiled = cfunc(signature, nopython=True, boundscheck=False, error_model="numpy")(function)
        module.link_in(llvm.parse_assembly(compiled.inspect_llvm()))
        module.link_in(llvm.parse_assembly(_entry(name, compiled.native_name.removeprefix("cfunc."), letters)))
    machine = target_machine()
    _keep_entries(module, machine)
    unknown = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")} - EXTERNAL
    if unknown:
        raise RuntimeError(f"the kernels want {', '.join(sorted(unknown))}, which only numba has")
    code: bytes = machine.emit_object(module)
    return code


NO_REFERENCES = """
define linkonce_odr void @NRT_MemInfo_call_dtor(ptr %0) {
  unreachable
}
"""
"""What would free an array that nobody refers to: those of the kernels belong to Python and are not counted."""


def _entry(name: str, native: str, letters: str) -> str:
    """The text of a C function around one of numba's, which takes a place for its result and one for an error."""
    kinds = [TYPES[letter][0] for letter in letters]
    takes = ", ".join(f"{kind} %a{i}" for i, kind in enumerate(kinds))
    return f"""
declare i32 @"{native}"(ptr, ptr, {", ".join(kinds)})

define i64 @{name}({takes}) {{
  %result = alloca i64
  %error = alloca ptr
  %status = call i32 @"{native}"(ptr %result, ptr %error, {takes})
  %found = load i64, ptr %result
  ret i64 %found
}}
"""


def _keep_entries(module: Any, machine: Any) -> None:
    """Drops everything that the entries do not lead to: numba's own wrappers, which speak to Python."""
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name not in PLAIN:
            value.linkage = "internal"
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
