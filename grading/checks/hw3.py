"""Homework 3's hidden checks: the VAE's loss and training.

Each right answer is computed here once more, in double precision and by another road than the master's where there is
one, and so is what each known slip would give: that is how feedback can name it.
"""

import numpy as np

from grading.judging import (
    ROUNDED,
    SEEDS,
    Call,
    Check,
    Task,
    Tolerance,
    Wrong,
    agree,
    compare,
    expect,
    hint,
    nearly,
    numbers,
    within,
)

NATS = Tolerance("values", "sums of a dozen terms in 32 bits, the largest near 5", 1e-4, 1e-4)
EXTREMES = Tolerance("extremes", "sums of ten terms in 32 bits, the largest near 100", 2e-4, 2e-3)
SLOPES = Tolerance(
    "gradient", "differences of numbers near 1 / logit, where logits are as small as 0.3, in 32 bits", 2e-3, 2e-3
)
LOSSES = Tolerance("values", "averages of numbers up to 200, in 32 bits", 1e-4, 1e-3)
PRICES = Tolerance("values", "one product and one quotient in 32 bits", 1e-4, 1e-4)
STEPS = Tolerance(
    "steps",
    "new weights minus old ones, in 32 bits: numbers up to 2 are known to 1e-7, divided by the rate",
    1e-3,
    2e-4,
)
REPORT = Tolerance("values", "averages of 14 numbers in 32 bits; a KL of nearly 0 is known to 1e-7", 1e-3, 1e-5)
ELBO = Tolerance(
    "estimates",
    "six standard errors, which a right answer exceeds once in five hundred million times, and rounding",
    1e-4,
    1e-3,
    6.0,
)
SCATTER = Tolerance(
    "scatter",
    "the logarithm of the spread of 300 estimates has a standard error of 4 %, and skewed draws double it",
    0.0,
    0.38,
)
REPEATED = Tolerance("repeated", "the same draws, whose sums round otherwise in another order", 1e-5, 1e-4)


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(a, "float64")))


def cross_entropy(x, logits):
    """Of each pixel, in double precision."""
    x, a = np.asarray(x, "float64"), np.asarray(logits, "float64")
    return x * np.logaddexp(0, -a) + (1 - x) * np.logaddexp(0, a)


def kl_terms(mean, log_var, prior_std=1.0):
    """KL(N(mean, e^log_var) || N(0, prior_std²)) of each coordinate, in double precision."""
    mean, log_var = np.asarray(mean, "float64"), np.asarray(log_var, "float64")
    return 0.5 * (2 * np.log(prior_std) - log_var - 1 + (np.exp(log_var) + mean**2) / prior_std**2)


# 1. continuous_bernoulli_nll


def log_factor(a):
    """ln of 1 / ∫ π^x (1 - π)^(1 - x) dx over grey values, from the logit a of π."""
    a = np.abs(np.asarray(a, "float64"))
    tiny = a < 1e-4
    safe = np.where(tiny, 1.0, a)
    # The integral is (1 - e^-a) / (a (1 + e^-a)), which is the same for a and -a.
    return np.where(tiny, np.log(2) + a**2 / 12, np.log(safe) + np.log1p(np.exp(-safe)) - np.log(-np.expm1(-safe)))


