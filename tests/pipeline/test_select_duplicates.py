import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.metrics import hamming

N = 100_000


def slow_first_near(hashes, distance):
    """The definition, word by word."""
    kept, first = [], []
    for i, word in enumerate(hashes):
        near = [j for j in kept if (int(word) ^ int(hashes[j])).bit_count() <= distance]
        first.append(near[0] if near else -1)
        if not near:
            kept.append(i)
    return first


def flipped(rng, hashes, bits):
    """Hashes with up to ``bits`` random bits turned over."""
    for _ in range(bits):
        hashes = hashes ^ (np.uint64(1) << rng.integers(0, 64, len(hashes)).astype(np.uint64))
    return hashes


def inputs(rng, count):
    random = rng.integers(0, 2**64, count, dtype=np.uint64)
    return {
        "random": random,
        "identical": np.full(count, random[0]),
        "within one bit": flipped(rng, np.full(count, random[0]), 1),
        "few distinct": random[rng.integers(0, 5, count)],
        "clusters": flipped(rng, random[rng.integers(0, max(1, count // 10), count)], 4),
        "half the bits never change": random & np.uint64(0x0F0F0F0F0F0F0F0F),
        "a slow walk": np.bitwise_xor.accumulate(np.uint64(1) << rng.integers(0, 64, count).astype(np.uint64)),
    }


def test_no_hashes_have_no_duplicates():
    assert hamming.first_near(np.empty(0, np.uint64), 5).tolist() == []


@pytest.mark.parametrize("distance", [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 16, 24, 32, 64])
@pytest.mark.parametrize("kind", list(inputs(np.random.default_rng(0), 9)))
def test_search_equals_its_slow_twin(kind, distance):
    hashes = inputs(np.random.default_rng(distance), 300)[kind]
    assert hamming.first_near(hashes, distance).tolist() == slow_first_near(hashes, distance)


@pytest.mark.parametrize("distance", [0, 1, 3, 5, 6, 8, 11])
@pytest.mark.parametrize("bands", [4, 5, 6, 7, 9, 12])
def test_every_division_into_bands_is_exact(monkeypatch, distance, bands):
    monkeypatch.setattr(hamming, "bands_for", lambda count, distance: bands)
    for hashes in inputs(np.random.default_rng(bands), 200).values():
        assert hamming.first_near(hashes, distance).tolist() == slow_first_near(hashes, distance)


near_words = st.lists(st.integers(0, 2**12 - 1).map(lambda n: n * 0x11001001001001 % 2**64), max_size=40)


@given(near_words, st.integers(0, 32), st.sampled_from([0, 4, 6]))
def test_duplicates_equal_their_slow_twin(words, distance, bands):
    hashes = np.array(words, dtype=np.uint64)
    wanted = slow_first_near(hashes, distance)
    assert hamming.first_near(hashes, distance).tolist() == wanted
    if bands and len(words) and distance // bands < 3:
        edges = np.array([64 * band // bands for band in range(bands + 1)], dtype=np.uint64)
        flips = hamming._flips(-(-64 // bands), distance // bands)
        assert hamming._search(hamming._balance(hashes, bands), distance, edges, flips).tolist() == wanted


def test_order_of_bits_does_not_change_distances():
    rng = np.random.default_rng(3)
    words = rng.integers(0, 2**40, 50, dtype=np.uint64)
    moved = hamming._balance(words, 6)
    pairs = [np.bitwise_count(w[:, None] ^ w[None, :]) for w in (words, moved)]
    assert (pairs[0] == pairs[1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(inputs(np.random.default_rng(0), 9)))
def test_hundred_thousand_hashes_are_never_quadratic(kind):
    hashes = inputs(np.random.default_rng(1), N)[kind]
    hamming.first_near(hashes[:2000], 5)
    started = time.process_time()
    hamming.first_near(hashes, 5)
    assert time.process_time() - started < 1.0  # 0.004 to 0.27 s when measured; one scan of all kept pairs took 1.7 s
