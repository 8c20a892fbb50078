"""The published parameter files of the W1 benchmark: read whole, or refused with advice."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch

from wganlab import data
from wganlab.cli import main
from wganlab.data.funnel_files import parameter_file, told_power
from wganlab.exact import known

NAME = "deg_8_seed_987.pt"


def drawn(dimension, funnels, seed=0):
    generator = torch.Generator().manual_seed(seed)
    bottoms = 2.5 * (2 * torch.rand(funnels, dimension, generator=generator) - 1)
    return bottoms, 0.1 * torch.randn(funnels, generator=generator)


def saved(file, bottoms, offsets):
    """As the benchmark writes one: the state of a module `net` with two parameters."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(OrderedDict([("net.centers", bottoms), ("net.bias", offsets)]), file)
    return file


@pytest.fixture
def folder(tmp_path):
    """As its folder benchmarks/nd, in part."""
    for dimension in (2, 3):
        saved(tmp_path / f"dim_{dimension}" / "width_4" / NAME, *drawn(dimension, 4))
    saved(tmp_path / "dim_3" / "width_16" / NAME, *drawn(3, 16))
    return tmp_path


def test_parameters_are_read_to_the_last_bit(folder):
    bottoms, offsets = data.funnel_parameters(folder / "dim_3" / "width_16" / NAME)
    expected = drawn(3, 16)
    assert bottoms.dtype == offsets.dtype == np.float64
    np.testing.assert_array_equal(bottoms, expected[0].double().numpy())
    np.testing.assert_array_equal(offsets, expected[1].double().numpy())
    pair = known.Funnels(bottoms=bottoms, offsets=offsets)
    heights = np.linalg.norm(bottoms - 0.25, axis=1) + offsets
    assert pair.critic([[0.25] * 3])[0] == pytest.approx(-heights.min())


def test_parameters_of_a_module_that_was_saved_whole_are_read(tmp_path):
    class Funnel(torch.nn.Module):
        def __init__(self):
            super().__init__()
            bottoms, offsets = drawn(2, 4)
            self.net = torch.nn.Module()
            self.net.centers = torch.nn.Parameter(bottoms)
            self.net.bias = torch.nn.Parameter(offsets)

    torch.save(Funnel().state_dict(), tmp_path / NAME)
    np.testing.assert_array_equal(data.funnel_parameters(tmp_path / NAME)[0], drawn(2, 4)[0])


@pytest.mark.parametrize("root", [".", "repository"])
def test_the_file_of_a_pair_is_found_in_the_folder(folder, root):
    if root == "repository":
        (folder / root / "benchmarks").mkdir(parents=True)
        (folder / root / "benchmarks" / "nd").symlink_to(folder)
    found = parameter_file(folder / root, 3, 16)
    assert found.resolve() == (folder / "dim_3" / "width_16" / NAME).resolve()
    assert told_power(found) == 8
    assert told_power("mine.pt") is None


@pytest.mark.parametrize(
    ("asked", "power", "message"),
    [
        ((4, 4), 8.0, r"no file of dimension 4, 4 funnels and power 8: it has dim_2/width_4/deg_8"),
        ((2, 4), 4.0, "no file of dimension 2, 4 funnels and power 4"),
        ((3, 64), 8.0, "no file of dimension 3, 64 funnels"),
    ],
)
def test_a_pair_that_is_not_there_is_told_with_those_that_are(folder, asked, power, message):
    with pytest.raises(ValueError, match=message):
        parameter_file(folder, *asked, power=power)


def test_another_folder_and_two_seeds_are_told(folder, tmp_path):
    with pytest.raises(ValueError, match="expected the benchmark's folder benchmarks/nd"):
        parameter_file(tmp_path / "dim_2", 2, 4)
    saved(folder / "dim_2" / "width_4" / "deg_8_seed_1.pt", *drawn(2, 4))
    with pytest.raises(ValueError, match="several files of power 8: name one of deg_8_seed_1"):
        parameter_file(folder, 2, 4)


class Trap:
    def __reduce__(self):
        return print, ("the trap has run",)


def bad(**changes):
    bottoms, offsets = drawn(2, 4)
    held = {"net.centers": bottoms, "net.bias": offsets, **changes}
    return {key: value for key, value in held.items() if value is not None}