def continuous_bernoulli_nll(rng):
    shape = (5, 4, 3, 1)
    x = rng.uniform(0, 1, shape).astype("float32")
    a = (rng.uniform(0.3, 5, shape) * rng.choice([-1, 1], shape)).astype("float32")
    entropy, factor = cross_entropy(x, a), log_factor(a)
    nll = entropy - factor
    pixels = (1, 2, 3)

    def total(values):
        return values.sum(pixels)

    slips = {
        "The factor is missing: this is the cross-entropy.": total(entropy),
        "The logarithm of the factor has the wrong sign: a larger density is a smaller nll.": total(entropy + factor),
        "The factor is 2 for every pixel here; it depends on the logit.": total(entropy - np.log(2)),
        "The factor lacks a 2: at the logit 0 it should be 2.": total(nll + np.log(2)),
        "The hyperbolic tangent takes half of the logit.": total(entropy - np.log(a / np.tanh(a.astype("float64")))),
        "This is the log-likelihood; the task asks for its negative.": -total(nll),
        "Ink and paper are exchanged: x belongs to the probability of ink.": total(cross_entropy(1 - x, a) - factor),
        "The sigmoid is taken twice: what comes in are logits.": total(
            cross_entropy(x, sigmoid(a)) - log_factor(sigmoid(a))
        ),
        "This is the mean over the pixels; a log-likelihood adds up.": nll.mean(pixels),
        "The pixels are not added up yet.": nll,
        "This is one number for the whole batch; the task asks for one for each image.": nll.sum(),
        "This is the mean over the batch; the task asks for one number for each image.": total(nll).mean(),
        "The sum runs over the images; it should run over the pixels.": nll.sum(0),
        "Only the last axis is added up.": nll.sum(-1),
        "The sum leaves out the last axis.": nll.sum((1, 2)),
    }
    # Flat images, as the pixels need not lie on three axes; one for each kind of logits, so that it can be named.
    kinds = {
        "at logits of 0": np.zeros(8),
        "at logits near 0": rng.permutation([1e-6, -1e-6, 1e-4, -1e-4, 2e-3, -2e-3, 0.03, -0.03]),
        "at large logits": rng.permutation([30.0, -30.0, 50.0, -50.0, 85.0, -85.0, 100.0, -100.0]),
    }
    far_a = np.stack([*kinds.values()]).astype("float32")
    far_x = rng.uniform(0, 1, far_a.shape).astype("float32")
    far_x[:, :2] = 0.0, 1.0
    weights = rng.normal(0, 1, shape[0])
    flat_a = np.zeros((2, 3, 1, 1), "float32")
    flat_x = rng.uniform(0, 1, flat_a.shape).astype("float32")

    far_wanted = (cross_entropy(far_x, far_a) - log_factor(far_a)).sum(1)
    far = [
        hint((far_x[i : i + 1], far_a[i : i + 1]), far_wanted[i : i + 1], {}, EXTREMES, where=kind)
        for i, kind in enumerate(kinds)
    ]

    def extremes(results):
        (found,) = results[0]
        if found is not None and not np.isfinite(found).all():
            odd = " and ".join(kind for kind, value in zip(kinds, found, strict=True) if not np.isfinite(value))
            raise Wrong(f"The result is NaN or infinite {odd}.")
        found = numbers(results[0])[0]
        if not within(found, far_wanted, EXTREMES):
            pairs = zip(kinds, found, far_wanted, strict=True)
            lost = " and ".join(kind for kind, value, right in pairs if not agree(value, right, EXTREMES))
            raise Wrong(f"The digits are lost {lost}: the values differ from the right ones there.")

    def slope(results, x, a, weights, where):
        _, by_logits = results[0]
        if by_logits is None:
            raise Wrong("No gradient reaches the logits: somewhere the tape is cut, as by NumPy.")
        if not np.isfinite(by_logits).all():
            raise Wrong(f"{where} the gradient is NaN: `where` hides a value, and not the slope of what it leaves out.")
        a = a.astype("float64")
        small = np.abs(a) < 1e-3
        safe = np.where(small, 1.0, a)
        average = np.where(small, 0.5 + a / 12, 1 / -np.expm1(-safe) - 1 / safe)  # of a grey value with this density
        wanted = weights.reshape(-1, *[1] * (a.ndim - 1)) * (average - x)
        expect(by_logits, wanted, tolerance=SLOPES, what=f"{where} the gradients by the logits")

    both, sure = np.ones(2), (far_x[2:], far_a[2:])
    return [
        compare("values", 7, [((x, a), total(nll), slips)], NATS),
        Check("small and large logits", 3, [Call((far_x, far_a), ([far_wanted.shape],))], extremes, tables=tuple(far)),
        Check(
            "gradients",
            3,
            [Call((x, a), (None, [a.shape]), (1,), weights), Call(sure, (None, [sure[1].shape]), (1,), np.ones(1))],
            lambda r: (
                slope(r[:1], x, a, weights, "At ordinary logits"),
                slope(r[1:], *sure, np.ones(1), "At logits of ±100"),
            ),
        ),
        Check(
            "gradients at 0",
            2,
            [Call((flat_x, flat_a), (None, [flat_a.shape]), (1,), both)],
            lambda r: slope(r, flat_x, flat_a, both, "At 0"),
        ),
    ]


# 2. best_laplace


def best_laplace(rng):
    cases = [laplace_case(rng, count) for count in (6, 5, 8)]
    (arguments, nll, table), scales = cases[0][1], [case[0] for case in cases]
    shape = arguments[0].shape
    looks = (None, [shape[:1], shape, (), (1,)])  # the scale is looked at by its own size
    return [
        compare("scale", 4, scales, part=0, parts=2),
        Check("nll", 6, [Call(arguments, looks)], nll, True, (table,)),
    ]


