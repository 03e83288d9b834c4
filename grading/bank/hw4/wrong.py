"""Homework 4's wrong answers, each with words of what is told of its mistake; see grading/bank/__init__.py."""

NETWORK = """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    h, s, t = ops.matmul(x, kernel), ops.take(scale, y, axis=0), ops.take(shift, y, axis=0)
    return {}
"""
OUT = "ops.matmul(ops.relu({}), out_kernel) + out_bias"
KL = """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    m, v = ops.take(prior_mean, y, axis=0), ops.take(prior_log_var, y, axis=0)
    return {}
"""
TERMS = "0.5 * (v - log_var - 1 + (ops.exp(log_var) + (mean - m)**2) / ops.exp(v))"
ELBO = """
def bernoulli(x, logits):
    return ops.sum(x * logits - ops.softplus(logits), axis=-1)

def conditional_elbo(x, y, epsilon, *model):
    encoder, decoder = model[:5], model[5:10]
    mean, log_var = ops.split(network(x, y, *encoder), 2, axis=1)
    z = [mean + ops.exp(0.5 * log_var) * e for e in epsilon]
    log_p = sum(bernoulli(x, network(one, y, *decoder)) for one in z) / len(epsilon)
    kl = kl_to_label_prior(mean, log_var, y, *model[10:])
    return log_p - kl
"""
PRIOR = """
def best_prior(mean, log_var, y, classes):
    g = [y == k for k in range(classes)]
    m = np.stack([mean[k].mean(0) for k in g])
    within = np.stack([np.exp(log_var[k]).mean(0) for k in g])
    between = np.stack([mean[k].var(0) for k in g])
    return {}
"""
BOUND = """
from scipy.special import logsumexp

def importance_bound(x, y, epsilon, *model):
    mean, log_var = np.split(np.asarray(network(x, y, *model[:5])), 2, axis=1)
    m, v = model[10][y], model[11][y]
    z = mean + np.exp(0.5 * log_var) * epsilon
    logits = np.stack([np.asarray(network(one, y, *model[5:10])) for one in z])
    log_p = (x * logits - np.logaddexp(0, logits)).sum(2)
    log_prior = -0.5 * ((z - m)**2 / np.exp(v) + v).sum(2)
    log_q = -0.5 * ((z - mean)**2 / np.exp(log_var) + log_var).sum(2)
    log_w = log_p + log_prior - log_q
    return logsumexp(log_w, axis=0) - np.log(len(epsilon))
"""
DRAW = """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    mu, sigma = model[10], np.exp(0.5 * model[11])
    mean = np.asarray(network(x, from_y, *model[:5]))[:, : epsilon.shape[1]]
    fresh = mu[to_y] + sigma[to_y] * epsilon
    moved = mu[to_y] + sigma[to_y] * (mean - mu[from_y]) / sigma[from_y]
    decode = lambda z, y: np.asarray(ops.sigmoid(network(z, y, *model[5:10])))
    return decode(fresh, to_y), decode(moved, to_y)
"""
PROBE = """
from sklearn.neighbors import KNeighborsClassifier

def label_readability(z, y, test_z, test_y, k):
    probe = KNeighborsClassifier(k).fit(z, y)
    share = probe.score(test_z, test_y)
    baseline = np.mean(test_y == np.bincount(y).argmax())
    return share, baseline
"""
GAIN = """
from scipy.special import logsumexp

def gain_from_label(conditional, plain, y, shares):
    conditional = conditional.astype("float64")
    n = len(y)
    own = conditional[np.arange(n), y]
    gains = own - plain
    gain = gains.mean()
    error = gains.std(ddof=1) / np.sqrt(n)
    worth = np.mean(own - logsumexp(conditional, axis=1, b=shares))
    ceiling = -np.sum(shares * np.log(shares))
    return gain, error, worth, ceiling
"""


