"""Homework 4's hidden checks: a conditional VAE with a prior for each label, evaluated.

Each right answer is computed here once more, in double precision, and so is what each known slip would give: that is
how feedback can name it. Gradients are compared with finite differences.
"""

import numpy as np
from scipy.special import expit, logsumexp

from grading.judging import Call, Check, Task, Tolerance, Wrong, compare, expect, hint, nearly, numbers, within

SLOPES = Tolerance("gradients", "central differences in 64 bits against chains of sums in 32 bits", 5e-3, 1e-3)
LARGE = Tolerance("large logits", "logits of 150, known to 1e-5 in 32 bits", 1e-3, 1e-4)
MANY = Tolerance("many pixels", "sums of 500 logarithms in 32 bits", 1e-3, 1e-4)
PIXELS = Tolerance(
    "values", "pixels lie between 0 and 1: differences are smaller than in nats, and so is what is allowed", 1e-3, 2e-5
)
COUNTED = Tolerance("shares", "shares of 37 to 40 codes in 32 bits; one code more or less is 0.025", 0.0, 1e-4)
GAIN = Tolerance(
    "nats", "differences of numbers near -900, which have four digits after the point in 32 bits", 0.0, 2e-3
)
ERROR = Tolerance("standard error", "the root of an average of 30 squares of such differences", 2e-3)
CEILING = Tolerance("entropy", "a sum of four terms in 32 bits", 0.0, 1e-4)

CLASSES = 4  # not ten: a function that knows only ten labels is found out


def exact(arrays):
    return [np.asarray(a, "float64") for a in arrays]


def small_model(rng, pixels=6, hidden=5, d=2):
    """Twelve arrays of 32-bit floats: encoder (5), decoder (5), the prior's means and log-variances."""

    def net(inputs, outputs):
        return [
            rng.normal(0, 1 / np.sqrt(inputs), (inputs, hidden)),
            rng.uniform(0.5, 1.8, (CLASSES, hidden)) * rng.choice([-1, 1], (CLASSES, hidden), p=[0.2, 0.8]),
            rng.normal(0.3, 0.7, (CLASSES, hidden)),
            rng.normal(0, 0.6, (hidden, outputs)),
            rng.normal(0, 0.4, outputs),
        ]

    # Standard deviations far enough from 1 that a power too many or too few shows.
    prior_log_var = rng.uniform(0.5, 1.2, (CLASSES, d)) * rng.choice([-1, 1], (CLASSES, d))
    model = [*net(pixels, 2 * d), *net(d, pixels), rng.normal(0, 1.2, (CLASSES, d)), prior_log_var]
    return [a.astype("float32") for a in model]


def images(rng, n, pixels=6):
    return (rng.random((n, pixels)) < 0.5).astype("float32")


def labels(rng, n):
    """n labels, in no order, each of which occurs and the last one (CLASSES - 1) more than once."""
    return rng.permutation(np.concatenate([np.arange(n - 1) % CLASSES, [CLASSES - 1]])).astype("int32")


def forward(x, y, net, scale=True, shift=True):
    """A network's output in double precision; scale=False, shift=False: as if the label did not do that."""
    kernel, scales, shifts, out_kernel, out_bias = exact(net)
    hidden = np.asarray(x, "float64") @ kernel
    hidden = hidden * (scales[y] if scale else 1.0) + (shifts[y] if shift else 0.0)
    return np.maximum(hidden, 0) @ out_kernel + out_bias


def on_a_kink(x, y, net):
    """Whether a hidden unit is so near the bend of its ReLU that rounding decides on which side, and so the slopes."""
    kernel, scales, shifts, *_ = exact(net)
    return np.abs(np.asarray(x, "float64") @ kernel * scales[y] + shifts[y]).min() < 1e-4


def slopes_by_differences(function, arguments, wanted):
    """Derivatives of a number by some of its arguments, by central differences in double precision."""
    arguments, found = [np.array(a, "float64") if np.asarray(a).dtype.kind == "f" else a for a in arguments], []
    for i in wanted:
        slope, flat = np.empty(arguments[i].size), arguments[i].reshape(-1)
        for j in range(len(flat)):
            start, step = flat[j], 1e-6
            flat[j] = start + step
            above = function(*arguments)
            flat[j] = start - step
            slope[j] = (above - function(*arguments)) / (2 * step)
            flat[j] = start
        found.append(slope.reshape(arguments[i].shape))
    return found


def gradient_check(points, function, arguments, weights, names):
    """A check that the gradients of sum(weights * function(*arguments)) arrive; names: {number of argument: words}."""
    wanted = slopes_by_differences(lambda *a: np.sum(weights * function(*a)), arguments, names)

    looks = (None, *([np.shape(arguments[i])] for i in names))

    def judge(results):
        _, *slopes = results[0]
        for slope, right, name in zip(slopes, wanted, names.values(), strict=True):
            if slope is None:
                raise Wrong(f"No gradient reaches {name}: somewhere the tape is cut, as by NumPy or stop_gradient.")
            if not np.isfinite(slope).all():
                raise Wrong(f"The gradients by {name} hold NaN or infinite values.")
            expect(slope, right, tolerance=SLOPES, what=f"The gradients by {name}")

    return Check("gradients", points, [Call(tuple(arguments), looks, tuple(names), weights)], judge)


# 1. network