def laplace_case(rng, count):
    """(a case of the scale, (arguments, judge, hint) of the nll) for so many images."""
    shape = (count, 4, 3, 1)
    x = rng.uniform(0, 1, shape).astype("float32")
    sizes = rng.uniform(0.05, 0.4, (shape[0], 1, 1, 1))
    location = (x + sizes * rng.standard_normal(shape)).astype("float32")
    off = np.abs(x.astype("float64") - location)
    pixels, wanted = (1, 2, 3), off.mean()
    scales = {
        "scale: this is the root of the mean square, which belongs to a Gaussian.": np.sqrt((off**2).mean()),
        "scale: this is the mean square, which belongs to a Gaussian.": (off**2).mean(),
        "scale: this is the standard deviation of a Laplace distribution, and not its scale.": np.sqrt(2) * wanted,
        "scale: this is the median; set the derivative of the likelihood to zero and see.": np.median(off),
        "scale: this is one scale for each image; the task asks for one for all.": off.mean(pixels),
        "scale: this is one scale for each pixel; the task asks for one for all.": off.mean(0),
        "scale: the pixels are added up; the scale is that of a single one.": off.sum(pixels).mean(),
        "scale: this is twice the best one.": 2 * wanted,
        "scale: this is half the best one.": 0.5 * wanted,
        "scale: this is its logarithm.": np.log(wanted),
    }

    def nlls(b):
        terms = off / b + np.log(2 * b)
        return terms.sum(pixels), {
            "nll: the normalisation, the logarithm of 2 b for each pixel, is missing.": (off / b).sum(pixels),
            "nll: in the normalisation the 2 is missing.": (terms - np.log(2)).sum(pixels),
            "nll: the normalisation belongs to each pixel, and not to the image once.": (off / b).sum(pixels)
            + np.log(2 * b),
            "nll: the normalisation has the wrong sign.": (off / b - np.log(2 * b)).sum(pixels),
            "nll: this is the log-likelihood; the task asks for its negative.": -terms.sum(pixels),
            "nll: this is the mean over the pixels; a log-likelihood adds up.": terms.mean(pixels),
            "nll: the differences are divided by 2 b; in the exponent there is b alone.": (
                off / (2 * b) + np.log(2 * b)
            ).sum(pixels),
            "nll: the squared differences belong to a Gaussian.": (off**2 / (2 * b**2) + 0.5 * np.log(2 * np.pi * b**2))
            .sum(pixels),
            "nll: the differences are squared; a Laplace distribution has their sizes.": (
                off**2 / b + np.log(2 * b)
            ).sum(pixels),
            "nll: the differences are not divided by the scale.": (off + np.log(2 * b)).sum(pixels),
            "nll: the pixels are not added up yet.": terms,
            "nll: this is one number for the whole batch; the task asks for one for each image.": terms.sum(),
            "nll: this is the mean over the batch; the task asks for one number for each image.": terms.sum() / len(x),
        }  # fmt: skip

    def nll(results):
        scale, found = numbers(results[0], 2)
        if np.size(found) == 1:
            raise Wrong("nll: this is one number for the whole batch; the task asks for one for each image.")
        # A wrong scale costs once, be it one number, one for each image or one for each pixel.
        several = {x.shape[:1]: (-1, 1, 1, 1), x.shape[1:]: x.shape[1:]}
        own = scale.reshape(several.get(scale.shape, -1))
        fits = (scale.size == 1 or scale.shape in several) and ((own > 0) & (own < 1e6)).all()
        expect(found, *nlls(own if fits else wanted), what="The nll for the scale that you return, its values")

    right, slips = nlls(wanted)
    return ((x, location), wanted, scales), ((x, location), nll, hint((x, location), right, slips, ROUNDED, 1, 2))


# 3. class_losses