def changed(source, old, new):
    """A right answer with one place changed; the place must be there, once."""
    assert source.count(old) == 1, (old, source)
    return source.replace(old, new)


WRONG = [
    ("network", "gradients by the labels' scales", NETWORK.format(
        OUT.format("h * 0.5 * (s + tf.stop_gradient(s)) + t"))),
    ("kl_to_label_prior", "gradients by the priors' log-variances", KL.format(
        f"ops.sum({TERMS.replace('(v - log', '(tf.stop_gradient(v) - log')}, axis=-1)")),
    ("network", "label is not used", NETWORK.format(OUT.format("h"))),
    ("network", "does not scale", NETWORK.format(OUT.format("h + t"))),
    ("network", "does not shift", NETWORK.format(OUT.format("h * s"))),
    ("network", "shift is scaled as well", NETWORK.format(OUT.format("(h + t) * s"))),
    ("network", "label 0 takes the last row", NETWORK.replace("y, axis", "y - 1, axis").format(OUT.format("h*s + t"))),
    ("network", "scale and shift of label 0", NETWORK.format(OUT.format("h * scale[0] + shift[0]"))),
    ("network", "averaged; each image", NETWORK.format(
        OUT.format("h * ops.mean(scale, axis=0) + ops.mean(shift, axis=0)"))),
    ("network", "used as a number", NETWORK.format(OUT.format("h * y[:, None] + y[:, None]"))),
    ("network", "read as a logarithm", NETWORK.format(OUT.format("h * ops.exp(s) + t"))),
    ("network", "1 + scale", NETWORK.format(OUT.format("h * (1 + s) + t"))),
    ("network", "ReLU is missing", NETWORK.format("ops.matmul(h * s + t, out_kernel) + out_bias")),
    ("network", "comes before the label", NETWORK.format("ops.matmul(ops.relu(h) * s + t, out_kernel) + out_bias")),
    ("network", "output has a ReLU", NETWORK.format("ops.relu(" + OUT.format("h * s + t") + ")")),
    ("network", "output has a sigmoid", NETWORK.format("ops.sigmoid(" + OUT.format("h * s + t") + ")")),
    ("network", "bias of the output", NETWORK.format("ops.matmul(ops.relu(h * s + t), out_kernel)")),
    ("network", "No gradient reaches the inputs", """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    hidden = np.asarray(x) @ np.asarray(kernel) * np.asarray(scale)[y] + np.asarray(shift)[y]
    return ops.relu(hidden) @ out_kernel + out_bias
"""),
    ("network", "No gradient reaches the labels' scales", NETWORK.replace(
        "ops.take(scale, y, axis=0)", "np.asarray(scale)[y]").format(OUT.format("h * s + t"))),
    ("network", "Your code raised", NETWORK.replace("ops.take(scale, y, axis=0)", "scale[y]").format(
        OUT.format("h * s + t"))),
    ("network", "Your code raised", """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    who = ops.one_hot(y, 10)
    return ops.relu(x @ kernel * (who @ scale) + who @ shift) @ out_kernel + out_bias
"""),
    ("network", "course's own solutions are taken away", """
from vaelab.conditional import see_label

def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    return see_label(x, y, len(kernel))
"""),
    ("kl_to_label_prior", "divergence to N(0, I)", KL.format(
        "0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=1)")),
    ("kl_to_label_prior", "variances are taken as 1", KL.format(
        "0.5 * ops.sum(ops.exp(log_var) + (mean - m)**2 - 1 - log_var, axis=1)")),
    ("kl_to_label_prior", "other direction", KL.format(
        "0.5 * ops.sum(log_var - v - 1 + (ops.exp(v) + (mean - m)**2) / ops.exp(log_var), axis=1)")),
    ("kl_to_label_prior", "mean over the latents", KL.format(f"ops.mean({TERMS}, axis=1)")),
    ("kl_to_label_prior", "factor ½", KL.format(f"2 * ops.sum({TERMS}, axis=1)")),
    ("kl_to_label_prior", "constant of each coordinate", KL.format(f"ops.sum({TERMS} + 0.5, axis=1)")),
    ("kl_to_label_prior", "wrong sign", KL.format(f"ops.sum({TERMS} + log_var - v, axis=1)")),
    ("kl_to_label_prior", "logarithms of standard deviations", KL.format(
        "ops.sum(v - log_var - 0.5 + (ops.exp(2 * log_var) + (mean - m)**2) / (2 * ops.exp(2 * v)), axis=1)")),
    ("kl_to_label_prior", "not divided by the prior's variance", KL.format(
        "0.5 * ops.sum(v - log_var - 1 + ops.exp(log_var - v) + (mean - m)**2, axis=1)")),
    ("kl_to_label_prior", "label 0 takes the last row", KL.replace("y, axis", "y - 1, axis").format(
        f"ops.sum({TERMS}, axis=1)")),
    ("kl_to_label_prior", "prior of label 0", KL.replace("y, axis", "0 * y, axis").format(f"ops.sum({TERMS}, axis=1)")),
    ("kl_to_label_prior", "one number for the whole batch", KL.format(f"ops.sum({TERMS})")),
    ("kl_to_label_prior", "mean over the batch", KL.format(f"ops.mean(ops.sum({TERMS}, axis=1))")),
    ("kl_to_label_prior", "not added up yet", KL.format(TERMS)),
    ("kl_to_label_prior", "No gradient reaches q's log-variances", """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    m, v = np.asarray(prior_mean)[y], np.asarray(prior_log_var)[y]
    log_var = np.asarray(log_var)
    return 0.5 * ops.sum(v - log_var - 1 + (np.exp(log_var) + (mean - m)**2) / np.exp(v), axis=1)
"""),
    ("kl_to_label_prior", "No gradient reaches the priors' means", KL.replace(
        "ops.take(prior_mean, y, axis=0)", "np.asarray(prior_mean)[y]").format(f"ops.sum({TERMS}, axis=1)")),
    ("kl_to_label_prior", "course's own solutions are taken away", """
from vaelab.losses import kl_divergence

def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    return kl_divergence(mean, log_var, ops.take(prior_mean, y, axis=0), ops.take(prior_log_var, y, axis=0))
"""),
    ("conditional_elbo", "encoder does not see the label", changed(
        ELBO, "network(x, y, *encoder)",
        "ops.matmul(ops.relu(ops.matmul(x, encoder[0])), encoder[3]) + encoder[4]")),
    ("conditional_elbo", "Your code raised", changed(
        ELBO, "ops.split(network(x, y, *encoder), 2, axis=1)",
        "(part(network(x, y, *encoder)) for part in (lambda a: a[:, :2], lambda a: a[:, 2:]))")),
    ("conditional_elbo", "encoder sees label 0", changed(ELBO, "network(x, y, *encoder)", "network(x, 0*y, *encoder)")),
    ("conditional_elbo", "decoder does not see the label", changed(
        ELBO, "network(one, y, *decoder)", "ops.relu(one @ decoder[0]) @ decoder[3] + decoder[4]")),
    ("conditional_elbo", "decoder sees label 0", changed(ELBO, "(one, y, *decoder)", "(one, 0 * y, *decoder)")),
    ("conditional_elbo", "no longer stand beside their own codes", changed(
        ELBO, "sum(bernoulli(x, network(one, y, *decoder)) for one in z) / len(epsilon)",
        "ops.mean(bernoulli(x, ops.reshape(network(ops.concatenate(z), np.repeat(y, len(z)), *decoder),"
        " (len(z), *x.shape))), axis=0)")),
    ("conditional_elbo", "multiplied by the variance", changed(ELBO, "ops.exp(0.5 * log_var)", "ops.exp(log_var)")),
    ("conditional_elbo", "not multiplied by the standard", changed(ELBO, "ops.exp(0.5 * log_var) * e", "e")),
    ("conditional_elbo", "mean is decoded", changed(ELBO, "mean + ops.exp(0.5 * log_var) * e", "mean")),
    ("conditional_elbo", "drawn from the prior", changed(
        ELBO, "mean + ops.exp(0.5 * log_var) * e", "model[10][y] + np.exp(0.5 * model[11][y]) * e")),
    ("conditional_elbo", "that to N(0, I)", changed(
        ELBO, "kl_to_label_prior(mean, log_var, y, *model[10:])",
        "0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=1)")),
    ("conditional_elbo", "averaged over the latents", changed(ELBO, "log_p - kl", "log_p - kl / mean.shape[1]")),
    ("conditional_elbo", "divergence is missing", changed(ELBO, "log_p - kl", "log_p")),
    ("conditional_elbo", "divergence is added", changed(ELBO, "log_p - kl", "log_p + kl")),
    ("conditional_elbo", "minus the ELBO", changed(ELBO, "log_p - kl", "kl - log_p")),
    ("conditional_elbo", "averaged over the pixels", changed(ELBO, "log_p - kl", "log_p / x.shape[1] - kl")),
    ("conditional_elbo", "samples are added up", changed(ELBO, " / len(epsilon)", "")),
    ("conditional_elbo", "Only the first sample", changed(ELBO, "for e in epsilon]", "for e in epsilon[:1]]").replace(
        "len(epsilon)", "1")),
    ("conditional_elbo", "averaged before the logarithm", changed(
        ELBO, "sum(bernoulli(x, network(one, y, *decoder)) for one in z) / len(epsilon)",
        "ops.logsumexp(ops.stack([bernoulli(x, network(one, y, *decoder)) for one in z]), 0) - np.log(len(epsilon))")),
    ("conditional_elbo", "sigmoid is applied twice", changed(
        ELBO, "bernoulli(x, network(one, y, *decoder))", "bernoulli(x, ops.sigmoid(network(one, y, *decoder)))")),
    ("conditional_elbo", "squared error", changed(
        ELBO, "ops.sum(x * logits - ops.softplus(logits), axis=-1)",
        "-ops.sum((x - ops.sigmoid(logits))**2, axis=-1)")),
    ("conditional_elbo", "wrong order", changed(ELBO, "mean, log_var = ops", "log_var, mean = ops")),
    ("conditional_elbo", "mean over the batch", changed(ELBO, "return log_p - kl", "return ops.mean(log_p - kl)")),
    ("conditional_elbo", "logarithm of the sigmoid is lost", changed(
        ELBO, "return ops.sum(x * logits - ops.softplus(logits), axis=-1)",
        "p = ops.sigmoid(logits)\n    return ops.sum(x * ops.log(p) + (1 - x) * ops.log(1 - p), axis=-1)")),
    ("conditional_elbo", "stay with the logits", changed(
        ELBO, "return ops.sum(x * logits - ops.softplus(logits), axis=-1)",
        "p = ops.clip(ops.sigmoid(logits), 1e-7, 1 - 1e-7)\n"
        "    return ops.sum(x * ops.log(p) + (1 - x) * ops.log(1 - p), axis=-1)")),
    ("conditional_elbo", "No gradient reaches the encoder's kernel", changed(
        ELBO, "network(x, y, *encoder), 2", "ops.stop_gradient(network(x, y, *encoder)), 2")),
    ("conditional_elbo", "gradients by the encoder's kernel", changed(
        ELBO, "[mean + ops.exp(0.5 * log_var) * e for", "[ops.stop_gradient(mean + ops.exp(0.5 * log_var) * e) for")),
    ("best_prior", "means over all images", changed(PRIOR, "mean[k].mean(0) for", "mean.mean(0) for").format(
        "m, np.log(within + between)")),
    ("best_prior", "weighted by q's precisions", changed(
        PRIOR, "mean[k].mean(0) for", "np.average(mean[k], axis=0, weights=np.exp(-log_var[k])) for").format(
        "m, np.log(within + between)")),
    ("best_prior", "variance of q is left out", PRIOR.format("m, np.log(between)")),
    ("best_prior", "spread of the means is left out", PRIOR.format("m, np.log(within)")),
    ("best_prior", "log-variances are averaged; variances", PRIOR.format(
        "m, np.stack([log_var[k].mean(0) for k in g])")),
    ("best_prior", "averaged before the spread", PRIOR.format(
        "m, np.log(np.exp(np.stack([log_var[k].mean(0) for k in g])) + between)")),
    ("best_prior", "These are variances", PRIOR.format("m, within + between")),
    ("best_prior", "factor 2 is missing", PRIOR.format("m, 0.5 * np.log(within + between)")),
    ("best_prior", "divides by n - 1", changed(PRIOR, ".var(0)", ".var(0, ddof=1)").format(
        "m, np.log(within + between)")),
    ("best_prior", "measured from the mean of all images", PRIOR.format(
        "m, np.log(within + between + (m - mean.mean(0))**2)")),
    ("best_prior", "standard deviation here", changed(PRIOR, ".var(0)", ".std(0)").format(
        "m, np.log(within + between)")),
    ("best_prior", "variances over all images", PRIOR.format(
        "m, np.log(np.exp(log_var).mean(0) + mean.var(0)) + 0 * m")),
    ("best_prior", "labels are shifted by one", changed(PRIOR, "y == k", "y == k + 1").replace(
        "range(classes)", "np.arange(classes) - 1").replace("y ==", "(y + 1) % classes ==").format(
        "np.roll(m, 1, 0), np.log(within + between)")),
    ("importance_bound", "that is the ELBO", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))", "log_w.mean(0)")),
    ("importance_bound", "ELBO with the KL in closed form", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))",
        "log_p.mean(0) - np.asarray(kl_to_label_prior(mean, log_var, y, m, v)) if False else "
        "log_p.mean(0) - np.asarray(kl_to_label_prior(mean, log_var, y, *model[10:]))")),
    ("importance_bound", "KL in closed form is subtracted", changed(
        BOUND, "logsumexp(log_w, axis=0)",
        "logsumexp(log_p, axis=0) - np.asarray(kl_to_label_prior(mean, log_var, y, *model[10:]))")),
    ("importance_bound", "ln k is missing", changed(BOUND, " - np.log(len(epsilon))", "")),
    ("importance_bound", "prior is N(0, I)", changed(BOUND, "((z - m)**2 / np.exp(v) + v)", "(z**2)")),
    ("importance_bound", "q's density is missing", changed(BOUND, "log_prior - log_q", "log_prior")),
    ("importance_bound", "Prior and q are missing", changed(BOUND, "log_p + log_prior - log_q", "log_p")),
    ("importance_bound", "logarithm of σ is missing in q", changed(
        BOUND, "/ np.exp(log_var) + log_var)", "/ np.exp(log_var))")),
    ("importance_bound", "logarithm of the prior's σ", changed(BOUND, "/ np.exp(v) + v)", "/ np.exp(v))")),
    ("importance_bound", "Prior and q are exchanged", changed(BOUND, "log_prior - log_q", "log_q - log_prior")),
    ("importance_bound", "multiplied by the variance", changed(BOUND, "np.exp(0.5 * log_var)", "np.exp(log_var)")),
    ("importance_bound", "encoder does not see", changed(
        BOUND, "np.asarray(network(x, y, *model[:5]))", "np.maximum(x @ model[0], 0) @ model[3] + model[4]")),
    ("importance_bound", "decoder does not see", changed(
        BOUND, "np.asarray(network(one, y, *model[5:10]))", "np.maximum(one @ model[5], 0) @ model[8] + model[9]")),
    ("importance_bound", "Only the largest", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))", "log_w.max(0)")),
    ("importance_bound", "average runs over the images", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))", "logsumexp(log_w, axis=1) - np.log(len(x))")),
    ("importance_bound", "weights vanish in rounding", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))", "np.log(np.exp(log_w).mean(0))")),
    ("importance_bound", "stay with logarithms of weights", changed(
        BOUND, "logsumexp(log_w, axis=0) - np.log(len(epsilon))", "np.log(np.exp(log_w).mean(0) + 1e-30)")),
    ("draw_and_transfer", "drawn: the noise is multiplied by the variance", changed(
        DRAW, "sigma[to_y] * epsilon", "sigma[to_y]**2 * epsilon")),
    ("draw_and_transfer", "drawn: the codes come from N(0, I)", changed(
        DRAW, "mu[to_y] + sigma[to_y] * epsilon", "epsilon")),
    ("draw_and_transfer", "drawn: the prior's mean", changed(
        DRAW, "mu[to_y] + sigma[to_y] * epsilon", "sigma[to_y] * epsilon")),
    ("draw_and_transfer", "drawn: the codes come from the prior of from_y", changed(
        DRAW, "mu[to_y] + sigma[to_y] * epsilon", "mu[from_y] + sigma[from_y] * epsilon")),
    ("draw_and_transfer", "drawn: the decoder sees from_y", changed(
        DRAW, "decode(fresh, to_y)", "decode(fresh, from_y)")),
    ("draw_and_transfer", "drawn: these are from_y", changed(
        DRAW, "mu[to_y] + sigma[to_y] * epsilon", "mu[from_y] + sigma[from_y] * epsilon").replace(
        "decode(fresh, to_y)", "decode(fresh, from_y)")),
    ("draw_and_transfer", "transferred: these are logits", changed(
        DRAW, "np.asarray(ops.sigmoid(network(z, y, *model[5:10])))", "np.asarray(network(z, y, *model[5:10]))")),
    ("draw_and_transfer", "transferred: the code itself is handed on", changed(
        DRAW, "decode(moved, to_y)", "decode(mean, to_y)")),
    ("draw_and_transfer", "encoded with the new label; it", changed(
        DRAW, "network(x, from_y,", "network(x, to_y,").replace("decode(moved, to_y)", "decode(mean, to_y)")),
    ("draw_and_transfer", "encoded with the new label, and then", changed(
        DRAW, "network(x, from_y,", "network(x, to_y,")),
    ("draw_and_transfer", "decoder sees the old label", changed(DRAW, "decode(moved, to_y)", "decode(moved, from_y)")),
    ("draw_and_transfer", "this is a reconstruction", changed(DRAW, "decode(moved, to_y)", "decode(mean, from_y)")),
    ("draw_and_transfer", "moved to the new mean but not rescaled", changed(
        DRAW, "mu[to_y] + sigma[to_y] * (mean - mu[from_y]) / sigma[from_y]", "mu[to_y] + mean - mu[from_y]")),
    ("draw_and_transfer", "standardised by the variance", changed(
        DRAW, "sigma[to_y] * (mean - mu[from_y]) / sigma[from_y]",
        "sigma[to_y]**2 * (mean - mu[from_y]) / sigma[from_y]**2")),
    ("draw_and_transfer", "decoded as it is", changed(
        DRAW, "mu[to_y] + sigma[to_y] * (mean - mu[from_y])", "(mean - mu[from_y])")),
    ("draw_and_transfer", "old and new prior are exchanged", changed(
        DRAW, "mu[to_y] + sigma[to_y] * (mean - mu[from_y]) / sigma[from_y]",
        "mu[from_y] + sigma[from_y] * (mean - mu[to_y]) / sigma[to_y]")),
    ("label_readability", "tested on the codes that it was given", changed(
        PROBE, "probe.score(test_z, test_y)", "probe.score(z, y)")),
    ("label_readability", "only the codes z are its examples", changed(PROBE, "fit(z, y)", "fit(test_z, test_y)")),
    ("label_readability", "beside the others", changed(
        PROBE, "fit(z, y)", "fit(np.concatenate([z, test_z]), np.concatenate([y, test_y]))")),
    ("label_readability", "are exchanged", changed(
        PROBE, "share = probe.score(test_z, test_y)",
        "share = KNeighborsClassifier(k).fit(test_z, test_y).score(z, y)")),
    ("label_readability", "Only the nearest code votes", changed(PROBE, "Classifier(k)", "Classifier(1)")),
    ("label_readability", "share of wrong guesses", changed(
        PROBE, "probe.score(test_z, test_y)", "np.mean(probe.predict(test_z) != test_y)")),
    ("label_readability", "per cent", changed(
        PROBE, "probe.score(test_z, test_y)", "100 * probe.score(test_z, test_y)")),
    ("label_readability", "test set's own most frequent", changed(
        PROBE, "np.mean(test_y == np.bincount(y).argmax())", "np.bincount(test_y).max() / len(test_y)")),
    ("label_readability", "needs equal shares", changed(
        PROBE, "np.mean(test_y == np.bincount(y).argmax())", "1 / len(np.unique(y))")),
    ("label_readability", "label's share among the examples", changed(
        PROBE, "np.mean(test_y == np.bincount(y).argmax())", "np.bincount(y).max() / len(y)")),
    ("label_readability", "returns one result", changed(PROBE, "return share, baseline", "return share")),
    ("gain_from_label", "gain: the largest of all labels", changed(
        GAIN, "gains.mean()", "np.mean(conditional.max(1) - plain)")),
    ("gain_from_label", "gain: the average over all labels", changed(
        GAIN, "gains.mean()", "np.mean(conditional.mean(1) - plain)")),
    ("gain_from_label", "gain: the sign is wrong", changed(GAIN, "gains.mean()", "-gains.mean()")),
    ("gain_from_label", "gain: this is the sum", changed(GAIN, "gains.mean()", "gains.sum()")),
    ("gain_from_label", "take the spread of the differences", changed(
        GAIN, "gains.std(ddof=1)", "np.sqrt(own.var(ddof=1) + plain.astype('float64').var(ddof=1))")),
    ("gain_from_label", "spread of single differences", changed(GAIN, " / np.sqrt(n)", "")),
    ("gain_from_label", "divided by n; it should", changed(GAIN, "np.sqrt(n)", "n")),
    ("gain_from_label", "worth: the labels' shares are not used", changed(
        GAIN, "b=shares", "b=1 / len(shares)")),
    ("gain_from_label", "worth: the densities are added", changed(GAIN, "axis=1, b=shares", "axis=1")),
    ("gain_from_label", "worth: the logarithms are averaged", changed(
        GAIN, "logsumexp(conditional, axis=1, b=shares)", "conditional @ shares")),
    ("gain_from_label", "largest part", changed(
        GAIN, "logsumexp(conditional, axis=1, b=shares)", "conditional.max(1)")),
    ("gain_from_label", "worth: the result is NaN or infinite", changed(
        GAIN, "logsumexp(conditional, axis=1, b=shares)", "np.log(np.exp(conditional) @ shares)")),
    ("gain_from_label", "bits; nats", changed(GAIN, "shares * np.log(shares)", "shares * np.log2(shares)")),
    ("gain_from_label", "logarithm of the number of labels", changed(
        GAIN, "-np.sum(shares * np.log(shares))", "np.log(len(shares))")),
    ("gain_from_label", "weighted by the shares", changed(
        GAIN, "-np.sum(shares * np.log(shares))", "-np.mean(np.log(shares))")),
]  # fmt: skip
