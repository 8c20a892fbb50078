"""docs/papers-scripts.md has every flag of the papers' scripts, and says none that is not there."""

import dataclasses
import re
from pathlib import Path

import pytest

from wganlab.commands.sample import Sample
from wganlab.commands.train import Train
from wganlab.learned import Optimizer, TrainConfig
from wganlab.learned.networks.by_kind import NETWORKS

PAGE = (Path(__file__).parent.parent / "docs" / "papers-scripts.md").read_text(encoding="utf-8")

WGAN = {  # of the parser in main.py
    *("dataset", "dataroot", "workers", "batchSize", "imageSize", "nc", "nz", "ngf", "ndf"),
    *("niter", "lrD", "lrG", "beta1", "cuda", "ngpu", "netG", "netD", "clamp_lower"),
    *("clamp_upper", "Diters", "noBN", "mlp_G", "mlp_D", "n_extra_layers", "experiment", "adam"),
}
WGAN_GP = {  # constants at the top of gan_64x64, _cifar, _cifar_resnet, _mnist, _toy, _language
    *("MODE", "DIM", "CRITIC_ITERS", "N_GPUS", "BATCH_SIZE", "ITERS", "LAMBDA", "OUTPUT_DIM"),
    *("GEN_BS_MULTIPLE", "DIM_G", "DIM_D", "NORMALIZATION_G", "NORMALIZATION_D", "LR", "DECAY"),
    *("N_CRITIC", "INCEPTION_FREQUENCY", "CONDITIONAL", "ACGAN", "ACGAN_SCALE", "ACGAN_SCALE_G"),
    *("DATASET", "FIXED_GENERATOR", "DATA_DIR", "SEQ_LEN", "MAX_N_EXAMPLES"),
}


def tables():
    """Rows of three cells, of each table of the page."""
    parts = re.findall(r"^\|[^\n]+\n\|-[^\n]+\n((?:\|[^\n]+\n)+)", PAGE, flags=re.MULTILINE)
    return [
        [[cell.strip() for cell in line[1:-1].split("|")] for line in part.splitlines()]
        for part in parts
    ]


def options():
    """Every option of `train` and `sample`, with any network."""
    own = {
        field.name for kind in (Train, TrainConfig, Sample) for field in dataclasses.fields(kind)
    }
    for kind in NETWORKS.values():
        for player in ("critic", "generator"):
            own |= {f"{player}.{field.name}" for field in dataclasses.fields(kind)}
    for player in ("critic_optimizer", "generator_optimizer"):
        own |= {f"{player}.{field.name}" for field in dataclasses.fields(Optimizer)}
    return {f"--{name.replace('_', '-')}" for name in own} | {"--run"}


def test_every_flag_of_the_scripts_is_there_once():
    first, second, _ = tables()
    flags = [f for cells in first for f in re.findall(r"`--(\w+)[^`]*`", cells[0])]
    assert set(flags) == WGAN
    constants = [f for cells in second for f in re.findall(r"`([A-Z_]+[A-Z0-9_]*)`", cells[0])]
    assert sorted(constants) == sorted(WGAN_GP)


def test_every_row_is_answered():
    for table in tables()[:2]:
        for flag, _, here in table:
            answered = (
                "`" in here or "](" in here or here.startswith(("explained", "part of", "the "))
            )
            assert answered, flag
            assert not re.match(r"no\b", here, flags=re.IGNORECASE), flag


def test_every_option_that_is_named_exists():
    known = options()
    for table in tables():
        for cells in table:
            for option in re.findall(r"(?<!\w)--[a-z][\w.-]*", cells[1 if len(table) < 14 else 2]):
                assert option in known, option
    assert len(re.findall(r"(?<!\w)--[a-z][\w.-]*", PAGE)) > 60


@pytest.mark.parametrize("cells", tables()[2], ids=lambda cells: cells[0])
def test_the_numbers_of_parameters_are_those_of_the_tests(cells):
    """Which are worked out by hand there."""
    folder = Path(__file__).parent
    written = "".join(
        (folder / name).read_text(encoding="utf-8")
        for name in ("test_residual.py", "test_text_networks.py")
    )
    for number in re.findall(r"\d[\d,]{5,}", cells[2]):
        assert number.replace(",", "_") in written, number