BAD = {
    "other keys": ({"weight": torch.ones(2)}, "has no net.centers and no net.bias.*holds weight"),
    "one key": (bad(**{"net.bias": None}), "has no net.bias, as"),
    "a list": ([1.0, 2.0], "it holds list"),
    "a tensor": (torch.ones(3), "it holds Tensor"),
    "whole numbers": (bad(**{"net.bias": torch.arange(4)}), "net.bias is of type torch.int64"),
    "no tensor": (bad(**{"net.centers": [[1.0]]}), "net.centers is of type list"),
    "nan": (bad(**{"net.bias": torch.tensor([0, 0, 0, torch.nan])}), "net.bias holds numbers that"),
    "widths": (
        bad(**{"net.bias": torch.zeros(3)}),
        r"shape \(4, 2\) and net.bias \(3,\), expected",
    ),
    "axes": (bad(**{"net.centers": torch.zeros(4)}), r"expected \(N, D\) and \(N,\)"),
    "empty": (bad(**{"net.centers": torch.zeros(0, 2), "net.bias": torch.zeros(0)}), "expected"),
    "outside": (bad(**{"net.centers": torch.full((4, 2), 2.6)}), "outside the cube of side 5"),
    "images": (bad(**{"net.centers": torch.zeros(4, 3072)}), "the benchmark's images"),
    "objects": (bad(trap=Trap()), "cannot be read .UnpicklingError.*not opened"),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_none_are_told_in_one_line(tmp_path, name, capsys):
    held, message = BAD[name]
    torch.save(held, tmp_path / NAME)
    with pytest.raises(ValueError, match=message) as refusal:
        data.funnel_parameters(tmp_path / NAME)
    assert str(tmp_path / NAME) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [b"", b"word", b"PK\x03\x04", pickle.dumps([1])])
def test_what_torch_did_not_write_is_refused(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(ValueError, match=r"deg_8_seed_987.pt (cannot be read|has no net)"):
        data.funnel_parameters(tmp_path / NAME)


def test_a_file_that_was_cut_off_is_refused(folder):
    file = folder / "dim_2" / "width_4" / NAME
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(ValueError, match="cannot be read"):
        data.funnel_parameters(file)


def test_what_is_not_there_or_no_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        data.funnel_parameters(tmp_path / NAME)
    with pytest.raises(ValueError, match="is a directory"):
        data.funnel_parameters(tmp_path)


def test_the_command_line_takes_a_file_or_the_folder(folder, capsys):
    file = folder / "dim_3" / "width_4" / NAME
    told = []
    for options in (
        ["--parameters", str(file)],
        ["--parameters", str(folder), "--dimension", "3"],
        ["--parameters", str(file), "--dimension", "3", "--funnels", "4", "--power", "8"],
    ):
        assert main(["known", "funnels", *options]) == 0
        told.append(capsys.readouterr().out)
    bottoms, offsets = (part.double().numpy() for part in drawn(3, 4))
    pair = known.Funnels(bottoms=bottoms, offsets=offsets)
    assert told[0] == told[1] == told[2]
    assert told[0].startswith(repr(pair))
    assert f"{pair.emd:.12g}" in told[0]
    more = ["--parameters", str(folder), "--dimension", "3", "--funnels", "16"]
    assert main(["known", "funnels", *more]) == 0
    assert "funnels=16" in capsys.readouterr().out


def test_the_power_is_that_of_the_name(folder, capsys):
    bottoms, offsets = drawn(2, 4)
    file = saved(folder / "deg_3_seed_1.pt", bottoms, offsets)
    assert main(["known", "funnels", "--parameters", str(file)]) == 0
    assert "power=3.0" in capsys.readouterr().out
    assert main(["known", "funnels", "--parameters", str(file), "--power", "8"]) == 2
    assert "is of power 3 by its name, and --power 8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "options", "message"),
    [
        (".", [], "is a folder: give --dimension too"),
        (".", ["--dimension", "5"], "no file of dimension 5"),
        (f"dim_3/width_4/{NAME}", ["--dimension", "2"], "has dimension 3, and --dimension 2 is"),
        (f"dim_3/width_4/{NAME}", ["--funnels", "16"], "has funnels 4, and --funnels 16 is asked"),
        ("nowhere.pt", [], "there is no file"),
    ],
)
def test_parameters_that_do_not_fit_are_one_line(folder, where, options, message, capsys):
    assert main(["known", "funnels", "--parameters", str(folder / where), *options]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
