"""What the lessons claim for several seeds holds in the results store, by the definitions in chapter 03."""

import itertools

import numpy as np
import pytest

from vaelab.experiments.chapter06 import LOSSES, effective_price
from vaelab.results import RESULTS, load_results

SEEDS = ("0", "1", "2")


@pytest.fixture(scope="module")
def regions():
    return load_results("autoencoder_regions")


@pytest.fixture(scope="module")
def codes():
    return load_results("autoencoder_codes")


def test_every_seed_reconstructs_as_well_as_chapter_01_says(codes):
    assert all(0.038 < codes[seed]["test_mse"] < 0.046 for seed in SEEDS)


def test_the_scale_of_the_codes_is_arbitrary(codes):
    spread = np.array([codes[seed]["std"] for seed in SEEDS])
    assert (spread.max(axis=0) / spread.min(axis=0)).max() > 1.3


@pytest.mark.parametrize("seed", SEEDS)
def test_confidence_does_not_fall_outside(regions, seed):
    assert regions[seed]["far outside"]["confidence"] > regions[seed]["codes"]["confidence"] - 0.03


@pytest.mark.parametrize("seed", SEEDS)
def test_distance_grows_outside(regions, seed):
    assert regions[seed]["far outside"]["distance"] > 1.25 * regions[seed]["codes"]["distance"]


@pytest.mark.parametrize("seed", SEEDS)
def test_far_outside_is_stranger_than_hard_contrast_explains(regions, seed):
    assert regions[seed]["far outside"]["distance"] > regions[seed]["real, hardened"]["distance"] + 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_the_standard_normal_reaches_few_kinds_and_most_once_moved(regions, seed):
    standard, moved = regions[seed]["N(0, I)"], regions[seed]["N(0, I), moved"]
    assert standard["classes"] <= 3 and standard["kinds"] < 2 and moved["kinds"] > 6


@pytest.mark.parametrize("seed", SEEDS)
def test_the_distance_judge_prefers_the_box_and_blur(regions, seed):
    assert regions[seed]["box"]["distance"] < regions[seed]["codes"]["distance"]
    assert regions[seed]["reconstructed"]["distance"] < regions[seed]["real digits"]["distance"]


@pytest.mark.parametrize("seed", SEEDS)
def test_real_digits_score_as_two_samples_of_one_source(regions, seed):
    assert 0.9 < regions[seed]["real digits"]["density"] < 1.1
    assert abs(regions[seed]["real digits"]["coverage"] - (1 - 2**-5)) < 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mixture_is_as_good_as_images_at_codes(regions, seed):
    mixture, at_codes = regions[seed]["mixture"], regions[seed]["codes"]
    assert abs(mixture["distance"] - at_codes["distance"]) < 0.1 and mixture["kinds"] > at_codes["kinds"] - 0.5


def test_every_stored_file_says_what_made_it():
    for path in RESULTS.glob("*.json"):
        assert {"tensorflow", "keras", "numpy", "machine"} <= set(load_results(path.stem)["made_with"])


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="autoencoder_codes, autoencoder_regions.*make results"):
        load_results("nothing")


# Chapter 08: collapse, its repairs, and the rate-distortion curve


@pytest.fixture(scope="module")
def collapse():
    return load_results("collapse")


@pytest.fixture(scope="module")
def curve():
    return load_results("rate_distortion")


def busy(run):
    """How many latent dimensions carry more than half a nat."""
    return sum(kl > 0.5 for kl in run["kl"])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_high_learning_rate_leaves_few_units_and_a_worse_bound(collapse, seed):
    hasty, slow = collapse[seed]["rate 0.01"], collapse[seed]["rate 0.002"]
    assert sum(hasty["active"]) == 7 == busy(hasty) and busy(slow) >= 12 and hasty["kl"][7] < 0.02
    assert slow["elbo"] > hasty["elbo"] + 4


@pytest.mark.parametrize("seed", SEEDS)
def test_warm_up_brings_back_units_and_improves_the_bound(collapse, seed):
    before, after = collapse[seed]["rate 0.01"], collapse[seed]["warm-up"]
    assert (
        busy(after) >= 12
        and after["elbo"] > before["elbo"] + 7
        and after["elbo"] > collapse[seed]["rate 0.002"]["elbo"]
    )


def test_free_bits_make_every_unit_active_and_do_not_improve_the_bound_in_every_seed(collapse):
    changes = []
    for seed in SEEDS:
        before, after = collapse[seed]["rate 0.01"], collapse[seed]["free bits"]
        assert sum(after["active"]) == 20 and busy(after) <= busy(before) and after["rate"] > before["rate"] + 2
        assert all(0.2 < kl < 0.4 for kl in after["kl"][7:])
        changes.append(after["elbo"] - before["elbo"])
    assert min(changes) < 0 < max(changes) < 4