def network(rng):
    n, pixels = 7, 6
    x, y = rng.normal(0, 1, (n, pixels)).astype("float32"), labels(rng, n)
    net = small_model(rng, pixels)[:5]
    kernel, scale, shift, out_kernel, out_bias = exact(net)
    before = x.astype("float64") @ kernel

    def out(hidden):
        return np.maximum(hidden, 0) @ out_kernel + out_bias

    right = forward(x, y, net)
    slips = {
        "The label is not used.": out(before),
        "The label shifts, but it does not scale.": out(before + shift[y]),
        "The label scales, but it does not shift.": out(before * scale[y]),
        "The shift is scaled as well: multiply first, then add.": out((before + shift[y]) * scale[y]),
        "The labels are shifted by one: label 0 takes the last row.": forward(x, y - 1, net),
        "The labels are shifted by one: label 0 takes the row of label 1.": forward(x, (y + 1) % CLASSES, net),
        "All images get the scale and shift of label 0.": forward(x, 0 * y, net),
        "The scale and shift of all labels are averaged; each image has its own label.": out(
            before * scale.mean(0) + shift.mean(0)
        ),
        "The scale and shift of all labels are added up; each image has its own label.": out(
            before * scale.sum(0) + shift.sum(0)
        ),
        "The label is used as a number: it is a name, and picks a row.": out(before * y[:, None] + y[:, None]),
        "The scale is read as a logarithm.": out(before * np.exp(scale[y]) + shift[y]),
        "1 + scale multiplies; the task asks for the scale itself.": out(before * (1 + scale[y]) + shift[y]),
        "Tables of scale and shift are exchanged.": out(before * shift[y] + scale[y]),
        "The ReLU is missing.": (before * scale[y] + shift[y]) @ out_kernel + out_bias,
        "The ReLU comes before the label has scaled and shifted.": (np.maximum(before, 0) * scale[y] + shift[y])
        @ out_kernel
        + out_bias,
        "The output has a ReLU; only the hidden layer has one.": np.maximum(right, 0),
        "The output has a sigmoid; the task asks for what stands before it.": expit(right),
        "The bias of the output is missing.": right - out_bias,
    }
    if on_a_kink(x, y, net):
        return network(rng)
    names = {0: "the inputs", 2: "the kernel", 3: "the labels' scales", 4: "the labels' shifts", 5: "the output kernel"}
    return [
        compare("values", 6, [((x, y, *net), right, slips)]),
        gradient_check(2, lambda x, y, *net: forward(x, y, net), (x, y, *net), rng.normal(0, 1, right.shape), names),
    ]


# 2. kl_to_label_prior


def kl_terms(mean, log_var, prior_mean, prior_log_var):
    """The KL of each coordinate in double precision; the prior's arrays have a row for each row of mean."""
    mean, log_var, prior_mean, prior_log_var = exact((mean, log_var, prior_mean, prior_log_var))
    relative = np.exp(log_var - prior_log_var)
    return 0.5 * (relative - 1 - np.log(relative) + (mean - prior_mean) ** 2 / np.exp(prior_log_var))


def kl_to_label_prior(rng):
    n, d = 7, 3
    y = labels(rng, n)
    mean, prior_mean = (rng.normal(0, 1.2, (m, d)).astype("float32") for m in (n, CLASSES))
    log_var, prior_log_var = (
        (rng.uniform(0.4, 1.3, (m, d)) * rng.choice([-1, 1], (m, d))).astype("float32") for m in (n, CLASSES)
    )
    m, v, p, w = exact((mean, log_var, prior_mean[y], prior_log_var[y]))
    terms, distance = kl_terms(m, v, p, w), (m - p) ** 2

    def total(y):
        return kl_terms(m, v, prior_mean[y], prior_log_var[y]).sum(-1)

    slips = {
        "This is the divergence to N(0, I): every label has a prior of its own.": kl_terms(m, v, 0 * p, 0 * w).sum(-1),
        "The prior's means are used, but its variances are taken as 1.": kl_terms(m, v, p, 0 * w).sum(-1),
        "The prior's variances are used, but its means are taken as 0.": kl_terms(m, v, 0 * p, w).sum(-1),
        "This is the divergence in the other direction, from the prior to q.": kl_terms(p, w, m, v).sum(-1),
        "This is the mean over the latents; independent coordinates add up.": terms.mean(-1),
        "The factor ½ is missing.": 2 * terms.sum(-1),
        "The divergence of equal distributions is not 0: the constant of each coordinate is missing.": (
            terms + 0.5
        ).sum(-1),
        "The logarithm of the ratio of the variances has the wrong sign.": (terms + v - w).sum(-1),
        "The log-variances are read as logarithms of standard deviations.": kl_terms(m, 2 * v, p, 2 * w).sum(-1),
        "The prior's log-variance is read as the logarithm of a standard deviation.": kl_terms(m, v, p, 2 * w).sum(-1),
        "exp(½ log_var) is a standard deviation; here the variances are needed.": kl_terms(
            m, v / 2, p, w / 2
        ).sum(-1),
        "The squared distance of the means is not divided by the prior's variance.": (
            terms - 0.5 * distance * np.exp(-w) + 0.5 * distance
        ).sum(-1),
        "The squared distance of the means is divided by q's variance; it belongs to the prior.": (
            terms - 0.5 * distance * np.exp(-w) + 0.5 * distance * np.exp(-v)
        ).sum(-1),
        "The labels are shifted by one: label 0 takes the last row.": total(y - 1),
        "The labels are shifted by one: label 0 takes the row of label 1.": total((y + 1) % CLASSES),
        "All images are compared with the prior of label 0.": total(0 * y),
        "The priors of all labels are averaged; each image has its own.": kl_terms(
            m, v, prior_mean.mean(0), prior_log_var.mean(0)
        ).sum(-1),
        "The divergences to the priors of all labels are added up; each image has its own.": sum(
            total(0 * y + label) for label in range(CLASSES)
        ),
        "This is one number for the whole batch; the task asks for one for each image.": terms.sum(),
        "This is the mean over the batch; the task asks for one number for each image.": terms.sum(-1).mean(),
        "The coordinates are not added up yet.": terms,
        "The sum runs over the images; it should run over the coordinates.": terms.sum(0),
    }  # fmt: skip

    def of_rows(mean, log_var, y, prior_mean, prior_log_var):
        return kl_terms(mean, log_var, prior_mean[y], prior_log_var[y]).sum(-1)

    arguments = (mean, log_var, y, prior_mean, prior_log_var)
    names = {0: "q's means", 1: "q's log-variances", 3: "the priors' means", 4: "the priors' log-variances"}
    return [
        compare("values", 6, [(arguments, terms.sum(-1), slips)]),
        gradient_check(2, of_rows, arguments, rng.normal(0, 1, n), names),
    ]