def class_losses(rng):
    n, d, classes = 26, 3, 4
    y = rng.permutation(np.arange(n) % (classes + 1) % classes).astype("uint8")  # class 0 twice as often
    nll = rng.uniform(50, 200, n).astype("float32")
    mean, log_var = rng.normal(0, 1.5, (n, d)).astype("float32"), rng.normal(-1.5, 0.7, (n, d)).astype("float32")
    prior_std, beta = round(float(rng.uniform(1.5, 2.5)), 2), round(float(rng.uniform(2.5, 4.5)), 2)
    reconstruction = nll.astype("float64")

    def rows(kl, weight=beta, other=1.0, average=True):
        parts = np.stack([other * reconstruction + weight * kl, reconstruction, kl], 1)
        return np.array([parts[y == k].mean(0) if average else parts[y == k].sum(0) for k in range(classes)])

    terms = kl_terms(mean, log_var, prior_std)
    kl, s2 = terms.sum(1), prior_std**2
    square = mean.astype("float64") ** 2
    truth = rows(kl)
    slips = {
        "The prior has the standard deviation 1 here; the task gives another.": rows(kl_terms(mean, log_var).sum(1)),
        "The prior's standard deviation is read as its variance.": rows(
            kl_terms(mean, log_var, np.sqrt(prior_std)).sum(1)
        ),
        "The logarithm of the prior's variance is missing, so that the KL of equal distributions is not 0.": rows(
            (terms - np.log(prior_std)).sum(1)
        ),
        "The means are not divided by the prior's variance.": rows((terms + 0.5 * square * (1 - 1 / s2)).sum(1)),
        "This is the divergence in the other direction, from the prior to q.": rows(
            (0.5 * (log_var - 2 * np.log(prior_std) - 1 + (s2 + square) / np.exp(log_var.astype("float64")))).sum(1)
        ),
        "The KL is averaged over the dimensions; independent dimensions add up.": rows(terms.mean(1)),
        "The KL lacks its factor ½.": rows(2 * kl),
        "The logarithm of the variance is read as that of the standard deviation.": rows(
            kl_terms(mean, 2 * log_var.astype("float64"), prior_std).sum(1)
        ),
        "The logarithm of the variance is read as the variance itself.": rows(
            (0.5 * (2 * np.log(prior_std) - log_var - 1 + (log_var + square) / s2)).sum(1)
        ),
        "The KL is subtracted from the reconstruction; in the loss both are added.": rows(kl, -beta),
        "Beta is left out of the loss.": rows(kl, 1.0),
        "Beta weighs the reconstruction; it is the price of the KL.": rows(kl, 1.0, beta),
        "The third column is the KL itself, and not what is charged for it.": rows(kl) * [1, 1, beta],
        "The loss of a class is added up over its images; average it.": rows(kl, average=False),
        "The sums over a class are divided by the number of all images.": rows(kl, average=False) / n,
        "These are the averages over all images; the task asks for those of each class.": np.repeat(
            (truth * np.bincount(y)[:, None]).sum(0, keepdims=True) / n, classes, axis=0
        ),
        "Rows and columns are exchanged.": truth.T,
        "The columns stand in another order: loss, reconstruction, KL.": truth[:, [1, 2, 0]],
        "This is the loss alone; the task asks for its parts as well.": truth[:, 0],
        "The batch is not averaged by classes yet.": np.stack([reconstruction + beta * kl, reconstruction, kl], 1),
    }
    given = (nll, mean, log_var, prior_std, beta, y, classes)
    return [compare("values", 10, [(given, truth, slips)], LOSSES)]


# 4. cyclic_beta


def cyclic_beta(rng):
    while True:
        cycle, rise = int(rng.integers(40, 60)), float(rng.choice([0.25, 0.4, 0.75]))
        if 0.2 < rise * cycle % 1 < 0.8:  # a product that is nearly whole would make some wrong answers right
            break
    beta = round(float(rng.uniform(2, 4)), 2)
    step = np.unique(np.concatenate([rng.integers(0, 4 * cycle, 25), [0, cycle - 1, cycle, cycle + 1, 3 * cycle]]))

    def price(place, top=beta, rise=rise):
        return top * np.minimum(1.0, place / rise)

    place = step % cycle / cycle
    slips = {
        "There is one rise and no second: each cycle begins again at 0.": price(step / cycle),
        "The price rises to 1; it should reach beta.": price(place, 1.0),
        "The price rises during the whole cycle; it should stay at beta after the first part.": price(place, rise=1.0),
        "The price falls where it should rise.": beta - price(place),
        "The price goes on rising above beta.": beta * place / rise,
        "The price is beta from the start.": np.full(len(step), beta),
        "The flat part comes first, and the rise at the end of the cycle.": beta
        * np.maximum(0.0, (place - (1 - rise)) / rise),
        "The cycle is one step ahead: at step 0 the price is 0.": price((step + 1) % cycle / cycle),
        "The rise is as long as a share `rise` of all steps so far; it is a share of the cycle.": beta
        * np.minimum(1.0, place / rise * cycle / (step + cycle)),
        "The rise takes `rise` steps; it is a share of the cycle.": price(step % cycle),
        "The length of the rise is cut to a whole number of steps; it need not be one.": price(
            step % cycle / int(rise * cycle), rise=1.0
        ),
        "The length of the rise is rounded up to a whole number of steps; it need not be one.": price(
            step % cycle / np.ceil(rise * cycle), rise=1.0
        ),
        "The price is 0 after the rise; it should stay at beta.": np.where(place < rise, price(place), 0.0),
        "The price falls again after the rise; it should stay at beta.": np.where(
            place < rise, price(place), beta * (1 - place) / (1 - rise)
        ),
    }
    return [compare("values", 5, [((step, cycle, rise, beta), price(place), slips)], PRICES)]


# 5. train_step