def test_a_higher_price_buys_less_rate_and_more_distortion(curve):
    assert curve["betas"] == sorted(curve["betas"]) and len(curve["betas"]) >= 6
    for seed in SEEDS:
        runs = [curve[seed][f"{beta:g}"] for beta in curve["betas"] if f"{beta:g}" in curve[seed]]
        assert len(runs) >= 3
        for cheap, dear in itertools.pairwise(runs):
            assert cheap["rate"] > dear["rate"] and cheap["distortion"] < dear["distortion"]


def test_the_sum_of_rate_and_distortion_is_the_bound(curve):
    for seed in SEEDS:
        for run in curve[seed].values():
            assert run["rate"] + run["distortion"] == pytest.approx(-run["elbo"], abs=0.01)
            assert sum(run["kl"]) == pytest.approx(run["rate"], abs=0.01) and run["kl"] == sorted(
                run["kl"], reverse=True
            )


def test_seeds_differ_less_than_prices(curve):
    for beta in ("0.25", "1", "4"):
        rates = [curve[seed][beta]["rate"] for seed in SEEDS]
        assert max(rates) - min(rates) < 3


def test_both_stores_hold_the_same_network_at_price_one(collapse, curve):
    for seed in SEEDS:
        assert collapse[seed]["rate 0.002"]["elbo"] == pytest.approx(curve[seed]["1"]["elbo"], abs=0.5)


# Chapter 06: the price of a nat, over the losses that public examples use.


@pytest.fixture(scope="module")
def scalings():
    return load_results("loss_scalings")


def of_kind(kind):
    """Names of the losses with this error, the cheapest first."""
    return sorted((name for name, (error, _, _) in LOSSES.items() if error == kind), key=effective_price)


@pytest.mark.parametrize("kind", ["cross-entropy", "squared error"])
def test_a_dearer_nat_lowers_the_rate_in_every_seed(scalings, kind):
    for cheap, dear in zip(of_kind(kind), of_kind(kind)[1:], strict=False):
        if effective_price(dear) > 1.01 * effective_price(cheap) and effective_price(cheap) < 100:
            rates = [[scalings[seed][name]["kl"] for seed in SEEDS] for name in (cheap, dear)]
            assert min(rates[0]) > max(rates[1]) + 0.1, (cheap, dear)


@pytest.mark.parametrize(("kind", "part"), [("cross-entropy", "cross_entropy"), ("squared error", "squared_error")])
def test_a_dearer_nat_raises_the_error_on_average(scalings, kind, part):
    error = {name: np.mean([scalings[seed][name][part] for seed in SEEDS]) for name in of_kind(kind)}
    for cheap in error:
        for dear in error:
            if 1.01 * effective_price(cheap) < effective_price(dear) and effective_price(cheap) < 100:
                assert error[cheap] < error[dear], (cheap, dear)


def test_losses_of_one_price_have_one_rate(scalings):
    rates = [scalings[seed][name]["kl"] for seed in SEEDS for name in LOSSES if effective_price(name) == 1]
    assert len(rates) == 9 and np.ptp(rates) < 0.3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["MSE + mean KL", "MSE + KL"])
def test_a_price_far_above_the_largest_eigenvalue_collapses(scalings, seed, name):
    run = scalings[seed][name]
    assert run["kl"] < 0.01 and run["spread"] < 0.005 and 50 < run["squared_error"] < 55


@pytest.mark.parametrize("seed", SEEDS)
def test_the_other_losses_do_not_collapse(scalings, seed):
    for name, run in scalings[seed].items():
        assert effective_price(name) > 100 or (run["kl"] > 2.5 and run["spread"] > 0.2 and run["squared_error"] < 42)


def test_the_total_does_not_tell_the_prices_near_one_apart(scalings):
    """Chapter 06 says that it does not: the losses differ by no more than the seeds of one of them do."""
    total = {
        name: [scalings[seed][name]["cross_entropy"] + scalings[seed][name]["kl"] for seed in SEEDS]
        for name in of_kind("cross-entropy")
    }
    assert np.ptp([np.mean(runs) for runs in total.values()]) < max(np.ptp(runs) for runs in total.values()) < 4


def test_the_squared_error_that_is_left_is_a_tenth_of_the_noise_assumed(scalings):
    """Chapter 06 says that it is a tenth of the assumed variance of 1/2."""
    left = np.mean([scalings[seed]["MSE + KL/784"]["squared_error"] for seed in SEEDS]) / 784
    assert 0.04 < left < 0.06