# 3. conditional_elbo


def log_bernoulli(x, logits):
    """ln p(x given z, y), (…, batch), of black and white pixels, from logits (…, batch, pixels)."""
    return (np.asarray(x, "float64") * logits - np.logaddexp(0, logits)).sum(-1)


def parts(x, y, epsilon, model, encode=None, decode=None, draw=None):
    """What the bounds are made of: (ln p(x given z, y) (samples, batch), z, mean, log_var, prior's mean and log_var).

    In the place of the right ones: encode(x), with the output (batch, 2 d); decode(z, number of the sample);
    draw(mean, log_var, epsilon).
    """
    model, epsilon = exact(model), np.asarray(epsilon, "float64")
    mean, log_var = np.split(encode(x) if encode else forward(x, y, model[:5]), 2, axis=1)
    z = draw(mean, log_var, epsilon) if draw else mean + np.exp(0.5 * log_var) * epsilon
    decode = decode or (lambda z, _: forward(z, y, model[5:10]))
    logits = np.stack([decode(one, i) for i, one in enumerate(z)])
    return log_bernoulli(x, logits), z, mean, log_var, model[10][y], model[11][y]


def unconditional(x, net):
    """A network without the label's scale and shift, in double precision."""
    return forward(x, None, net, scale=False, shift=False)


def noise_times(power):
    """A draw whose noise is multiplied by this power of the variance, where ½ is right."""
    return lambda mean, log_var, epsilon: mean + np.exp(power * log_var) * epsilon


def elbo(x, y, epsilon, *model):
    log_likelihood, _, mean, log_var, *prior = parts(x, y, epsilon, model)
    return log_likelihood.mean(0) - kl_terms(mean, log_var, *prior).sum(-1)