def gradients(x, epsilon, weights, slip=""):
    """The six gradients of a linear VAE's loss, by the chain rule on paper; `slip` names what is done wrong."""
    w_mean, b_mean, w_log_var, b_log_var, w_out, b_out = (np.asarray(w, "float64") for w in weights)
    x, epsilon = np.asarray(x, "float64"), np.asarray(epsilon, "float64")
    (n, m), d = x.shape, len(b_mean)
    mean, log_var = x @ w_mean + b_mean, x @ w_log_var + b_log_var
    power = {"variance": 1.0, "no half": 1.0}.get(slip, 0.5)
    noise = 0.0 if slip == "no noise" else np.exp(power * log_var) * epsilon
    z = mean + noise
    logits = z @ w_out + b_out
    by_logits = sigmoid(logits) - x
    if slip == "squared":
        by_logits = 2 * (sigmoid(logits) - x) * sigmoid(logits) * (1 - sigmoid(logits))
    by_logits = by_logits / n / (m if slip == "pixel mean" else 1)
    by_z = by_logits @ w_out.T * (0 if slip == "cut" else 1)
    charge = {"kl mean": 1 / d, "no kl": 0.0, "kl sign": -1.0, "no half in kl": 2.0}.get(slip, 1.0) / n
    by_mean = by_z + charge * mean
    by_log_var = by_z * power * noise + charge * 0.5 * (np.exp(log_var) - 1)
    found = [
        x.T @ by_mean, by_mean.sum(0), x.T @ by_log_var, by_log_var.sum(0), z.T @ by_logits, by_logits.sum(0),
    ]  # fmt: skip
    return [g * n for g in found] if slip == "sum" else found


SLIPS_OF_STEP = {
    "The noise is multiplied by the variance; it should be the standard deviation.": "variance",
    "There is no noise in the code: z is the mean.": "no noise",
    "The reconstruction is averaged over the pixels, while the KL is summed; then the KL weighs far too much.": (
        "pixel mean"
    ),
    "The KL is averaged over the dimensions; independent dimensions add up.": "kl mean",
    "The KL is missing from the loss: this trains an autoencoder with noise.": "no kl",
    "The KL has the wrong sign.": "kl sign",
    "The KL lacks its factor ½.": "no half in kl",
    "No gradient passes through the code: the reconstruction doesn't reach the encoder.": "cut",
    "The reconstruction is the squared error; the task asks for the cross-entropy.": "squared",
    "The loss is the sum over the batch; the task asks for the mean.": "sum",
}


def train_step(rng):
    n, m, d = 7, 6, 2
    x = rng.uniform(0, 1, (n, m)).astype("float32")
    epsilon = rng.normal(0, 1, (n, d)).astype("float32")
    sizes = ((m, d), (d,), (m, d), (d,), (d, m), (m,))
    weights = [rng.normal(0, 0.6, size).astype("float32") for size in sizes]
    rate = 0.25
    right = gradients(x, epsilon, weights)
    norm = np.sqrt(sum((g**2).sum() for g in right))
    large, small = round(float(20 * norm), 3), round(float(0.1 * norm), 3)
    wrong = {message: gradients(x, epsilon, weights, slip) for message, slip in SLIPS_OF_STEP.items()}
    wrong |= {
        "The weights go uphill: a step of descent subtracts.": [-g for g in right],
        "Nothing has changed: the weights come back as they were.": [0 * g for g in right],
        "The step is not multiplied by the rate.": [g / rate for g in right],
        "The gradients are stretched to the norm `clip` although they are shorter.": [g * large / norm for g in right],
        "These are the gradients; the task asks for the weights after the step.": [
            (w - g) / rate for w, g in zip(weights, right, strict=True)
        ],
    }

    def joined(arrays):
        return np.concatenate([np.ravel(a) for a in arrays])

    def slopes(result, chosen):
        """The gradients that the new weights number `chosen` betray, in one row."""
        new = numbers(result, 6)
        return joined([(weights[i] - new[i]) / rate for i in chosen])

    def update(chosen, wanted, slips):
        def judge(results):
            pick = {message: joined([value[i] for i in chosen]) for message, value in slips.items()}
            expect(slopes(results[0], chosen), joined([wanted[i] for i in chosen]), pick, STEPS,
                   what="The steps that the weights take")  # fmt: skip

        return judge

    def table(i, clip, right, wrong):
        tolerance = STEPS._replace(rtol=0.0)
        new = {message: weights[i] - rate * value[i] for message, value in wrong.items()}
        wanted = weights[i] - rate * right[i]
        # One array shows less than six: what looks like another mistake there, or like none, can't be named.
        values = [wanted, *new.values()]
        slips = {
            message: value
            for message, value in new.items()
            if sum(agree(value, other, tolerance) for other in values) == 1
        }
        return hint((x, epsilon, *weights, rate, clip), wanted, slips, tolerance, i, 6)

    factor = small / norm
    clipped = [g * factor for g in right]
    each = [g * min(1, small / np.sqrt((g**2).sum())) for g in right]
    halves = [
        g * min(1, small / np.sqrt(sum((h**2).sum() for h in part))) for part in (right[:4], right[4:]) for g in part
    ]
    short = {
        "clipping: the gradients are not shortened.": right,
        "clipping: each array is shortened by itself, which turns the direction; the norm is that of all six "
        "together.": each,
        "clipping: encoder and decoder are shortened separately; the norm is that of all six together.": halves,
        "clipping: each number is cut by itself, which turns the direction; shorten all by one factor.": [
            np.clip(g, -small, small) for g in right
        ],
        "clipping: the factor is clip by the squared norm; take the root.": [g * small / norm**2 for g in right],
        "clipping: the gradients are shortened to the norm 1 and not to `clip`.": [g / norm for g in right],
        "clipping: the gradients are multiplied by `clip`.": [g * small for g in right],
        "clipping: the step is shortened after the rate, and not the gradient before it.": [
            g * min(1, small / (rate * norm)) for g in right
        ],
        "clipping: the norm is that of the largest number.": [
            g * min(1, small / max(np.abs(h).max() for h in right)) for g in right
        ],
        "clipping: the norm adds up sizes instead of squares.": [
            g * min(1, small / sum(np.abs(h).sum() for h in right)) for g in right
        ],
    }  # fmt: skip

    def call(clip, chosen):
        return Call((x, epsilon, *weights, rate, clip), tuple([sizes[i]] if i in chosen else None for i in range(6)))

    encoder, decoder, both = range(4), range(4, 6), range(6)
    return [
        Check(
            "the encoder's step",
            9,
            [call(large, encoder)],
            update(encoder, right, wrong),
            tables=(table(0, large, right, wrong),),
        ),
        Check(
            "the decoder's step",
            5,
            [call(large, decoder)],
            update(decoder, right, wrong),
            True,
            (table(4, large, right, wrong),),
        ),
        Check(
            "clipping", 6, [call(small, both)], update(both, clipped, short), tables=(table(0, small, clipped, short),)
        ),
    ]