# Chapter 07: the VAE and its twin.


@pytest.fixture(scope="module")
def comparison():
    return load_results("vae_comparison")


@pytest.fixture(scope="module")
def training():
    return load_results("vae_training")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_vae_meets_its_bars(comparison, training, seed):
    for run, bar in ((comparison[seed]["elbo"], 148), (training[seed], 104)):
        assert run["loss"] <= bar and run["loss"] == pytest.approx(run["reconstruction"] + run["kl"], abs=0.01)


def test_longer_training_still_helps_and_widens_the_gap_to_the_training_images(training):
    runs = list(training["longer"].values())
    assert list(training["longer"]) == ["10", "15", "20", "30", "40"]
    assert runs[-1]["test"]["loss"] < runs[0]["test"]["loss"] - 1
    gaps = [run["test"]["loss"] - run["train"]["loss"] for run in runs]
    assert gaps[-1] > gaps[0] + 1 and gaps[0] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_prior_reaches_most_kinds_of_the_vae_s_digits_and_few_of_the_twin_s(comparison, seed):
    ours, twin = (comparison[seed]["judged"][f"{name}, N(0, I)"] for name in ("VAE", "twin"))
    assert ours["kinds"] > 9 and ours["coverage"] > 0.93 and ours["classes"] == 10
    assert twin["kinds"] < 7.5 and twin["coverage"] < 0.85


@pytest.mark.parametrize("seed", SEEDS)
def test_the_twin_with_a_mixture_draws_better_than_the_vae_from_its_prior(comparison, seed):
    judged = comparison[seed]["judged"]
    ours, twin = judged["VAE, N(0, I)"], judged["twin, mixture"]
    assert twin["distance"] < ours["distance"] - 0.1 and abs(twin["kinds"] - ours["kinds"]) < 0.4
    assert twin["coverage"] > ours["coverage"] and twin["grey"] < ours["grey"] and twin["density"] < ours["density"]
    assert judged["VAE, mixture"]["distance"] < ours["distance"] - 0.1  # the control of the control


@pytest.mark.parametrize("seed", SEEDS)
def test_moving_the_standard_normal_gives_the_twin_coverage_but_not_all_kinds(comparison, seed):
    moved, ours = (comparison[seed]["judged"][name] for name in ("twin, N(0, I), moved", "VAE, N(0, I)"))
    assert moved["coverage"] > ours["coverage"] - 0.03 and moved["kinds"] < ours["kinds"] - 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_the_twin_reconstructs_better_and_separates_the_digits_better(comparison, seed):
    ours, twin = comparison[seed]["VAE"], comparison[seed]["twin"]
    assert 2 < ours["cross_entropy"] - twin["cross_entropy"] < 7 and twin["mse"] < ours["mse"]
    assert twin["accuracy"] > ours["accuracy"]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_cell_of_the_prior_is_empty_of_the_vae_s_codes_and_the_shares_differ(comparison, seed):
    share = {name: np.array(comparison[seed][name]["cells"]) / 60000 for name in ("VAE", "twin")}
    divergence = {name: float((s[s > 0] * np.log(100 * s[s > 0])).sum()) for name, s in share.items()}
    assert 0.05 < 100 * share["VAE"].min() < 0.5 and 2 < 100 * share["VAE"].max() < 5
    assert 0.05 < divergence["VAE"] < 0.25 < 0.4 < divergence["twin"]


@pytest.mark.parametrize("seed", SEEDS)
def test_ordinary_walks_are_no_stranger_in_the_twin(comparison, seed):
    ours, twin = comparison[seed]["VAE"], comparison[seed]["twin"]
    for walk in (ours["walk_distance"], twin["walk_distance"]):
        assert walk[4] > max(walk[0], walk[-1])
    assert all(a < b for a, b in zip(twin["walk_distance"], ours["walk_distance"], strict=True))
    assert max(ours["walk_room"]) < 1.5 and max(twin["walk_room"]) < 2


# Chapter 09: the conditional VAE.