def conditional_elbo(rng):
    samples, n, d, pixels = 3, 6, 3, 6  # not two latents: whoever relies on them is found out
    x, y, model = images(rng, n), labels(rng, n), small_model(rng, pixels, d=d)
    epsilon = rng.normal(0, 1, (samples, n, d)).astype("float32")
    log_likelihood, z, mean, log_var, p, w = parts(x, y, epsilon, model)
    logits = np.stack([forward(one, y, model[5:10]) for one in z])
    kinks = on_a_kink(x, y, model[:5]) or any(on_a_kink(one, y, model[5:10]) for one in z)
    if kinks or np.abs(logits).max() > 8:  # large logits have a check of their own
        return conditional_elbo(rng)
    kl, reconstruction = kl_terms(mean, log_var, p, w), log_likelihood.mean(0)
    right = reconstruction - kl.sum(-1)

    def changed(**how):
        first, _, mean, log_var, *prior = parts(x, y, epsilon, model, **how)
        return first.mean(0) - kl_terms(mean, log_var, *prior).sum(-1)

    slips = {
        "The encoder does not see the label.": changed(encode=lambda x: unconditional(x, model[:5])),
        "The encoder sees label 0 for every image.": changed(encode=lambda x: forward(x, 0 * y, model[:5])),
        "The decoder does not see the label.": changed(decode=lambda z, _: unconditional(z, model[5:10])),
        "The decoder sees label 0 for every image.": changed(decode=lambda z, _: forward(z, 0 * y, model[5:10])),
        "With several samples the labels no longer stand beside their own codes.": changed(
            decode=lambda z, i: forward(z, np.repeat(y, samples).reshape(samples, n)[i], model[5:10])
        ),
        "The noise is multiplied by the variance; it should be the standard deviation.": changed(draw=noise_times(1.0)),
        "The noise is not multiplied by the standard deviation.": changed(draw=noise_times(0.0)),
        "The noise is not used: the mean is decoded.": log_bernoulli(x, forward(mean, y, model[5:10])) - kl.sum(-1),
        "The noise is divided by the standard deviation.": changed(draw=noise_times(-0.5)),
        "The codes are drawn from the prior; they should come from q.": changed(
            draw=lambda mean, log_var, epsilon: p + np.exp(0.5 * w) * epsilon
        ),
        "The divergence is that to N(0, I): every label has a prior of its own.": reconstruction
        - kl_terms(mean, log_var, 0 * p, 0 * w).sum(-1),
        "The divergence is that from the prior to q.": reconstruction - kl_terms(p, w, mean, log_var).sum(-1),
        "The divergence is averaged over the latents; it is a sum.": reconstruction - kl.mean(-1),
        "The divergence is missing: this is the reconstruction alone.": reconstruction,
        "The divergence is added; a bound is the log-likelihood minus the divergence.": reconstruction + kl.sum(-1),
        "The sign is wrong: this is minus the ELBO.": -right,
        "The reconstruction is averaged over the pixels; it is a sum.": reconstruction / pixels - kl.sum(-1),
        "The samples are added up; the ELBO takes their average.": log_likelihood.sum(0) - kl.sum(-1),
        "Only the first sample is used.": log_likelihood[0] - kl.sum(-1),
        "The likelihoods are averaged before the logarithm: the ELBO averages the logarithms.": logsumexp(
            log_likelihood, axis=0
        ) - np.log(samples) - kl.sum(-1),
        "The pixels of the samples are averaged before the likelihood; each sample has its own.": log_bernoulli(
            x, logits.mean(0)
        ) - kl.sum(-1),
        "The logits are taken as probabilities.": (
            x * np.log(np.clip(logits, 1e-7, 1 - 1e-7)) + (1 - x) * np.log(1 - np.clip(logits, 1e-7, 1 - 1e-7))
        ).sum(-1).mean(0) - kl.sum(-1),
        "The sigmoid is applied twice.": log_bernoulli(x, expit(logits)).mean(0) - kl.sum(-1),
        "This is a squared error; black and white pixels have a Bernoulli likelihood.": -((x - expit(logits)) ** 2)
        .sum(-1).mean(0) - kl.sum(-1),
        "This is half a squared error; black and white pixels have a Bernoulli likelihood.": -0.5
        * ((x - expit(logits)) ** 2).sum(-1).mean(0) - kl.sum(-1),
        "Only the pixels that are 1 count: those that are 0 have a likelihood, too.": (x * -np.logaddexp(0, -logits))
        .sum(-1).mean(0) - kl.sum(-1),
        "The encoder's output is read in the wrong order: first the means, then the log-variances.": changed(
            encode=lambda x: np.roll(forward(x, y, model[:5]), d, axis=1)
        ),
        "The encoder's columns are taken in turn; the first half are the means.": changed(
            encode=lambda x: forward(x, y, model[:5])[:, [*range(0, 2 * d, 2), *range(1, 2 * d, 2)]]
        ),
        "This is the mean over the batch; the task asks for one number for each image.": right.mean(),
        "This is one number for the whole batch; the task asks for one for each image.": right.sum(),
        "The average over the samples is missing.": log_likelihood - kl.sum(-1),
    }  # fmt: skip
    bold = list(model)
    bold[9] = (np.sign(model[9]) * 150).astype("float32")  # logits of ±150: the sigmoid is 0 or 1 there
    wanted = elbo(x, y, epsilon, *bold)

    def large(results):
        if any(a is not None and not np.isfinite(a).all() for a in results[0]):
            raise Wrong("Where the network is sure of a pixel the logarithm of the sigmoid is lost: use the logits.")
        if not within(numbers(results[0])[0], wanted, LARGE):
            raise Wrong("Where the network is sure of a pixel the values are wrong: stay with the logits.")

    names = {3: "the encoder's kernel", 6: "the encoder's output kernel", 8: "the decoder's kernel",
             13: "the priors' means"}  # fmt: skip
    return [
        compare("values", 8, [((x, y, epsilon, *model), right, slips)]),
        gradient_check(3, elbo, (x, y, epsilon, *model), rng.normal(0, 1, n), names),
        Check(
            "large logits",
            2,
            [Call((x, y, epsilon, *bold), ([wanted.shape],))],
            large,
            tables=(hint((x, y, epsilon, *bold), wanted, {}, LARGE, where="where the network is sure of a pixel"),),
        ),
    ]


# 4. best_prior


def best_prior(rng):
    n, d, classes = 37, 2, CLASSES
    y = np.concatenate([np.repeat(np.arange(classes), (12, 10, 8, 6)), [0]])
    y = rng.permutation(y).astype("int32")
    centre = rng.normal(0, 2, (classes, d))
    mean = (centre[y] + rng.normal(0, 0.8, (n, d))).astype("float32")
    log_var = rng.normal(-0.5, 0.7, (n, d)).astype("float32")
    m, v = exact((mean, log_var))

    def each(function):
        return np.stack([function(m[y == k], v[y == k]) for k in range(classes)])

    means = each(lambda m, v: m.mean(0))
    inside, between = each(lambda m, v: np.exp(v).mean(0)), each(lambda m, v: m.var(0))
    count = np.bincount(y)[:, None]
    everywhere = np.ones((classes, 1))
    mean_slips = {
        "These are the means over all images; each label has its own prior.": everywhere * m.mean(0),
        "The means are weighted by q's precisions; in the average KL every image counts alike.": each(
            lambda m, v: np.average(m, axis=0, weights=np.exp(-v))
        ),
        "The means are added up and not averaged.": means * count,
        "The sums are divided by the number of all images.": means * count / n,
        "The sums are divided by the number of labels.": means * count / classes,
        "These are medians.": each(lambda m, v: np.median(m, axis=0)),
        "The labels are shifted by one.": np.roll(means, 1, axis=0),
        "The labels are shifted by one, the other way.": np.roll(means, -1, axis=0),
        "Rows and columns are exchanged: there is one row for each label.": means.T,
    }
    var_slips = {
        "The variance of q is left out: a prior has to cover the posteriors, not their means alone.": np.log(between),
        "The spread of the means is left out: this is the average variance of q alone.": np.log(inside),
        "The log-variances are averaged; variances have to be averaged, and then comes the logarithm.": each(
            lambda m, v: v.mean(0)
        ),
        "The log-variances are averaged before the spread is added; variances have to be averaged.": np.log(
            np.exp(each(lambda m, v: v.mean(0))) + between
        ),
        "These are variances; the task asks for their logarithms.": inside + between,
        "These are logarithms of standard deviations: a factor 2 is missing.": 0.5 * np.log(inside + between),
        "These are standard deviations; the task asks for logarithms of variances.": np.sqrt(inside + between),
        "The standard deviations of q are averaged; it has to be the variances.": np.log(
            each(lambda m, v: np.exp(0.5 * v).mean(0)) ** 2 + between
        ),
        "The standard deviations of q are added to the spread of the means; add the variances.": np.log(
            each(lambda m, v: np.exp(0.5 * v).mean(0)) + between
        ),
        "The spread of the means is a standard deviation here; add the variances.": np.log(inside + np.sqrt(between)),
        "The two parts are multiplied; they add up.": np.log(inside * between),
        "The spread is measured from the mean of all images, not from the label's own.": np.log(
            inside + each(lambda own, v: ((own - m.mean(0)) ** 2).mean(0))
        ),
        "The spread is measured from 0, not from the label's own mean.": np.log(inside + between + means**2),
        "These are the variances over all images; each label has its own prior.": everywhere
        * np.log(np.exp(v).mean(0) + m.var(0)),
        "The log-variances have the wrong sign.": -np.log(inside + between),
        "log-variances: the labels are shifted by one.": np.roll(np.log(inside + between), 1, axis=0),
        "log-variances: the labels are shifted by one, the other way.": np.roll(np.log(inside + between), -1, axis=0),
    }
    arguments = (mean, log_var, y, classes)
    return [
        compare("means", 3, [(arguments, means, mean_slips)], part=0, parts=2, alone=True),
        *nearly(
            compare(
                "log-variances", 6, [(arguments, np.log(inside + between), var_slips)], part=1, parts=2, alone=True
            ),
            2,
            {"This divides by n - 1; the best prior divides by n.": np.log(inside + between * count / (count - 1))},
        ),
    ]


