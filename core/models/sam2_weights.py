"""Which SAM2 a checkpoint is of: version and size, read from its keys and shapes; and where checkpoints come from.

A checkpoint is loaded as plain tensors: no code in it runs. Not here: the network (``sam2``).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.cache import cache_folder
from core.errors import SettingsError, StorageError, WeightsError
from core.models.download import download
from core.settings.refusal import nearest
from core.weights import Weights

TRUNK = "image_encoder.trunk"
SIZES = ("tiny", "small", "base_plus", "large")
LETTERS = dict(zip(SIZES, ("t", "s", "b+", "l"), strict=True))
"""Size -> how the package's configurations call it."""
WIDTH_AND_BLOCKS = {(96, 12): "tiny", (96, 16): "small", (112, 24): "base_plus", (144, 48): "large"}
"""(channels of the first layer, blocks) of the image encoder -> size."""
ALSO_CALLED = {letter: size for size, letter in LETTERS.items()} | {"base": "base_plus", "baseplus": "base_plus"}
ADDRESSES = {
    "2.0": "https://dl.fbaipublicfiles.com/segment_anything_2/072824/sam2_hiera_{size}.pt",
    "2.1": "https://dl.fbaipublicfiles.com/segment_anything_2/092824/sam2.1_hiera_{size}.pt",
}
"""Version -> where Meta offers its checkpoints."""


@dataclass(frozen=True)
class Variant:
    """One of the eight networks."""

    version: str
    """``"2.0"`` or ``"2.1"``."""
    size: str
    """One of ``SIZES``."""

    @property
    def name(self) -> str:
        """``"sam2.1_hiera_tiny"``, as its checkpoint is called."""
        return f"{self._family}_hiera_{self.size}"

    @property
    def config(self) -> str:
        """``"configs/sam2.1/sam2.1_hiera_t.yaml"``, in the package."""
        return f"configs/{self._family}/{self._family}_hiera_{LETTERS[self.size]}.yaml"

    @property
    def address(self) -> str:
        """Where its checkpoint is offered."""
        return ADDRESSES[self.version].format(size=self.size)

    @property
    def _family(self) -> str:
        return "sam2" if self.version == "2.0" else f"sam{self.version}"


VARIANTS = tuple(Variant(version, size) for version in ("2.1", "2.0") for size in SIZES)


def variants_named(text: str) -> tuple[Variant, ...]:
    """Returns the variants that a person can mean: ``"tiny"`` both versions, ``"sam2.1_hiera_tiny"`` one.

    ``hiera_base``, ``b+`` and the like are ``base_plus``.

    Raises:
        SettingsError: none is called so.
    """
    plain = text.strip().lower().rpartition("/")[2].removesuffix(".pt").replace("-", "_")
    found = re.fullmatch(r"(?:sam(2(?:\.[01])?)_)?(?:hiera_)?([a-z_+]+)", plain)
    size = ALSO_CALLED.get(found[2], found[2]) if found else ""
    if found is None or size not in SIZES:
        sentence = f'"{text}" is no variant of SAM2{nearest(text, SIZES)}.'
        raise SettingsError(
            sentence, code="setting_choice", field="model_variant", value=text, choices=list(SIZES), nearest=None
        )
    version = {None: None, "2": "2.0"}.get(found[1], found[1])
    return tuple(variant for variant in VARIANTS if variant.size == size and version in (None, variant.version))


def variant_of_config(config: str) -> Variant:
    """Returns the variant of a configuration, whatever folder stands before its name.

    Only the package's own are taken: a configuration of a stranger can name any code.

    Raises:
        SettingsError: the package has no such configuration.
    """
    name = config.replace("\\", "/").rpartition("/")[2].removesuffix(".yaml")
    for variant in VARIANTS:
        if variant.config.endswith(f"/{name}.yaml"):
            return variant
    names = [variant.config for variant in VARIANTS]
    sentence = f'the package sam2 has no configuration "{config}"{nearest(config, names)}.'
    raise SettingsError(sentence, code="setting_choice", field="model_config", value=config, choices=names)