# 6. code_report


def code_report(rng):
    n, d = 14, 4
    size = np.array([1.6, 0.9, 0.3, 0.05])
    mean = (rng.normal(0, 0.4, d) + size * rng.standard_normal((n, d))).astype("float32")
    log_var = (np.log([0.05, 0.2, 0.6, 0.95]) + rng.normal(0, 0.5, (n, d))).astype("float32")
    terms, lv = kl_terms(mean, log_var), log_var.astype("float64")
    spread, noise = mean.astype("float64").var(0), np.exp(lv).mean(0)

    def share(spread, noise=noise):
        return spread / (spread + noise)

    kls = {
        "KL: this is one number for each image; the task asks for one for each dimension.": terms.sum(1),
        "KL: the images are added up; average them.": terms.sum(0),
        "KL: the dimensions are averaged, too; each has its own.": terms.mean(),
        "KL: the dimensions are added up; each has its own.": terms.sum(1).mean(),
        "KL: this is not averaged over the images yet.": terms,
        "KL: this is the KL of an average Gaussian; average the KLs and not their arguments.": kl_terms(
            mean.mean(0), lv.mean(0)
        ),
        "KL: this is the KL of the whole cloud's Gaussian; the task asks for the average KL of an image.": kl_terms(
            mean.mean(0), np.log(spread + noise)
        ),
        "KL: the factor ½ is missing.": 2 * terms.mean(0),
        "KL: the sign is wrong.": -terms.mean(0),
        "KL: the logarithm of the variance is read as that of the standard deviation.": kl_terms(mean, 2 * lv).mean(0),
        "KL: the variance is read as the standard deviation: exp(0.5 log_var) is σ, and σ² is needed.": (
            0.5 * (np.exp(0.5 * lv) + mean.astype("float64") ** 2 - 1 - lv)
        ).mean(0),
        "KL: a constant of each dimension is missing.": (terms + 0.5).mean(0),
    }
    shares = {
        "share: standard deviations are compared; the task asks for variances.": np.sqrt(spread)
        / (np.sqrt(spread) + np.sqrt(noise)),
        "share: a root is taken of the share.": np.sqrt(share(spread)),
        "share: the logarithms of the variance are averaged; average the variances.": share(
            spread, np.exp(lv.mean(0))
        ),
        "share: this is the noise's share; the task asks for that of the means.": 1 - share(spread),
        "share: the variance of the means is divided by the noise alone; divide by both together.": spread / noise,
        "share: this is the variance of the means, and no share yet.": spread,
        "share: the means' squares are averaged; the variance is around their own mean.": share(
            (mean.astype("float64") ** 2).mean(0)
        ),
        "share: exp(0.5 log_var) is the standard deviation, and the variance is needed.": share(
            spread, np.exp(0.5 * lv).mean(0)
        ),
        "share: this is the dimension's part of all dimensions; compare it with its own noise.": spread / spread.sum(),
        "share: this is one number for all dimensions; each has its own.": spread.sum() / (spread + noise).sum(),
        "share: this says yes or no, by a threshold; the task asks for a number.": spread > 0.01,
    }  # fmt: skip
    given, nearly_right = (mean, log_var), share(mean.astype("float64").var(0, ddof=1))
    return [
        compare("KL", 5, [(given, terms.mean(0), kls)], REPORT, part=0, parts=2),
        *nearly(
            compare("share", 5, [(given, share(spread), shares)], REPORT, part=1, parts=2, alone=True),
            1,
            {"share: this divides by n - 1; the task asks for the variance that divides by n.": nearly_right},
        ),
    ]