# 5. importance_bound


def log_weights(x, y, epsilon, model, prior=True, width=True, q=True, **how):
    """ln of p(x given z, y) p(z given y) / q(z given x, y), (k, batch); the ln 2π of the two densities cancel."""
    log_likelihood, z, mean, log_var, p, w = parts(x, y, epsilon, model, **how)
    p, w = (p, w) if prior else (0 * p, 0 * w)
    log_prior = -0.5 * ((z - p) ** 2 * np.exp(-w) + w).sum(-1)
    log_q = -0.5 * ((z - mean) ** 2 * np.exp(-log_var) + log_var * width).sum(-1)
    return log_likelihood + log_prior - log_q * q


def average(weights):
    return logsumexp(weights, axis=0) - np.log(len(weights))


def importance_bound(rng):
    k, n, d = 8, 6, 3
    x, y, model = images(rng, n), labels(rng, n), small_model(rng, d=d)
    epsilon = rng.normal(0, 1, (k, n, d)).astype("float32")
    weights = log_weights(x, y, epsilon, model)
    log_likelihood, _, mean, log_var, p, w = parts(x, y, epsilon, model)
    kl = kl_terms(mean, log_var, p, w).sum(-1)

    def changed(**how):
        return average(log_weights(x, y, epsilon, model, **how))

    constant = 0.5 * d * np.log(2 * np.pi)
    slips = {
        "The logarithms are averaged: that is the ELBO, whatever k is.": weights.mean(0),
        "This is the ELBO with the KL in closed form: the weights need the densities at each draw.": log_likelihood
        .mean(0) - kl,
        "The KL in closed form is subtracted; the weights need the densities at each draw.": average(log_likelihood)
        - kl,
        "The weights are added up and not averaged: ln k is missing.": average(weights) + np.log(k),
        "ln k is subtracted twice.": average(weights) - np.log(k),
        "The prior is N(0, I) here: every label has a prior of its own.": changed(prior=False),
        "q's density is missing: draws of q have to be weighted by 1/q.": changed(q=False),
        "Prior and q are missing: the draws come from q and have to be weighted by p(z given y)/q.": average(
            log_likelihood
        ),
        "The logarithm of σ is missing in q's density.": changed(width=False),
        "The logarithm of the prior's σ is missing in its density.": average(weights + 0.5 * w.sum(-1)),
        "The logarithms of both σ are missing in the densities.": average(
            weights + 0.5 * w.sum(-1) - 0.5 * log_var.sum(-1)
        ),
        "The ln 2π stands in one of the two densities only; they cancel.": average(weights) - constant,
        "The ln 2π stands in q's density only; they cancel.": average(weights) + constant,
        "Prior and q are exchanged.": average(2 * log_likelihood - weights),
        "The likelihood is missing.": average(weights - log_likelihood),
        "The noise is multiplied by the variance; it should be the standard deviation.": changed(draw=noise_times(1.0)),
        "The noise is multiplied by the variance, and q's density is that of the noise.": average(
            log_weights(x, y, epsilon, model, q=False, draw=noise_times(1.0))
            + 0.5 * (epsilon.astype("float64") ** 2 + log_var).sum(-1)
        ),
        "The noise is not multiplied by the standard deviation.": changed(draw=noise_times(0.0)),
        "The encoder does not see the label.": changed(encode=lambda x: unconditional(x, model[:5])),
        "The decoder does not see the label.": changed(decode=lambda z, _: unconditional(z, model[5:10])),
        "Only the largest weight is used.": weights.max(0),
        "The sign is wrong.": -average(weights),
        "The mean is taken over the images as well; the task asks for one number for each image.": average(
            weights
        ).mean(),
        "The logarithms of the weights are returned; their average weight is missing.": weights,
        "The average runs over the images; it should run over the draws.": logsumexp(weights, axis=1) - np.log(n),
    }  # fmt: skip
    pixels = 500
    large = small_model(rng, pixels, d=d)
    large[8] = np.clip(large[8], -0.8, 0.8)
    long = (images(rng, n, pixels), y, epsilon, *large)
    wanted = average(log_weights(*long[:3], large))

    def stable(results):
        if any(a is not None and not np.isfinite(a).all() for a in results[0]):
            raise Wrong("With many pixels the weights vanish in rounding: stay with logarithms, and take out the "
                        "largest before you apply exp.")  # fmt: skip
        if not within(numbers(results[0])[0], wanted, MANY):
            raise Wrong("With many pixels the bound is wrong: stay with logarithms of weights.")

    return [
        compare("values", 9, [((x, y, epsilon, *model), average(weights), slips)]),
        Check("many pixels", 3, [Call(long, ([wanted.shape],))], stable),
    ]