@pytest.fixture(scope="module")
def conditional():
    return load_results("conditional_vae")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reader_of_chapter_09_is_no_judge(conditional, seed):
    reader = conditional[seed]["reader"]
    assert reader["grey"] > 0.985 and reader["binary"] > 0.975 and reader["upper half"] < 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_a_conditional_vae_draws_what_it_is_asked_and_its_code_is_in_use(conditional, seed):
    both = conditional[seed]["both"]
    assert np.mean(np.diag(both["read"])) > 0.95 and both["transfer_read"] > 0.95 and both["kl"] > 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_label_is_read_from_the_plain_code_and_hardly_from_the_conditional_one(conditional, seed):
    assert conditional[seed]["both"]["probe"] < 0.25 < 0.6 < conditional[seed]["plain"]["probe"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gain_is_beyond_ln_10_and_the_label_s_part_of_it_is_not(conditional, seed):
    gain, error = conditional[seed]["both"]["gain"]
    worth, rest = conditional[seed]["both"]["over_mixture"][0], conditional[seed]["mixture"]["gain"][0]
    assert gain - 4 * error > np.log(10) > worth and worth + rest == pytest.approx(gain, abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_label_to_the_decoder_only_costs_nothing(conditional, seed):
    both, decoder = conditional[seed]["both"], conditional[seed]["decoder"]
    assert decoder["loss"] > both["loss"] and decoder["gap"][0] > both["gap"][0] and decoder["probe"] > both["probe"]


def test_the_slant_of_the_ones_is_no_matter_of_the_seed(conditional):
    """The loss cannot tell a digit's layout from its mirror image: equal losses, and either sign."""
    runs = [conditional[seed]["both"] for seed in SEEDS]
    assert all(min(run["slant"][:1] + run["slant"][2:]) > 0.4 for run in runs)
    assert np.ptp([run["loss"] for run in runs]) < 0.5
    assert {run["slant"][1] > 0 for run in runs} == {False, True}


# Chapter 10: beyond the plane.


@pytest.fixture(scope="module")
def beyond():
    return load_results("beyond_the_plane")


@pytest.mark.parametrize("seed", SEEDS)
def test_twenty_dimensions_keep_more_of_each_digit_and_draw_stranger_ones(beyond, comparison, training, seed):
    run, plane = beyond[seed]["dense"], comparison[seed]
    assert run["test"]["loss"] == pytest.approx(training[seed]["loss"], abs=0.3)  # the same network in both stores
    assert run["test"]["loss"] < plane["elbo"]["loss"] - 42
    ours, theirs = run["judged"], plane["judged"]
    assert ours["reconstructed"]["grey"] < 0.6 * theirs["VAE, reconstructed"]["grey"]
    assert ours["reconstructed"]["distance"] < theirs["VAE, reconstructed"]["distance"]
    assert ours["N(0, I)"]["distance"] > theirs["real digits"]["distance"] + 0.15 > theirs["VAE, N(0, I)"]["distance"]
    assert ours["N(0, I)"]["coverage"] < theirs["VAE, N(0, I)"]["coverage"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_straight_line_s_middle_is_shorter_and_greyer_and_no_farther_from_real_digits(beyond, seed):
    straight, spherical = (beyond[seed]["dense"]["lines"][name] for name in ("straight", "spherical"))
    assert straight["norm"][2] < 0.75 * spherical["norm"][2]
    assert all(a > 1.1 * b for a, b in zip(straight["grey"][1:4], spherical["grey"][1:4], strict=True))
    difference, error = beyond[seed]["dense"]["lines"]["difference"]
    assert abs(difference) < 2 * error
    assert straight["distance"][1] < spherical["distance"][1] - 0.05
    assert beyond[seed]["dense"]["lines"]["crossfade"]["distance"] > straight["distance"][2] + 0.5


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["slant", "stroke width"])
def test_a_direction_gives_half_to_three_quarters_of_what_is_asked_and_a_random_one_nothing(beyond, seed, name):
    run = beyond[seed]["dense"]["moves"][name]
    for i in (0, 1, 3, 4):
        assert 0.5 < run["measured"][i] / run["asked"][i] < 0.8 and abs(run["random"][i] / run["asked"][i]) < 0.02
    assert run["measured"][2] == 0 and run["kept"][2] == run["kept, random"][2] > 0.9


@pytest.mark.parametrize("seed", SEEDS)
def test_a_learned_variance_is_the_error_and_buys_more_code(beyond, seed):
    half, learned = beyond["2"]["variance 1/2"], beyond[seed]["variance learned"]
    for run in (half, learned):
        drawn = 2 * run["variance"] * (run["test"]["reconstruction"] / 784 - np.log(2 * np.pi * run["variance"]) / 2)
        assert run["mse"] < drawn < 0.05  # the means of z reconstruct better than draws of it
        assert run is half or drawn == pytest.approx(run["variance"], rel=0.15)
    assert learned["test"]["kl"] > 5 * half["test"]["kl"] and learned["mse"] < 0.6 * half["mse"]
    assert learned["test"]["loss"] < 0 < half["test"]["loss"]
