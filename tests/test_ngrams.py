"""Laws of n-grams against counts by hand and SciPy; what is said of generated lines."""

import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon

from wganlab import compare, data
from wganlab.compare.ngrams import NGrams, TextObserver, ngrams, words
from wganlab.data.language import TextLaw

RNG = np.random.default_rng(0)


def counted(codes, n):
    """The law of n-grams by Python's own counter."""
    found = Counter(
        tuple(line[k : k + n]) for line in codes.tolist() for k in range(len(line) - n + 1)
    )
    return {gram: count / sum(found.values()) for gram, count in found.items()}


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_divergences_are_scipys_of_counts_by_hand(n):
    one, other = (RNG.integers(5, size=(20, 7), dtype=np.uint8) for _ in range(2))
    p, q = counted(one, n), counted(other, n)
    keys = sorted(p.keys() | q.keys())
    told = jensenshannon([p.get(k, 0) for k in keys], [q.get(k, 0) for k in keys]) ** 2
    law = NGrams(one, n=n, size=5)
    assert law.js(other) == pytest.approx(told, rel=1e-9)
    assert law.shares.sum() == pytest.approx(1)
    assert dict(zip(law.keys.tolist(), law.shares.tolist(), strict=True)) == pytest.approx(
        {sum(c * 5 ** (n - 1 - k) for k, c in enumerate(gram)): share for gram, share in p.items()}
    )


def test_codes_of_a_byte_do_not_overflow():
    codes = np.full((1, 4), 255, dtype=np.uint8)
    assert ngrams(codes, n=4, size=256).tolist() == [256**4 - 1]
    wide = np.full((1, 4), 2047, dtype=np.uint16)
    assert ngrams(wide, n=4, size=2048).tolist() == [2**44 - 1]


def test_the_number_of_lines_does_not_matter_and_their_order_does():
    lines = RNG.integers(3, size=(10, 6), dtype=np.uint8)
    law = NGrams(lines, n=2, size=3)
    assert law.js(np.repeat(lines, 7, axis=0)) == pytest.approx(0, abs=1e-12)
    assert law.js(lines[:, ::-1]) > 0.001


def test_laws_without_a_common_ngram_are_log_2_apart():
    zeros, ones = np.zeros((3, 5), np.uint8), np.ones((2, 5), np.uint8)
    assert NGrams(zeros, n=3, size=2).js(ones) == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("n", "size", "told"), [(5, 3, "have no 5-grams"), (4, 2**16, "too many 4-grams")]
)
def test_what_cannot_be_counted_is_refused(n, size, told):
    with pytest.raises(ValueError, match=told):
        NGrams(np.zeros((2, 4), np.uint8), n=n, size=size)


def test_words_stand_between_blanks():
    assert words(["to be, or", " not  to be", ""], 12) == ["to", "be,", "or", "not", "to", "be"]


def test_a_word_that_may_be_cut_is_none():
    assert words(["to be or n", "to be or  ", "to be or"], 10) == ["to", "be", "or"] * 3
    assert words(["abc"], 3) == []


LINES = ["a bc", "bc a", "a a", "bc bc", "a bc", "bc a", "a a", "bc bc", "a bc", "bc a", "zz zz"]


def seen(law, lines):
    codes = law.alphabet.encode(lines, law.shape[1])
    return SimpleNamespace(fake=law.one_hot(torch.from_numpy(codes)))


def test_an_observer_says_what_is_true_of_generated_lines():
    law = TextLaw("few", LINES, length=6)
    (held_out,) = law.decode(law.held_out(1, torch.device("cpu")))
    trained = [line for line in LINES if line != held_out]
    look = TextObserver(law, 1)
    row = look(seen(law, ["a qq"]))
    assert row["words"] == pytest.approx(0.5)
    known = law.alphabet.encode(law.alphabet.decode(law.codes.numpy()[law.rows]), 6)
    for n in (1, 2, 3, 4):
        size = len(law.alphabet)
        made = law.alphabet.encode(["a qq"], 6)
        assert row[f"js{n}"] == pytest.approx(NGrams(known, n=n, size=size).js(made))
        apart = law.codes.numpy()[law.unseen]
        assert row[f"js{n}_floor"] == pytest.approx(NGrams(known, n=n, size=size).js(apart))
    assert row["words_floor"] == float(held_out != "zz zz")
    assert look(seen(law, trained[:1]))["words"] == 1
    assert look(seen(law, [""]))["words"] == 0


def test_only_so_many_lines_are_looked_at():
    law = TextLaw("few", LINES, length=6)
    look = TextObserver(law, 1000)
    assert look.n == 1
    assert look(seen(law, ["a", "qq qq"]))["words"] == 1


def test_short_lines_and_large_alphabets_have_fewer_lengths():
    law = TextLaw("short", ["ab", "ba", "ab"], length=2)
    assert set(TextObserver(law, 1)(seen(law, ["ab"]))) == {
        *("js1", "js2", "words", "js1_floor", "js2_floor", "words_floor")
    }


def test_text_itself_is_at_its_floor_and_noise_is_not():
    law = data.text_law("text:shakespeare")
    look = compare.text_observers(law, 600)[1]
    draws = torch.Generator().manual_seed(0)
    real = look(SimpleNamespace(fake=law.sample(600, draws)))
    noise = look(SimpleNamespace(fake=torch.rand((600, *law.shape), generator=draws)))
    for n in (1, 2, 3, 4):
        assert real[f"js{n}"] < 1.1 * real[f"js{n}_floor"]
        assert noise[f"js{n}"] > 0.2 + real[f"js{n}"]
    assert real["words"] == 1
    assert 0.8 < real["words_floor"] < 1
    assert noise["words"] < 0.1


def test_observers_tell_how_many_lines_they_need():
    law = data.text_law("text:shakespeare")
    truth, grams = compare.text_observers(law, 4096)
    assert truth.n == grams.n == 1099
