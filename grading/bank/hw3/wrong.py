"""Homework 3's wrong answers, each with words of what is told of its mistake; see grading/bank/__init__.py."""

GREY = """
def continuous_bernoulli_nll(x, logits):
    near = ops.abs(logits) < 0.01
    a = ops.where(near, 1.0, logits)
    factor = ops.where(near, np.log(2.0) + ops.square(logits) / 12, ops.log(a / ops.tanh(0.5 * a)))
    entropy = x * ops.softplus(-logits) + (1.0 - x) * ops.softplus(logits)
    return {}
"""
EACH = "ops.sum(entropy - factor, axis=tuple(range(1, len(x.shape))))"
FROZEN = """
    cut = ops.clip(logits, -30, 30)
    logits = cut + ops.stop_gradient(logits - cut)
"""
WIDTH = """
def best_laplace(x, location):
    d = np.abs(x - location).reshape(len(x), -1)
    b = d.mean()
    nll = (d / b + np.log(2 * b)).sum(1)
    {}
    return b, nll
"""
TABLE = """
def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    s2 = prior_std**2
    terms = 0.5 * (np.log(s2) - log_var - 1 + (np.exp(log_var) + mean**2) / s2)
    kl = terms.sum(1)
    {}
    parts = np.stack([loss, nll, kl], 1)
    return np.array([parts[y == k].mean(0) for k in range(classes)])
"""
LOSS = "loss = nll + beta * kl"
PRICE = "def cyclic_beta(step, cycle, rise, beta):\n    place = step % cycle / cycle\n    return {}"
STEP = """
def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    w = [tf.Variable(p) for p in (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)]
    with tf.GradientTape() as tape:
        mean, log_var = x @ w[0] + w[1], x @ w[2] + w[3]
        z = mean + tf.exp(0.5 * log_var) * epsilon
        a = z @ w[4] + w[5]
        nll = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=a), 1)
        kl = 0.5 * tf.reduce_sum(tf.exp(log_var) + mean**2 - 1 - log_var, 1)
        loss = tf.reduce_mean(nll + kl)
    g = tape.gradient(loss, w)
    norm = tf.linalg.global_norm(g)
    g = [part * tf.minimum(1.0, clip / norm) for part in g]
    return [p - rate * part for p, part in zip(w, g)]
"""
SHORT = "g = [part * tf.minimum(1.0, clip / norm) for part in g]"
CODES = """
def code_report(mean, log_var):
    s2, n = np.exp(log_var), len(mean)
    terms = 0.5 * (s2 + mean**2 - 1 - log_var)
    between, noise = mean.var(0), s2.mean(0)
    kl, share = terms.mean(0), between / (between + noise)
    return {}
"""
BOUND = """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    rng = np.random.default_rng(seed)
    n, d = mean.shape
    terms = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var)
    kl = terms.sum(1)
    e = rng.standard_normal((k, n, d))
    z = mean + np.exp(0.5 * log_var) * e
    logits = (z.reshape(-1, d) @ kernel + bias).astype("float32")
    score = -np.asarray(continuous_bernoulli_nll(np.tile(x, (k, 1)), logits)).reshape(k, n)
    return {}
"""
RIGHT_BOUND = "score.mean(0) - kl"

