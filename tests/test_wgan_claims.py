"""The sentence above each of the WGAN paper's figures is the one that the numbers ask for."""

import numpy as np
import pytest

from figures import wgan_claims


def ends(found, tv, deviation):
    """Of runs, a row a kind."""
    arrays = {"found": found, "tv": tv, "deviation": deviation}
    arrays = {name: np.atleast_2d(np.array(values, float)) for name, values in arrays.items()}
    if arrays["found"].shape[0] == 1:
        arrays = {name: values.T for name, values in arrays.items()}
    return arrays | {"all": np.full_like(arrays["found"], 206)}


FACES, NOISE, ONE = (186, 0.35, 0.18), (137, 0.57, 0.24), (17, 0.75, 0.39)


def of(*runs):
    """One seed of each kind."""
    return ends(*zip(*runs, strict=True))


@pytest.mark.parametrize(("run", "draws", "collapses"), [(FACES, 1, 0), (NOISE, 0, 0), (ONE, 0, 1)])
def test_noise_and_a_single_image_are_no_faces(run, draws, collapses):
    arrays = of(run, run)
    assert wgan_claims.draws_faces(arrays).all() == draws
    assert wgan_claims.collapses(arrays).all() == collapses


@pytest.mark.parametrize("place", range(3))
def test_each_of_the_three_numbers_can_tell_that_there_are_no_faces(place):
    spoiled = list(FACES)
    spoiled[place] = NOISE[place] if place < 2 else ONE[place]
    assert wgan_claims.draws_faces(of(FACES, spoiled)).tolist() == [[True], [False]]


def found(wgan, gan):
    return f"(values found: {wgan[0]} and {gan[0]} of 206)"


@pytest.mark.parametrize(
    ("wgan", "gan", "who", "verdict"),
    [
        (FACES, FACES, "the WGAN and the GAN both draw faces", "as"),
        (FACES, ONE, "the WGAN draws faces, the GAN does not", "not as"),
        (NOISE, FACES, "the GAN draws faces, the WGAN does not", "not as"),
        (ONE, ONE, "neither the WGAN nor the GAN draws faces", "not as"),
    ],
)
def test_figure_5_asks_whether_both_draw_faces(wgan, gan, who, verdict):
    told = f"With a DCGAN generator {who} {found(wgan, gan)}: {verdict} the paper has it"
    assert wgan_claims.both_draw(of(wgan, gan)) == told


@pytest.mark.parametrize(
    ("wgan", "gan", "verdict"),
    [
        (FACES, ONE, "as"),
        (FACES, NOISE, "as"),
        (FACES, FACES, "not as"),
        (ONE, FACES, "not as"),
        (ONE, ONE, "not as"),
    ],
)
def test_figure_6_asks_whether_the_wgan_alone_draws_faces(wgan, gan, verdict):
    told = wgan_claims.without_norm(of(wgan, gan))
    assert told.endswith(f" {found(wgan, gan)}: {verdict} the paper has it")


@pytest.mark.parametrize(
    ("wgan", "gan", "who", "verdict"),
    [
        (FACES, ONE, "the GAN collapses, the WGAN does not", "as"),
        (NOISE, ONE, "the GAN collapses, the WGAN does not", "as"),
        (ONE, ONE, "the WGAN and the GAN both collapse", "not as"),
        (FACES, NOISE, "neither the WGAN nor the GAN collapses", "not as"),
    ],
)
def test_figure_7_asks_whether_the_gan_alone_collapses(wgan, gan, who, verdict):
    told = f"With an MLP generator {who} {found(wgan, gan)}: {verdict} the paper has it"
    assert wgan_claims.only_gan_collapses(of(wgan, gan)) == told


def test_a_gan_that_nearly_draws_faces_does_not_make_the_claim_of_figure_6_true():
    close = (157, 0.48, 0.19)
    told = wgan_claims.without_norm(of(FACES, close))
    assert f"the GAN does not, but nearly {found(FACES, close)}: not as the paper" in told
    worse = (157, 0.51, 0.19)
    assert "does not (values" in wgan_claims.without_norm(of(FACES, worse))