# 6. draw_and_transfer


def draw_and_transfer(rng):
    n, d = 6, 3
    x, from_y, model = images(rng, n), labels(rng, n), small_model(rng, d=d)
    to_y = ((from_y + rng.integers(1, CLASSES, n)) % CLASSES).astype("int32")
    epsilon = rng.normal(0, 1, (n, d)).astype("float32")
    wide = exact(model)
    e = epsilon.astype("float64")

    def pixels(z, y):
        return expit(forward(z, y, model[5:10]))

    def encode(y):
        return np.split(forward(x, y, model[:5]), 2, axis=1)

    def prior(y, power=0.5):
        return wide[10][y], np.exp(power * wide[11][y])

    def prior_draw(y, power=0.5):
        m, s = prior(y, power)
        return m + s * e

    drawn = pixels(prior_draw(to_y), to_y)
    (mean, log_var), (m_from, s_from), (m_to, s_to) = encode(from_y), prior(from_y), prior(to_y)
    again, _ = encode(to_y)
    style = (mean - m_from) / s_from
    z = m_to + s_to * style
    transferred = pixels(z, to_y)
    drawn_slips = {
        "drawn: the noise is multiplied by the variance; it should be the standard deviation.": pixels(
            prior_draw(to_y, 1.0), to_y
        ),
        "drawn: the codes come from N(0, I): every label has a prior of its own.": pixels(e, to_y),
        "drawn: the noise is not multiplied by the prior's standard deviation.": pixels(m_to + e, to_y),
        "drawn: the prior's mean is missing.": pixels(s_to * e, to_y),
        "drawn: the noise is not used.": pixels(m_to, to_y),
        "drawn: these are from_y's garments; to_y was asked for.": pixels(prior_draw(from_y), from_y),
        "drawn: the codes come from the prior of from_y.": pixels(prior_draw(from_y), to_y),
        "drawn: the decoder sees from_y.": pixels(prior_draw(to_y), from_y),
        "drawn: these are logits; the task asks for pixels.": forward(prior_draw(to_y), to_y, model[5:10]),
        "drawn: the labels are shifted by one.": pixels(prior_draw(to_y - 1), to_y - 1),
        "drawn: the labels are shifted by one, the other way.": pixels(
            prior_draw((to_y + 1) % CLASSES), (to_y + 1) % CLASSES
        ),
        "drawn: the decoder does not see the label.": expit(unconditional(prior_draw(to_y), model[5:10])),
        "drawn: the codes come from q; new garments need no image.": pixels(mean + np.exp(0.5 * log_var) * e, to_y),
        "drawn: the pixels are rounded to 0 and 1.": np.round(drawn),
        "drawn and transferred are exchanged.": transferred,
    }
    transfer_slips = {
        "transferred: the code itself is handed on; its place under the old prior is the style.": pixels(mean, to_y),
        "transferred: the image is encoded with the new label; it is a garment of the old one.": pixels(again, to_y),
        "transferred: the image is encoded with the new label, and then moved.": pixels(
            m_to + s_to * (again - m_from) / s_from, to_y
        ),
        "transferred: the decoder sees the old label.": pixels(z, from_y),
        "transferred: the old code under the old label: this is a reconstruction.": pixels(mean, from_y),
        "transferred: the code is moved to the new mean but not rescaled.": pixels(mean - m_from + m_to, to_y),
        "transferred: the code is rescaled but not moved.": pixels(mean / s_from * s_to, to_y),
        "transferred: the style is standardised by the variance; it should be the standard deviation.": pixels(
            m_to + np.exp(wide[11][to_y]) * (mean - m_from) / np.exp(wide[11][from_y]), to_y
        ),
        "transferred: the style is decoded as it is, without the new prior's mean and spread.": pixels(style, to_y),
        "transferred: old and new prior are exchanged.": pixels(m_from + s_from * (mean - m_to) / s_to, to_y),
        "transferred: the style is standardised by q's own standard deviation.": pixels(
            m_to + s_to * (mean - m_from) / np.exp(0.5 * log_var), to_y
        ),
        "transferred: noise is added; the task asks for the mean of q.": pixels(
            m_to + s_to * (mean + np.exp(0.5 * log_var) * e - m_from) / s_from, to_y
        ),
        "transferred: these are logits; the task asks for pixels.": forward(z, to_y, model[5:10]),
        "transferred: the encoder does not see the label.": pixels(
            m_to + s_to * (unconditional(x, model[:5])[:, :d] - m_from) / s_from,
            to_y,
        ),
        "transferred: the pixels are rounded to 0 and 1.": np.round(transferred),
    }
    arguments = (x, from_y, to_y, epsilon, *model)
    return [
        compare("drawn", 5, [(arguments, drawn, drawn_slips)], PIXELS, part=0, parts=2, alone=True),
        compare("transferred", 7, [(arguments, transferred, transfer_slips)], PIXELS, part=1, parts=2, alone=True),
    ]


# 7. label_readability