WRONG = [
    ("continuous_bernoulli_nll", "this is the cross-entropy", GREY.format(EACH.replace(" - factor", ""))),
    ("continuous_bernoulli_nll", "wrong sign", GREY.format(EACH.replace("- factor", "+ factor"))),
    ("continuous_bernoulli_nll", "2 for every pixel", GREY.format(EACH.replace("factor", "np.log(2.0)"))),
    ("continuous_bernoulli_nll", "lacks a 2", GREY.format(EACH.replace("factor", "factor + np.log(2.0)"))),
    ("continuous_bernoulli_nll", "half of the logit", GREY.replace("0.5 * a", "a").format(EACH)),
    ("continuous_bernoulli_nll", "asks for its negative", GREY.format("-" + EACH)),
    ("continuous_bernoulli_nll", "Ink and paper", GREY.replace("entropy = x", "entropy = (1.0 - x)").replace(
        "+ (1.0 - x)", "+ x").format(EACH)),
    ("continuous_bernoulli_nll", "mean over the pixels", GREY.format(EACH.replace("ops.sum", "ops.mean"))),
    ("continuous_bernoulli_nll", "not added up yet", GREY.format("entropy - factor")),
    ("continuous_bernoulli_nll", "one number for the whole batch", GREY.format("ops.sum(entropy - factor)")),
    ("continuous_bernoulli_nll", "mean over the batch", GREY.format(f"ops.mean({EACH})")),
    ("continuous_bernoulli_nll", "Only the last axis", GREY.format("ops.sum(entropy - factor, axis=-1)")),
    ("continuous_bernoulli_nll", "Your code raised", GREY.format("ops.sum(entropy - factor, axis=(1, 2, 3))")),
    ("continuous_bernoulli_nll", "NaN or infinite", """
def continuous_bernoulli_nll(x, logits):
    p = ops.sigmoid(logits)
    entropy = -x * ops.log(p) - (1 - x) * ops.log(1 - p)
    return ops.sum(entropy - ops.log(logits / (2 * p - 1)), axis=tuple(range(1, len(x.shape))))
"""),
    ("continuous_bernoulli_nll", "digits are lost", """
def continuous_bernoulli_nll(x, logits):
    a = ops.where(ops.equal(logits, 0.0), 1e-7, logits)
    entropy = x * ops.softplus(-logits) + (1.0 - x) * ops.softplus(logits)
    return ops.sum(entropy - ops.log(a / (2 * ops.sigmoid(a) - 1 + 1e-9)), axis=tuple(range(1, len(x.shape))))
"""),
    ("continuous_bernoulli_nll", "At ordinary logits the gradients", GREY.format(
        EACH.replace("factor", "tf.stop_gradient(factor)"))),
    ("continuous_bernoulli_nll", "At logits of ±100", GREY.replace("    near =", FROZEN + "    near =").format(EACH)),
    ("continuous_bernoulli_nll", "the same number everywhere", GREY.replace(  # the gradient at 0
        "    return", "    entropy = ops.where(abs(logits) < 1e-5, np.float32(np.log(2)), entropy)\n    return").format(
        EACH)),
    ("continuous_bernoulli_nll", "the gradient is NaN", GREY.replace(
        "a = ops.where(near, 1.0, logits)", "a = logits").format(EACH)),
    ("continuous_bernoulli_nll", "No gradient reaches the logits", """
def continuous_bernoulli_nll(x, logits):
    a = np.asarray(logits, "float64")
    b = np.where(abs(a) < 1e-3, 1, a)
    factor = np.where(abs(a) < 1e-3, np.log(2) + a**2 / 12, np.log(b / np.tanh(b / 2)))
    return (np.logaddexp(0, a) - x * a - factor).reshape(len(x), -1).sum(1)
"""),
    ("continuous_bernoulli_nll", "course's own solutions are taken away", """
from vaelab.losses import bernoulli_nll

def continuous_bernoulli_nll(x, logits):
    return bernoulli_nll(x, logits) - x.size / len(x) * np.log(2)
"""),
    ("best_laplace", "root of the mean square", WIDTH.format(
        "b = np.sqrt((d**2).mean())\n    nll = (d / b + np.log(2 * b)).sum(1)")),
    ("best_laplace", "standard deviation of a Laplace", WIDTH.format(
        "b = np.sqrt(2) * b\n    nll = (d / b + np.log(2 * b)).sum(1)")),
    ("best_laplace", "median", WIDTH.format("b = np.median(d)\n    nll = (d / b + np.log(2 * b)).sum(1)")),
    ("best_laplace", "one scale for each image", WIDTH.format("b = d.mean(1)")),
    ("best_laplace", "one scale for each pixel", WIDTH.format("b = abs(x - location).mean(0)")),
    ("best_laplace", "scale is that of a single one", WIDTH.format("b = d.sum(1).mean()")),
    ("best_laplace", "2 b for each pixel, is missing", WIDTH.format("nll = (d / b).sum(1)")),
    ("best_laplace", "the 2 is missing", WIDTH.format("nll = (d / b + np.log(b)).sum(1)")),
    ("best_laplace", "not to the image once", WIDTH.format("nll = (d / b).sum(1) + np.log(2 * b)")),
    ("best_laplace", "belong to a Gaussian", WIDTH.format(
        "nll = (d**2 / (2 * b**2) + 0.5 * np.log(2 * np.pi * b**2)).sum(1)")),
    ("best_laplace", "divided by 2 b", WIDTH.format("nll = (d / (2 * b) + np.log(2 * b)).sum(1)")),
    ("best_laplace", "mean over the pixels", WIDTH.format("nll = nll / d.shape[1]")),
    ("best_laplace", "one number for the whole batch", WIDTH.format("nll = nll.sum()")),
    ("best_laplace", "returns one result", WIDTH.format("return nll")),
    ("class_losses", "standard deviation 1 here", TABLE.replace("prior_std**2", "1.0").format(LOSS)),
    ("class_losses", "read as its variance", TABLE.replace("prior_std**2", "prior_std").format(LOSS)),
    ("class_losses", "variance is missing", TABLE.replace("np.log(s2) ", "").format(LOSS)),
    ("class_losses", "not divided by the prior's", TABLE.replace(
        "(np.exp(log_var) + mean**2) / s2", "np.exp(log_var) / s2 + mean**2").format(LOSS)),
    ("class_losses", "averaged over the dimensions", TABLE.format("kl = terms.mean(1)\n    " + LOSS)),
    ("class_losses", "factor ½", TABLE.format("kl = 2 * kl\n    " + LOSS)),
    ("class_losses", "that of the standard deviation", TABLE.replace("s2 = ", "log_var = 2 * log_var; s2 = ").format(
        LOSS)),
    ("class_losses", "the variance itself", TABLE.replace("np.exp(log_var)", "log_var").format(LOSS)),
    ("class_losses", "is subtracted", TABLE.format("loss = nll - beta * kl")),
    ("class_losses", "Beta is left out", TABLE.format("loss = nll + kl")),
    ("class_losses", "weighs the reconstruction", TABLE.format("loss = beta * nll + kl")),
    ("class_losses", "not what is charged", TABLE.format(LOSS + "; kl = beta * kl")),
    ("class_losses", "added up over its images", TABLE.replace("].mean(0)", "].sum(0)").format(LOSS)),
    ("class_losses", "number of all images", TABLE.replace("].mean(0)", "].sum(0) / len(y)").format(LOSS)),
    ("class_losses", "averages over all images", TABLE.replace("parts[y == k]", "parts").format(LOSS)),
    ("class_losses", "Rows and columns", TABLE.replace("range(classes)])", "range(classes)]).T").format(LOSS)),
    ("class_losses", "another order", TABLE.replace("[loss, nll, kl]", "[nll, kl, loss]").format(LOSS)),
    ("cyclic_beta", "no second", PRICE.format("beta * np.minimum(1, step / (rise * cycle))")),
    ("cyclic_beta", "rises to 1", PRICE.format("np.minimum(1, place / rise)")),
    ("cyclic_beta", "during the whole cycle", PRICE.format("beta * place")),
    ("cyclic_beta", "falls where it should rise", PRICE.format("beta - beta * np.minimum(1, place / rise)")),
    ("cyclic_beta", "goes on rising", PRICE.format("beta * place / rise")),
    ("cyclic_beta", "flat part comes first", PRICE.format("beta * np.maximum(0, (place - 1 + rise) / rise)")),
    ("cyclic_beta", "one step ahead", PRICE.format("beta * np.minimum(1, (step + 1) % cycle / cycle / rise)")),
    ("cyclic_beta", "takes `rise` steps", PRICE.format("beta * np.minimum(1, step % cycle / rise)")),
    ("cyclic_beta", "cut to a whole number", PRICE.format("beta * np.minimum(1, step % cycle / int(rise * cycle))")),
    ("cyclic_beta", "to a whole number", PRICE.format("beta * np.minimum(1, step % cycle / round(rise * cycle))")),
    ("cyclic_beta", "rounded up", PRICE.format("beta * np.minimum(1, step % cycle / np.ceil(rise * cycle))")),
    ("cyclic_beta", "0 after the rise", PRICE.format("beta * (place < rise) * place / rise")),
    ("train_step", "multiplied by the variance", STEP.replace("0.5 * log_var", "log_var")),
    ("train_step", "no noise in the code", STEP.replace(" + tf.exp(0.5 * log_var) * epsilon", "")),
    ("train_step", "averaged over the pixels", STEP.replace("nll = tf.reduce_sum", "nll = tf.reduce_mean")),
    ("train_step", "averaged over the dimensions", STEP.replace("0.5 * tf.reduce_sum", "0.5 * tf.reduce_mean")),
    ("train_step", "KL is missing", STEP.replace("nll + kl", "nll")),
    ("train_step", "KL has the wrong sign", STEP.replace("nll + kl", "nll - kl")),
    ("train_step", "factor ½", STEP.replace("kl = 0.5 * ", "kl = ")),
    ("train_step", "reconstruction doesn't reach the encoder", STEP.replace("a = z @", "a = tf.stop_gradient(z) @")),
    ("train_step", "squared error", STEP.replace(
        "tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=a)", "(x - tf.sigmoid(a))**2")),
    ("train_step", "sum over the batch", STEP.replace("loss = tf.reduce_mean", "loss = tf.reduce_sum").replace(
        SHORT, "")),
    ("train_step", "uphill", STEP.replace("p - rate", "p + rate")),
    ("train_step", "Nothing has changed", STEP.replace("p - rate * part", "p")),
    ("train_step", "Nothing has changed", STEP.replace("zip(w, g)]", "zip(w[:4], g)] + w[4:]")),
    ("train_step", "not multiplied by the rate", STEP.replace("rate * part", "part")),
    ("train_step", "These are the gradients", STEP.replace("[p - rate * part", "[part")),
    ("train_step", "are not shortened", STEP.replace(SHORT, "")),
    ("train_step", "although they are shorter", STEP.replace("tf.minimum(1.0, clip / norm)", "clip / norm")),
    ("train_step", "each array is shortened by itself", STEP.replace(
        SHORT, "g = [tf.clip_by_norm(part, clip) for part in g]")),
    ("train_step", "each number is cut by itself", STEP.replace(
        SHORT, "g = [tf.clip_by_value(part, -clip, clip) for part in g]")),
    ("train_step", "squared norm", STEP.replace(
        SHORT, "g = [part * clip / norm**2 if norm > clip else part for part in g]")),
    ("train_step", "to the norm 1", STEP.replace(SHORT, "g = [part / norm if norm > clip else part for part in g]")),
    ("train_step", "raised ValueError", STEP.replace("tape.gradient(loss, w)", "tape.gradient(loss, w[:4])").replace(
        "zip(w, g)", "zip(w, g, strict=True)")),
    ("code_report", "one number for each image", CODES.format("terms.sum(1), share")),
    ("code_report", "images are added up", CODES.format("terms.sum(0), share")),
    ("code_report", "KL: the dimensions are averaged", CODES.format("terms.mean(), share")),
    ("code_report", "dimensions are added up", CODES.format("terms.sum(1).mean(), share")),
    ("code_report", "KL of an average Gaussian", CODES.format(
        "0.5 * (np.exp(log_var.mean(0)) + mean.mean(0)**2 - 1 - log_var.mean(0)), share")),
    ("code_report", "factor ½", CODES.format("2 * kl, share")),
    ("code_report", "KL: the sign is wrong", CODES.format("-kl, share")),
    ("code_report", "variance is read as the standard deviation", CODES.format(
        "0.5 * (np.exp(0.5 * log_var) + mean**2 - 1 - log_var).mean(0), share")),
    ("code_report", "standard deviations are compared", CODES.format(
        "kl, np.sqrt(between) / (np.sqrt(between) + np.sqrt(noise))")),
    ("code_report", "logarithms of the variance are averaged", CODES.format(
        "kl, between / (between + np.exp(log_var.mean(0)))")),
    ("code_report", "noise's share", CODES.format("kl, 1 - share")),
    ("code_report", "noise alone", CODES.format("kl, between / noise")),
    ("code_report", "no share yet", CODES.format("kl, between")),
    ("code_report", "around their own mean", CODES.format("kl, (mean**2).mean(0) / ((mean**2).mean(0) + noise)")),
    ("code_report", "n - 1", CODES.replace("mean.var(0)", "mean.var(0, ddof=1)").format("kl, share")),
    ("code_report", "yes or no", CODES.format("kl, between > 0.01")),
    ("elbo_estimate", "KL is added", BOUND.format("score.mean(0) + kl")),
    ("elbo_estimate", "KL is missing", BOUND.format("score.mean(0)")),
    ("elbo_estimate", "averaged over the dimensions", BOUND.format("score.mean(0) - terms.mean(1)")),
    ("elbo_estimate", "factor ½", BOUND.format("score.mean(0) - 2 * kl")),
    ("elbo_estimate", "This is -ELBO", BOUND.format("kl - score.mean(0)")),
    ("elbo_estimate", "averaged and then comes the logarithm", BOUND.format(
        "np.logaddexp.reduce(score, axis=0) - np.log(k) - kl")),
    ("elbo_estimate", "is the cross-entropy", BOUND.replace(
        "np.asarray(continuous_bernoulli_nll(np.tile(x, (k, 1)), logits))",
        "(np.logaddexp(0, logits) - np.tile(x, (k, 1)) * logits).sum(1)").format(RIGHT_BOUND)),
    ("elbo_estimate", "multiplied by the variance", BOUND.replace("0.5 * log_var) * e", "log_var) * e").format(
        RIGHT_BOUND)),
    ("elbo_estimate", "not multiplied by the standard deviation", BOUND.replace(
        "np.exp(0.5 * log_var) * e", "e").format(RIGHT_BOUND)),
    ("elbo_estimate", "mean is decoded", BOUND.replace("np.exp(0.5 * log_var) * e", "0 * e").format(RIGHT_BOUND)),
    ("elbo_estimate", "draws are added up", BOUND.format("score.sum(0) - kl")),
    ("elbo_estimate", "one number for the whole batch", BOUND.format("(score.mean(0) - kl).mean()")),
    ("elbo_estimate", "share their noise", BOUND.replace("(k, n, d)", "(k, 1, d)").format(RIGHT_BOUND)),
    ("elbo_estimate", "", BOUND.replace("(k, n, d)", "(k, n, 1)").format(RIGHT_BOUND)),  # by its values or its scatter
    ("elbo_estimate", "further from the right values", BOUND.replace("(k, n, d)", "(1, n, d)").replace(
        "mean + np", "mean + np.ones((k, 1, 1)) * np").format(RIGHT_BOUND)),
    ("elbo_estimate", "seed isn't used", BOUND.replace("default_rng(seed)", "default_rng(0)").format(RIGHT_BOUND)),
    ("elbo_estimate", "another result the second time", BOUND.replace("default_rng(seed)", "default_rng()").format(
        RIGHT_BOUND)),
]  # fmt: skip