def test_seeds_are_counted():
    several = ends(
        [[198, 201, 196], [31, 190, 22]], [[0.3] * 3, [0.7, 0.3, 0.7]], [[0.1] * 3, [0.1] * 3]
    )
    told = wgan_claims.without_norm(several)
    assert "the WGAN draws faces with 3 of 3 seeds, the GAN with 1 of 3 seeds" in told
    assert told.endswith(
        "(values found: 198, 201, 196 and 31, 190, 22 of 206): as the paper has it in 2 of 3 seeds"
    )
    alike = {name: values[:, [0, 2]] for name, values in several.items()}
    assert wgan_claims.without_norm(alike).endswith("as the paper has it in all 2 seeds")
    assert wgan_claims.both_draw(alike).endswith("): not as the paper has it")


def curves(*shown, emd=None, floor=2.0):
    """Three runs whose EM falls by default, in the first two; nan between the looks."""
    down = np.linspace(10, 3, 11)
    rows = emd or (down, down, np.full(11, 10.0))
    arrays = {"emd": np.array(rows), "estimate": np.array(shown), "floor": np.array(floor)}
    arrays |= {"cost": -arrays["estimate"]}
    faces = {"found": np.full(3, 200.0), "all": np.full(3, 206.0)}
    return faces | {  # a record without a look after each
        name: np.stack([values, 0 * values + np.nan], axis=-1).reshape(3, -1)
        if values.ndim
        else values
        for name, values in arrays.items()
    }


FALLING, RISING = np.linspace(1, 0, 11) ** 2, np.linspace(0, 1, 11)
LATE = np.concatenate([[-5], FALLING[1:]])  # a critic that is not trained at the start


@pytest.mark.parametrize(
    ("mlp", "dcgan", "how", "verdict"),
    [
        (LATE, LATE, "falls and rises with the exact distance", "as"),
        (RISING, FALLING, "follows the exact distance with the DCGAN alone", "not as"),
        (FALLING, RISING, "follows the exact distance with the MLP alone", "not as"),
        (RISING, RISING, "does not follow the exact distance", "not as"),
    ],
)
def test_figure_3_asks_whether_the_gap_falls_with_the_distance(mlp, dcgan, how, verdict):
    ranks = ["-1.00" if curve is RISING else "1.00" for curve in (mlp, dcgan)]
    told = f"(rank correlation {ranks[0]} with the MLP, {ranks[1]} with the DCGAN generator)"
    assert wgan_claims.gap_follows(curves(mlp, dcgan, RISING)) == (
        f"The critic gap {how} {told}, and high rates learn nothing: {verdict} the paper has it"
    )


def test_figure_3_says_when_high_rates_learn():
    down = np.linspace(10, 3, 11)
    told = wgan_claims.gap_follows(curves(LATE, LATE, LATE, emd=[down] * 3))
    assert told.endswith("and high rates learn too: not as the paper has it")
    half = np.linspace(10, 6.1, 11)  # more than half of what was above 2 is left
    told = wgan_claims.gap_follows(curves(LATE, LATE, LATE, emd=[down, down, half]))
    assert told.endswith("and high rates learn nothing: as the paper has it")


@pytest.mark.parametrize(
    ("found", "how"),
    [(48.0, "collapse: as"), (100.0, "learn too: not as"), (np.nan, "learn too: not as")],
)
def test_one_face_for_all_is_called_a_collapse(found, how):
    down = np.linspace(10, 3, 11)
    arrays = curves(LATE, LATE, LATE, emd=[down] * 3)
    arrays["found"][2] = found
    assert wgan_claims.gap_follows(arrays).endswith(f"and high rates {how} the paper has it")


NOTHING = "does not tell how far the samples are from real ones"


@pytest.mark.parametrize(
    ("name", "mlp", "dcgan", "how", "verdict"),
    [
        ("estimate", RISING, RISING, NOTHING, "as"),
        ("estimate", FALLING, RISING, "follows the exact distance with the MLP alone", "not as"),
        ("estimate", FALLING, FALLING, "follows the exact distance", "not as"),
        ("cost", FALLING, FALLING, NOTHING, "as"),
    ],
)
def test_figures_4_and_8_ask_whether_curves_tell_nothing(name, mlp, dcgan, how, verdict):
    told = wgan_claims.tells_nothing(curves(mlp, dcgan, RISING), name, "curve")
    assert told.startswith(f"The curve {how} (rank correlation with exact EM ")
    assert told.endswith(f" with the DCGAN generator): {verdict} the paper has it")


def test_few_looks_tell_nothing():
    whole = curves(LATE, LATE, LATE)
    few = {name: values[..., :15] if values.ndim else values for name, values in whole.items()}
    for told in (wgan_claims.gap_follows(few), wgan_claims.tells_nothing(few, "cost", "cost")):
        assert told.endswith("too few iterations to say whether one follows the other")
