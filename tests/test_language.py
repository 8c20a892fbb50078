"""Lines of text: what of a file becomes which codes, and what is no text at all."""

import gzip
import os

import numpy as np
import pytest
import torch

from wganlab import data
from wganlab.data.alphabet import PADDING, UNKNOWN, Alphabet
from wganlab.data.files import files_of, is_file_source
from wganlab.data.language import TextLaw, codes_of, path_of

CPU = torch.device("cpu")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def law_of(tmp_path):
    """The law of a file with that content, its name followed by options."""

    def made(content, options="", **more):
        path = tmp_path / "lines.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return data.text_law(f"text:{path}{options}", **more)

    return made


def lines_of(law):
    return law.alphabet.decode(law.codes.numpy())


def test_codes_are_padding_unknown_and_the_most_common_first():
    alphabet = Alphabet.of(["abba", "cab", "b"], size=4)
    assert alphabet.characters == "ba"
    assert len(alphabet) == 4
    codes = alphabet.encode(["abc", "abcab"], length=4)
    assert codes.tolist() == [[3, 2, UNKNOWN, PADDING], [3, 2, UNKNOWN, 3]]
    assert codes.dtype == np.uint8


def test_equally_common_characters_are_in_the_order_of_unicode():
    assert Alphabet.of(["zya", "ayz"], size=10).characters == "ayz"
    assert Alphabet.of(["zya", "ayz"], size=4).characters == "ay"


def test_many_characters_take_two_bytes():
    characters = "".join(chr(k) for k in range(0x4E00, 0x4E00 + 300))
    alphabet = Alphabet(characters)
    codes = alphabet.encode([characters], length=300)
    assert codes.dtype == np.uint16
    assert alphabet.decode(codes) == [characters]


def test_what_is_shown_for_padding_and_unknown_is_no_character_of_the_text():
    for characters in ("ab", "a`b", "`·¶", "a\ufffd¤", "`·¶\ufffd¤\ue000"):
        alphabet = Alphabet(characters)
        signs = {chr(alphabet.shown[code]) for code in (PADDING, UNKNOWN)}
        assert len(signs) == 2
        assert not signs & {*characters}
        line = characters + "?"
        (back,) = alphabet.decode(alphabet.encode([line], length=12))
        assert back == characters + chr(alphabet.shown[UNKNOWN])


def test_padding_inside_a_line_is_shown_and_at_its_end_is_not():
    alphabet = Alphabet("ab")
    codes = np.array([[2, PADDING, 3, PADDING], [PADDING] * 4], dtype=np.uint8)
    assert alphabet.decode(codes) == ["a`b", ""]