def votes(z, y, test_z, k, skip=0, metric=2, reverse=False):
    """The label that most of the k nearest have, for each test code, and whether it is clear: no tie, no near tie."""
    gaps = np.abs(np.asarray(test_z, "float64")[:, None] - np.asarray(z, "float64")[None])
    distance = (gaps**metric).sum(-1) * (-1 if reverse else 1)
    order = np.argsort(distance, axis=1, kind="stable")[:, skip : skip + k]
    counts = np.stack([(y[order] == label).sum(1) for label in range(CLASSES)], 1)
    ranked, near = np.sort(counts, 1), np.sort(distance, 1)
    return counts.argmax(1), (ranked[:, -1] > ranked[:, -2]) & (near[:, k] - near[:, k - 1] > 1e-4)


def label_readability(rng):
    cases = [readability_case(rng, number == 0) for number in range(3)]
    return [
        compare("share", 5, [case[:3] for case in cases], COUNTED, part=0, parts=2, alone=True),
        compare("baseline", 3, [(case[0], *case[3:]) for case in cases], COUNTED, part=1, parts=2, alone=True),
    ]


def readability_case(rng, named):
    """(arguments, share, {message: share}, baseline, {message: baseline}); named: no two slips give the same number."""
    n, m, d, k = 60, 40, 2, 5
    while True:
        centre = rng.normal(0, 1.0, (CLASSES, d))
        order = rng.permutation(CLASSES)  # from the most frequent on
        y = rng.permutation(np.repeat(order, (24, 14, 12, 10))).astype("int32")
        z = (centre[y] + rng.standard_normal((n, d))).astype("float32")
        test_y = order[rng.choice(CLASSES, 400, p=[0.2, 0.35, 0.25, 0.2])].astype("int32")
        test_z = (centre[test_y] + rng.standard_normal((400, d))).astype("float32")
        clear = np.flatnonzero(votes(z, y, test_z, k)[1])[:m]
        test_y, test_z = test_y[clear], test_z[clear]

        def right(guess, truth=test_y):
            return float(np.mean(guess == truth))

        share = right(votes(z, y, test_z, k)[0])
        nearest_centre = np.argmin(
            ((test_z[:, None] - np.stack([z[y == label].mean(0) for label in range(CLASSES)])) ** 2).sum(-1), 1
        )
        slips = {
            "The probe is tested on the codes that it was given: the test codes are not used.": right(
                votes(z, y, z, k)[0], y
            ),
            "The probe has seen the test codes: only the codes z are its examples.": right(
                votes(test_z, test_y, test_z, k)[0]
            ),
            "The probe has seen the test codes beside the others: only z are its examples.": right(
                votes(np.concatenate([z, test_z]), np.concatenate([y, test_y]), test_z, k)[0]
            ),
            "Examples and test codes are exchanged.": right(votes(test_z, test_y, z, k)[0], y),
            "Only the nearest code votes; k should.": right(votes(z, y, test_z, 1)[0]),
            "The nearest code is left out; no test code is among the examples.": right(votes(z, y, test_z, k, 1)[0]),
            "One vote too many: k + 1 neighbours.": right(votes(z, y, test_z, k + 1)[0]),
            "This is the share of wrong guesses.": 1 - share,
            "This is in per cent; a share lies between 0 and 1.": 100 * share,
            "This is the number of right guesses, not their share.": m * share,
            "The farthest codes vote; it should be the nearest.": right(votes(z, y, test_z, k, reverse=True)[0]),
            "The nearest mean of a label decides; it should be the nearest codes.": right(nearest_centre),
        }
        most, test_most = np.bincount(y).argmax(), np.bincount(test_y).argmax()
        base = np.mean(test_y == most)
        base_slips = {
            "baseline: this is the share of the test set's own most frequent label, which nobody knows beforehand.": (
                np.mean(test_y == test_most)
            ),
            "baseline: this is 1 over the number of labels, which needs equal shares.": 1 / CLASSES,
            "baseline: this is the label's share among the examples; it is tested on the test labels.": np.mean(
                y == most
            ),
            "baseline: this is the share of wrong guesses.": 1 - base,
            "baseline: this is in per cent; a share lies between 0 and 1.": 100 * base,
            "baseline: this is the label, not how often it is right.": float(most),
        }
        values, bases = np.array([share, *slips.values()]), np.array([base, *base_slips.values()])
        apart = (np.abs(values[1:] - share) > 1e-3).all() and (np.abs(bases[1:] - base) > 1e-3).all()
        unlike = all(len(set(np.round(some, 6))) == len(some) for some in (values, bases))
        if len(clear) == m and apart and (unlike or not named) and base > 0.05:
            break
    return (z, y, test_z, test_y, k), share, slips, base, base_slips


# 8. gain_from_label


def told_apart(lists):
    """Whether in each list no two of the numbers are nearly the same."""
    return all(np.diff(np.sort(values)).min() > 0.01 for values in lists)


def gain_from_label(rng):
    cases = [gain_case(rng) for _ in range(3)]

    def part(i, name, points, tolerance):
        def judge(results):
            for result, (arguments, wanted, slips) in zip(results, cases, strict=True):
                found, right = result, [wanted[i]]
                if found[i] is not None and not np.isfinite(found[i]).all():
                    raise Wrong(
                        f"{name}: the result is NaN or infinite: stay with logarithms, and take out the largest."
                    )
                (value,) = numbers([found[i]])
                if name == "error" and value.shape == ():  # whether n or n - 1 divides is a matter of taste
                    right.append(wanted[i] * np.sqrt(1 - 1 / len(arguments[0])))
                    right.sort(key=lambda one: abs(value - one))
                expect(value, right[0], slips[i], tolerance, f"{name}: the value")

        looks = tuple([()] if j == i else None for j in range(4))
        arguments, wanted, slips = cases[0]
        told = tolerance._replace(rtol=0.03) if name == "error" else tolerance
        table = hint(arguments, wanted[i], slips[i], told, i, 4)
        return Check(name, points, [Call(arguments, looks) for arguments, *_ in cases], judge, True, (table,))

    return [
        part(0, "gain", 2, GAIN),
        part(1, "error", 3, ERROR),
        part(2, "worth", 3, GAIN),
        part(3, "ceiling", 2, CEILING),
    ]