def variant_of(state: Mapping[str, Any], path: str) -> Variant:
    """Returns the variant whose weights these are.

    Args:
        state: name -> tensor.
        path: of the file, for sentences.

    Raises:
        WeightsError: they are not those of a SAM2.
    """
    first = state.get(f"{TRUNK}.patch_embed.proj.weight")
    blocks = {key.split(".")[3] for key in state if key.startswith(f"{TRUNK}.blocks.")}
    size = WIDTH_AND_BLOCKS.get((int(first.shape[0]), len(blocks))) if first is not None else None
    if size is None or "maskmem_tpos_enc" not in state:
        older = " (of the first SAM, which knows no videos)" if "image_encoder.pos_embed" in state else ""
        raise WeightsError(
            f"{path} holds weights of another network than SAM2{older}; name a checkpoint such as "
            "sam2.1_hiera_tiny.pt.",
            code="weights_of_other_program",
        )
    return Variant("2.1" if "no_obj_embed_spatial" in state else "2.0", size)


def chosen_variant(state: Mapping[str, Any], path: str, variant: str | None, config: str | None) -> Variant:
    """Returns the variant of the weights, if it is the one that was asked for.

    Raises:
        SettingsError: there is no such variant or configuration.
        WeightsError: the weights are of another one, or of no SAM2.
    """
    asked = [variants_named(variant)] if variant else []
    asked += [(variant_of_config(config),)] if config else []
    found = variant_of(state, path)
    for some in asked:
        if found not in some:
            wanted = " or ".join(one.name for one in some)
            raise WeightsError(
                f"{path} holds the weights of {found.name}, and {wanted} was asked for; name other weights, or leave "
                "the variant out.",
                code="other_variant",
                found=found.name,
                wanted=[one.name for one in some],
            )
    return found


def load_state(weights: Weights) -> dict[str, Any]:
    """Loads a checkpoint: name -> tensor.

    Raises:
        WeightsError: it is damaged, of another program, or loading it could run code.
    """
    import pickle

    import torch

    try:
        with open(weights.path, "rb") as file:
            held = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{weights.path} holds more than plain weights, and loading that could run any code; it is no checkpoint "
            "of SAM2: name one such as sam2.1_hiera_tiny.pt.",
            code="unsafe_weights",
            path=weights.path,
        ) from None
    except Exception:  # torch has no error classes of its own for damaged files
        raise WeightsError(
            f"{weights.path} cannot be read as a checkpoint of SAM2: it may be cut off or damaged; copy it again, or "
            "name another file.",
            code="weights_unreadable",
        ) from None
    state = held.get("model", held) if isinstance(held, dict) else None
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        sentence = f"{weights.path} holds no weights of SAM2; name a checkpoint such as sam2.1_hiera_tiny.pt."
        raise WeightsError(sentence, code="weights_of_other_program")
    return state


# --- downloads


def sam2_folder() -> Path:
    """Returns where downloaded checkpoints lie."""
    return cache_folder() / "sam2"


def downloaded() -> tuple[Path, ...]:
    """Returns the checkpoints that were downloaded."""
    return tuple(path for one in VARIANTS if (path := sam2_folder() / f"{one.name}.pt").is_file())


def fetch_checkpoint(name: str, folder: Path | None = None) -> Generator[tuple[int, int | None], None, Path]:
    """Downloads a checkpoint; yields (bytes done, bytes in all or ``None``), returns the file; at once if it is there.

    The file appears when it is complete. Run this in a child process, and only where a person asked for it.

    Args:
        name: a variant; a size alone means version 2.1.
        folder: where to; by default ``sam2_folder``.

    Raises:
        SettingsError: no such variant.
        WeightsError: it cannot be downloaded; says where to put it.
        StorageError: the folder cannot be written.
    """
    variant = variants_named(name)[0]
    target = (folder or sam2_folder()) / f"{variant.name}.pt"
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, work = tempfile.mkstemp(prefix=f".{variant.name}.", dir=target.parent)
        os.close(handle)
    except OSError as error:
        sentence = f"{target.parent} cannot be written ({error.strerror}); make it writable."
        raise StorageError(sentence, code="cannot_write") from error
    try:
        yield from download(variant.address, Path(work))
        os.replace(work, target)
    except (OSError, EOFError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise WeightsError(
            f"{variant.name}.pt could not be downloaded ({reason}); check the connection, or download "
            f"{variant.address} on another machine and copy it to {target.parent}.",
            code="no_download",
            name=variant.name,
        ) from error
    finally:
        Path(work).unlink(missing_ok=True)
    return target