def test_astral_characters_are_one_each():
    alphabet = Alphabet.of(["😀a😀"], size=9)
    assert alphabet.characters == "😀a"
    assert alphabet.decode(alphabet.encode(["😀a"], length=3)) == ["😀a"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_end_as_they_do_on_any_system(law_of, end, last):
    law = law_of(end.join(["one", "two ", "", "  ", " three", "four\t"]) + end * last)
    assert lines_of(law) == ["one", "two", " three", "four"]
    assert "\r" not in law.alphabet.characters


def test_a_byte_order_mark_is_no_character(law_of):
    assert lines_of(law_of("\ufeffone\ntwo")) == ["one", "two"]


def test_other_separators_are_characters_of_their_line(law_of):
    law = law_of("a\x0cb\x85c\u2028d\nlast")
    assert lines_of(law) == ["a\x0cb\x85c\u2028d", "last"]


def test_lines_are_cut_and_padded(law_of):
    law = law_of("abcdef\nab\n", ":length=4")
    assert law.shape == (2 + 4, 4)  # e and f are in no line
    assert lines_of(law) == ["abcd", "ab"]
    assert (law.codes == PADDING).sum(dim=1).tolist() == [0, 2]
    assert law.dim == 24


def test_options_follow_the_name(law_of):
    law = law_of("aab\naac\nxyz\n", ":length=3,characters=3:lines=2")
    assert law.shape == (3, 3)
    assert lines_of(law) == ["aa\ufffd", "aa\ufffd"]


def test_packed_files_are_read(tmp_path):
    path = tmp_path / "lines.gz"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    assert lines_of(data.text_law(f"text:{path}")) == ["one", "two"]


def test_points_are_one_hot_of_the_lines(law_of):
    law = law_of("ab\nba\nab\n")
    points = law.take(np.arange(3), CPU)
    assert points.shape == (3, 4, 32)
    assert points.dtype == torch.float32
    assert torch.equal(points.sum(dim=1), torch.ones(3, 32))
    assert torch.equal(points.argmax(dim=1), law.codes.long())
    assert law.decode(points) == ["ab", "ba", "ab"]
    assert torch.equal(law.pick(torch.arange(3)), points)


def test_a_generators_lines_are_the_likeliest_characters(law_of):
    law = law_of("ab\nba\n")
    shares = torch.zeros(1, 4, 32)
    shares[0, 0], shares[0, 3, 0], shares[0, 2, 0] = 0.3, 0.4, 0.5
    assert codes_of(shares)[0, :2].tolist() == [2, PADDING]
    assert law.decode(shares) == ["a"]


def test_a_tenth_is_held_out_and_never_drawn():
    law = TextLaw("numbers", [f"{k:03}" for k in range(200)], length=3)
    held_out = law.decode(law.held_out(1000, CPU))
    assert len(held_out) == 20
    drawn = {*law.decode(law.sample(20_000, generator()))}
    assert len(drawn) == 180
    assert not drawn & {*held_out}
    again = TextLaw("numbers", [f"{k:03}" for k in range(200)], length=3)
    assert np.array_equal(again.unseen, law.unseen)
    assert len(TextLaw("numbers", ["a"] * 90_000).unseen) == 4096
    assert len(TextLaw("numbers", ["a"] * 90_000, held_out=5000).unseen) == 5000


def test_draws_are_those_of_the_generator_and_equally_likely():
    law = TextLaw("letters", [*"abcdefghijk"], length=1)
    one, other = (law.sampler(CPU)(8, generator(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert torch.equal(one, law.sample(8, generator(3)))
    counts = law.sample(20_000, generator()).sum(dim=(0, 2))
    seen = counts[counts > 0]
    assert len(seen) == 10
    assert seen.min() > 1800


def test_some_rows_are_drawn_without_replacement():
    law = TextLaw("letters", [*"abcdefghijk"], length=1)
    assert len({*law.some(10, 0)}) == 10
    assert np.array_equal(law.some(0, 5), law.rows)
    with pytest.raises(ValueError, match="points = 11, and letters has 10 lines to train on"):
        law.some(11, 0)


def test_picking_is_done_where_the_rows_are():
    law = TextLaw("letters", [*"abcdefghijk"], length=1)
    picked = law.pick(torch.zeros(3, dtype=torch.int64, device="meta"))
    assert (picked.device.type, picked.shape) == ("meta", (3, 13, 1))


def test_a_single_character_is_an_alphabet(law_of):
    law = law_of("aaa\naa\n")
    assert law.shape == (3, 32)
    assert sorted(law.decode(law.take(np.arange(2), CPU))) == ["aa", "aaa"]


def test_an_enormous_line_is_cut(law_of):
    law = law_of("ab" * 10**6 + "\nb\n")
    assert lines_of(law) == ["ab" * 16, "b"]


def test_the_packages_own_text_is_what_it_was():
    law = data.text_law("text:shakespeare")
    assert (law.shape, len(law.rows), len(law.unseen)) == ((65, 32), 9888, 1099)
    assert "To be, or not to be,--that is th" in lines_of(law)
    assert path_of("text:shakespeare:length=8") is None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has 0 lines that are not blank"),
        (b"\n \n\t\r\n", "has 0 lines that are not blank"),
        (b"one\n\n", "has 1 line that are not blank: 1 held out leaves none to train on"),
        (b"\xff\xfeo\x00n\x00e\x00", "not UTF-8 text"),
        ("one\ntwo".encode("utf-16"), "not UTF-8 text"),
        (b"one\ntwo\0\n", "not UTF-8 text"),
        (b"caf\xe9\none\n", "not UTF-8 text: save it as UTF-8"),
        (bytes(range(256)), "not UTF-8 text"),
        (b"\x1f\x8bdamaged", "damaged or cut off"),
    ],
)
def test_what_is_no_text_is_refused(law_of, content, told):
    with pytest.raises(ValueError, match=told) as error:
        law_of(content)
    assert "\n" not in str(error.value)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, told in (
        (tmp_path, "is a directory"),
        (tmp_path / "pipe", "no regular file"),
        ("", "names no file"),
        ("x" * 5000, "no name of a file"),
    ):
        with pytest.raises(ValueError, match=told):
            data.text_law(f"text:{name}")
    with pytest.raises(FileNotFoundError, match="there is no file 'nowhere'"):
        data.text_law("text:nowhere")


def test_a_file_that_is_too_large_is_not_read(law_of, monkeypatch):
    monkeypatch.setattr("wganlab.data.language.LARGEST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 1 GB: give a part"):
        law_of(b"0123456789\nab")
    monkeypatch.setattr("wganlab.data.language.LARGEST_BYTES", 100)
    with pytest.raises(ValueError, match="more than 1 GB, unpacked"):
        law_of(gzip.compress(b"ab\n" * 1000))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (":length=0", "length = 0"),
        (":length=5000", "length = 5000"),
        (":length=x", "length = 'x': give a whole number"),
        (":length=-1", "length = '-1': give a whole number"),
        (":characters=2", "characters = 2"),
        (":lines=1", "has 1 line"),
        (":length=8,size=3", "no option 'size'"),
    ],
)
def test_options_that_make_no_sense_are_refused(law_of, options, told):
    with pytest.raises(ValueError, match=told):
        law_of("one\ntwo\n", options)


def test_held_out_leaves_some(law_of):
    assert len(law_of("a\nb\nc\n", held_out=2).rows) == 1
    with pytest.raises(ValueError, match="3 held out leaves none"):
        law_of("a\nb\nc\n", held_out=3)


def test_lines_are_no_points_of_a_table():
    assert not is_file_source("text:lines.txt")
    assert is_file_source("lines.txt")
    with pytest.raises(ValueError, match="train --data"):
        data.load_points("text:lines.txt")


def test_a_text_is_a_file_that_nothing_is_written_over(tmp_path):
    path = tmp_path / "lines.txt"
    path.write_text("one\ntwo\n")
    assert files_of(f"text:{path}:length=3") == [str(path)]