def gain_case(rng):
    """(arguments, the four right numbers, for each of them {message: number})."""
    n, classes = 30, CLASSES
    y = rng.permutation(np.repeat(np.arange(classes), (4, 6, 8, 12))).astype("int32")
    shares = rng.dirichlet(np.full(classes, 4.0)).astype("float32").astype("float64")  # nobody knows them beforehand
    level = rng.normal(-900, 80, (n, 1))
    conditional = level + rng.normal(0, 1.5, (n, classes)) - 0.5
    conditional[np.arange(n), y] += rng.uniform(0, 3, n)
    plain = level[:, 0] + rng.normal(-3, 1.5, n)
    conditional, plain = conditional.astype("float32"), plain.astype("float32")
    c, p = exact((conditional, plain))
    own = c[np.arange(n), y]
    difference = own - p
    gain, error = difference.mean(), difference.std(ddof=1) / np.sqrt(n)
    mixture = logsumexp(c, axis=1, b=shares)
    worth, ceiling = np.mean(own - mixture), -np.sum(shares * np.log(shares))
    seen = np.bincount(y, minlength=classes) / n
    slips = [
        {
            "gain: the largest of all labels is taken; the label that the image has was told.": np.mean(c.max(1) - p),
            "gain: the average over all labels is taken; the image has one.": np.mean(c.mean(1) - p),
            "gain: the sign is wrong; a better conditional model has a positive gain.": -gain,
            "gain: this is the sum over the images.": difference.sum(),
            "gain: this is in bits; nats are asked for.": gain / np.log(2),
            "gain: this is the gain of the mixture; it does not know the label.": np.mean(mixture - p),
            "gain: this is ln p of the conditional model; the plain model's has to be subtracted.": own.mean(),
            "gain: the labels are shifted by one.": np.mean(c[np.arange(n), y - 1] - p),
            "gain: the median is taken; nats add up, so take the mean.": np.median(difference),
        },
        {
            "error: the models are judged on the same images: take the spread of the differences.": np.sqrt(
                (own.var(ddof=1) + p.var(ddof=1)) / n
            ),
            "error: this is the spread of single differences; that of their average is smaller.": difference.std(
                ddof=1
            ),
            "error: the spread is divided by n; it should be the root of n.": difference.std(ddof=1) / n,
            "error: this is the variance of the average, not its standard error.": difference.var(ddof=1) / n,
            "error: this is the variance of single differences.": difference.var(ddof=1),
            "error: this is the standard error of the conditional model alone.": own.std(ddof=1) / np.sqrt(n),
        },
        {
            "worth: the labels' shares are not used in the mixture.": np.mean(own - logsumexp(c, axis=1))
            + np.log(classes),
            "worth: the densities are added without their shares.": np.mean(own - logsumexp(c, axis=1)),
            "worth: the logarithms are averaged; the mixture adds densities.": np.mean(own - c @ shares),
            "worth: the mixture is replaced by its largest part.": np.mean(own - c.max(1)),
            "worth: the mixture is replaced by its largest part, with its share.": np.mean(
                own - (c + np.log(shares)).max(1)
            ),
            "worth: the sign is wrong.": -worth,
            "worth: this is the gain; the worth is measured against the mixture.": gain,
            "worth: this is the gain minus the worth.": gain - worth,
            "worth: this is in bits; nats are asked for.": worth / np.log(2),
            "worth: the average over all labels is taken; the image has one.": np.mean(c.mean(1) - mixture),
            "worth: the shares among these labels are used; take those given.": np.mean(
                own - logsumexp(c, axis=1, b=seen)
            ),
            "worth: one mixture for all images: the sum runs over the images.": np.mean(
                own - logsumexp(c, b=shares / n)
            ),
        },
        {
            "ceiling: this is the logarithm of the number of labels; the shares differ, and the entropy is lower.": (
                np.log(classes)
            ),
            "ceiling: this is in bits; nats are asked for.": ceiling / np.log(2),
            "ceiling: the sign is wrong; an entropy of labels is not negative.": -ceiling,
            "ceiling: the shares among these labels are used; take those given.": -np.sum(seen * np.log(seen)),
            "ceiling: the logarithms have to be weighted by the shares.": -np.mean(np.log(shares)),
            "ceiling: the sum over the labels is missing the shares.": -np.sum(np.log(shares)),
            "ceiling: this is the largest surprise, that of the rarest label.": -np.log(shares.min()),
        },
    ]
    wanted, arguments = (gain, error, worth, ceiling), (conditional, plain, y, shares.astype("float32"))

    if not told_apart([(wanted[i], *slips[i].values()) for i in range(4)]):
        return gain_case(rng)
    return arguments, wanted, slips


TASKS = [
    Task("network", "A network that sees a label", network),
    Task("kl_to_label_prior", "A prior for each label", kl_to_label_prior),
    Task("conditional_elbo", "The conditional ELBO", conditional_elbo),
    Task("best_prior", "The best prior for given posteriors", best_prior),
    Task("importance_bound", "A tighter bound", importance_bound),
    Task("draw_and_transfer", "Garments on demand, and in another's style", draw_and_transfer),
    Task("label_readability", "What the code knows of the label", label_readability),
    Task("gain_from_label", "What the label is worth", gain_from_label),
]