# 7. elbo_estimate


def elbo_truths(x, mean, log_var, kernel, bias):
    """(ELBO, standard deviation of one draw) of each image, by quadrature; and {message: (values, deviations)}."""
    x, mean, log_var, kernel, bias = (np.asarray(a, "float64") for a in (x, mean, log_var, kernel, bias))
    d = mean.shape[1]
    nodes, w = np.polynomial.hermite_e.hermegauss(40)
    grid = np.stack(np.meshgrid(*[nodes] * d, indexing="ij"), -1).reshape(-1, d)
    w = np.stack(np.meshgrid(*[w] * d, indexing="ij"), -1).reshape(-1, d).prod(-1)
    w = w / w.sum()

    def scores(deviation):  # ln p(x given z) at the nodes, with and without the factor of the continuous Bernoulli
        logits = (mean[:, None] + deviation[:, None] * grid) @ kernel + bias
        entropy = cross_entropy(x[:, None], logits)
        return (log_factor(logits) - entropy).sum(-1), -entropy.sum(-1)

    def moments(values):
        centre = values @ w
        return centre, np.sqrt((values - centre[:, None]) ** 2 @ w)

    std = np.exp(0.5 * log_var)
    kl, (inside, plain) = kl_terms(mean, log_var).sum(1), scores(std)
    value, spread = moments(inside)
    point = scores(0 * std)[0][:, 0]
    other, other_spread = moments(plain)
    wide, wide_spread = moments(scores(std**2)[0])
    unit, unit_spread = moments(scores(np.ones_like(std))[0])
    slips = {
        "The KL is added; it lowers the bound.": (value + kl, spread),
        "The likelihoods are averaged and then comes the logarithm; the ELBO averages the logarithms.": (
            inside.max(1) + np.log(np.exp(inside - inside.max(1, keepdims=True)) @ w) - kl, spread,
        ),
        "The KL is missing.": (value, spread),
        "The KL is averaged over the dimensions; independent dimensions add up.": (value - kl / d, spread),
        "The KL lacks its factor ½.": (value - 2 * kl, spread),
        "This is -ELBO; the task asks for the ELBO.": (kl - value, spread),
        "The reconstruction has the wrong sign.": (-value - kl, spread),
        "The reconstruction is the cross-entropy; the task asks for the continuous Bernoulli.": (
            other - kl, other_spread,
        ),
        "The noise is multiplied by the variance; it should be the standard deviation.": (wide - kl, wide_spread),
        "The noise is not multiplied by the standard deviation.": (unit - kl, unit_spread),
        "The mean is decoded, and nothing is drawn.": (point - kl, 0 * spread),
        "The pixels are averaged; a log-likelihood adds up.": (value / x.shape[1] - kl, spread / x.shape[1]),
    }  # fmt: skip
    return value - kl, spread, slips


def elbo_estimate(rng):
    n, m, d, k = 8, 6, 2, 1000
    seeds = [int(s) for s in rng.integers(0, SEEDS, 5)]
    while True:
        x = rng.uniform(0, 1, (n, m)).astype("float32")
        mean = rng.normal(0, 1.3, (n, d)).astype("float32")
        log_var = rng.normal(-1.3, 0.3, (n, d)).astype("float32")
        kernel, bias = rng.normal(0, 1.6, (d, m)).astype("float32"), rng.normal(0, 0.5, m).astype("float32")
        wanted, spread, slips = elbo_truths(x, mean, log_var, kernel, bias)
        values = [(wanted, spread), *slips.values()]
        apart = [
            np.max(np.abs(a - b) / ((s + t) / np.sqrt(k) + 1e-9)) > 8
            for i, (a, s) in enumerate(values)
            for b, t in values[:i]
        ]
        if all(apart):
            break

    def one_each(result, count):
        (found,) = numbers(result)
        if found.shape != (count,):
            raise Wrong("This is one number for the whole batch; the task asks for one for each image.")
        return found

    def values_right(results):
        found = one_each(results[0], n)
        if not within(found, wanted, ELBO, spread / np.sqrt(k)):
            for message, (value, deviation) in slips.items():
                if agree(found, value, ELBO, deviation / np.sqrt(k)):
                    raise Wrong(message)
            if any(agree(f, wanted, ELBO, spread / np.sqrt(k)) for f in (found / k, (found + kl) / k - kl)):
                raise Wrong("The draws are added up; average them.")
            raise Wrong("The estimates lie further from the right values than their standard errors allow.")
        if (one_each(results[1], n) == one_each(results[2], n)).all():
            raise Wrong("Two seeds give the same estimate: nothing is drawn, or the seed isn't used.")

    kl = kl_terms(mean, log_var).sum(1)
    rows, few = 300, 4
    same = [np.repeat(a[:1], rows, axis=0) for a in (x, mean, log_var)]
    opposite = np.stack([kernel[0], -kernel[0]])  # here noise that the coordinates of a code share nearly cancels
    _, scatter, _ = elbo_truths(x[:1], mean[:1], log_var[:1], opposite, bias)

    def noise(results):
        found = one_each(results[0], rows)
        if np.ptp(found) < 1e-6 * np.abs(found).max() or len(np.unique(found)) < rows / 2:
            raise Wrong("Equal images get equal estimates: the images of a batch share their noise.")
        if not within(np.log(found.std()), np.log(scatter[0] / np.sqrt(few)), SCATTER):
            raise Wrong("The estimates don't scatter as averages of k independent draws do, each with its own noise in "
                        "each coordinate.")  # fmt: skip

    def repeat(results):
        first, again = (one_each(result, n) for result in results)
        if not within(again, first, REPEATED):
            raise Wrong("The same seed gives another result the second time.")

    def call(seed, count=k):
        return Call((x, mean, log_var, kernel, bias, count, seeds[seed]), ([(n,), (), (1,)],))

    # The hints: once the noise is so small that the draws are known beforehand; and once so large that wrong noise is
    # seen beyond six standard errors of few draws. They don't see whether images share theirs.
    many, wide = 250, np.full((2, d), 1.6, "float32")
    expected, deviation, wrong = elbo_truths(x[:2], mean[:2], wide, opposite, bias)
    allowed = 6 * deviation / np.sqrt(many) + 1e-3
    values = [expected, *(value for value, _ in wrong.values())]
    seen = {  # the rest differ, and nobody can say which of two mistakes it is
        message: value
        for message, (value, _) in wrong.items()
        if sum((np.abs(value - other) <= 2 * allowed).all() for other in values) == 1
    }
    told = ELBO._replace(atol=allowed)
    drawn = hint((x[:2], mean[:2], wide, opposite, bias, many, 1), expected, seen, told, where="with much noise")
    narrow = np.full((n, d), -30, "float32")
    sure, _, known = elbo_truths(x, mean, narrow, kernel, bias)
    close = ELBO._replace(rtol=1e-3, atol=1e-2)
    known = {m: v for m, (v, _) in known.items() if not agree(v, sure, close)}
    equal = [np.repeat(a[:1], 6, axis=0) for a in (x, mean, np.full((1, d), 1.6, "float32"))]
    differ = {
        "kind": "differ", "arguments": (*equal, kernel, bias, 3, 4), "wanted": np.zeros(6),
        "message": "Equal images get equal estimates: nothing is drawn, or the images of a batch share their noise.",
    }  # fmt: skip
    return [
        Check(
            "values",
            9,
            [call(0), call(1, 20), call(2, 20)],
            values_right,
            tables=(hint((x, mean, narrow, kernel, bias, 3, 0), sure, known, close, where="with next to no noise"),),
        ),
        Check(
            "noise",
            4,
            [Call((*same, opposite, bias, few, seeds[2]), ([(rows,), (), (1,)],))],
            noise,
            tables=(drawn, differ),
        ),
        Check("seed", 2, [call(3, 20), call(3, 20)], repeat),
    ]


TASKS = [
    Task("continuous_bernoulli_nll", "A likelihood for grey pixels, from logits", continuous_bernoulli_nll),
    Task("best_laplace", "Laplace noise with the best scale", best_laplace),
    Task("class_losses", "The loss and its parts, class by class", class_losses),
    Task("cyclic_beta", "A price that rises again and again", cyclic_beta),
    Task("train_step", "One step of training, clipped", train_step),
    Task("code_report", "What each dimension carries", code_report),
    Task("elbo_estimate", "The ELBO of a given model", elbo_estimate, 20.0),
]
