"""Homework 2's wrong answers, each with words of what is told of its mistake; see grading/bank/__init__.py."""

KL = """
def kl_std(mean_q, std_q, mean_p, std_p):
    mean_q, std_q, mean_p, std_p = (np.asarray(a, "float64") for a in (mean_q, std_q, mean_p, std_p))
    return {}
"""
LAPLACE = """
def kl_laplace(m, b, M, B):
    d = np.abs(m - M)
    return {}
"""
MIXTURE = """
from scipy.special import logsumexp

def log_density(z, m, s):
    return (-0.5 * ((z - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)).sum(-1)

def kl_to_mixture(mean, std, weights, means, stds, n, seed):
    rng = np.random.default_rng(seed)
    z = mean + std * rng.standard_normal((n, len(mean)))
    log_q, parts = log_density(z, mean, std), log_density(z[:, None], means, stds)
    log_p = logsumexp(parts + np.log(weights), axis=1)
    {}
"""
DONE = "return (log_q - log_p).mean(), (log_q - log_p).std() / np.sqrt(n)"
FULL = """
def sample_full(mean, covariance, epsilon):
    L = tf.linalg.cholesky(covariance)
    return {}
"""
DRAWS = """
def sample_laplace(location, scale, n, seed):
    rng = np.random.default_rng(seed)
    shape = (n, *location.shape)
    {}
"""
THREE = """
def gradient_estimates(mean, std, target, epsilon):
    n = len(epsilon)
    z = mean + std * epsilon
    f = 0.5 * ((z - target) ** 2).sum(1, keepdims=True)
    b = (f.sum() - f) / (n - 1)
    return {}
"""
MATRIX = """
def class_divergences(x, y, classes, floor):
    means = np.array([x[y == k].mean(0) for k in range(classes)])
    stds = np.array([np.maximum(x[y == k].std(0), floor) for k in range(classes)])
    i, j = np.divmod(np.arange(classes**2), classes)
    {}
"""
TERMS = "np.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p)**2) / (2 * std_p**2) - 0.5"

WRONG = [
    # The lecture's and the public examples' slips: variance for σ, mean over the latents, no half, the other direction.
    ("kl_std", "read as variances", KL.format(
        "(0.5 * (np.log(std_p / std_q) + (std_q + (mean_q - mean_p)**2) / std_p - 1)).sum(-1)")),
    ("kl_std", "squared once too often", KL.format(
        "(0.5 * (np.log(std_p**4 / std_q**4) + (std_q**4 + (mean_q - mean_p)**2) / std_p**4 - 1)).sum(-1)")),
    ("kl_std", "logarithms of variances", KL.format(
        "(0.5 * (std_p - std_q + (np.exp(std_q) + (mean_q - mean_p)**2) / np.exp(std_p) - 1)).sum(-1)")),
    ("kl_std", "mean over the coordinates", KL.format(f"({TERMS}).mean(-1)")),
    ("kl_std", "factor ½", KL.format(f"(2 * ({TERMS})).sum(-1)")),
    ("kl_std", "other direction", KL.format(
        "(np.log(std_q / std_p) + (std_p**2 + (mean_q - mean_p)**2) / (2 * std_q**2) - 0.5).sum(-1)")),
    ("kl_std", "a constant of each coordinate is missing", KL.format(f"({TERMS} + 0.5).sum(-1)")),
    ("kl_std", "wrong sign", KL.format(f"({TERMS} - 2 * np.log(std_p / std_q)).sum(-1)")),
    ("kl_std", "not divided by p's variance", KL.format(
        "(np.log(std_p / std_q) + std_q**2 / (2 * std_p**2) + (mean_q - mean_p)**2 / 2 - 0.5).sum(-1)")),
    ("kl_std", "means are left out", KL.format("(np.log(std_p / std_q) + std_q**2 / (2 * std_p**2) - 0.5).sum(-1)")),
    ("kl_std", "one number for the whole batch", KL.format(f"({TERMS}).sum()")),
    ("kl_std", "mean over the batch", KL.format(f"({TERMS}).sum(-1).mean()")),
    ("kl_std", "not added up yet", KL.format(TERMS)),
    ("kl_std", "sum runs over the rows", KL.format(f"({TERMS}).sum(0)")),
    ("kl_std", "digits are lost", """
def kl_std(mean_q, std_q, mean_p, std_p):
    return (np.log(std_p / std_q) + (std_q**2 + (mean_q - mean_p)**2) / (2 * std_p**2) - np.float32(0.5)).sum(-1)
"""),
    ("kl_std", "course's own solutions are taken away", """
from vaelab.losses import kl_divergence

def kl_std(mean_q, std_q, mean_p, std_p):
    return kl_divergence(mean_q, 2 * ops.log(std_q), mean_p, 2 * ops.log(std_p))
"""),
    ("kl_std", "returns nothing", "def kl_std(a, b, c, d):\n    x = (a - c)**2"),
    ("kl_std", "raised NameError", "def kl_std(a, b, c, d):\n    return (a - q) / d"),
    ("kl_std", "SyntaxError", "def kl_std(a, b, c, d)\n    return a"),
    ("kl_laplace", "without its sign", LAPLACE.format(
        "(np.log(B / b) + (m - M) / B + b / B * np.exp(-(m - M) / b) - 1).sum(1)")),
    ("kl_laplace", "formula of two Gaussians with these scales", LAPLACE.format(
        "(np.log(B / b) + (b**2 + d**2) / (2 * B**2) - 0.5).sum(1)")),
    ("kl_laplace", "with the variances of these", LAPLACE.format(
        "(np.log(B / b) + (2 * b**2 + d**2) / (4 * B**2) - 0.5).sum(1)")),
    ("kl_laplace", "other direction", LAPLACE.format("(np.log(b / B) + d / b + B / b * np.exp(-d / B) - 1).sum(1)")),
    ("kl_laplace", "term with the exponential is missing", LAPLACE.format("(np.log(B / b) + d / B - 1).sum(1)")),
    ("kl_laplace", "whose tail", LAPLACE.format("(np.log(B / b) + d / B + b / B * np.exp(-d / B) - 1).sum(1)")),
    ("kl_laplace", "factor in front", LAPLACE.format("(np.log(B / b) + d / B + np.exp(-d / b) - 1).sum(1)")),
    ("kl_laplace", "constant of each coordinate is missing", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b)).sum(1)")),
    ("kl_laplace", "belongs to each coordinate", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b)).sum(1) - 1")),
    ("kl_laplace", "mean over the coordinates", LAPLACE.format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).mean(1)")),
    ("kl_laplace", "one p for all rows", """
def kl_laplace(m, b, M, B):
    rows = [np.log(B[i] / b[i]) + abs(m[i] - M[i]) / B[i] + b[i] / B[i] * np.exp(-abs(m[i] - M[i]) / b[i]) - 1
            for i in range(len(M))]
    return np.sum(rows, axis=1)
"""),
    ("kl_laplace", "With one p for all rows, of shape (1, d), the values", LAPLACE.replace(
        "    d = ", "    B = B if len(B) == len(b) else B[:, :1]\n    d = ").format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).sum(1)")),
    ("kl_laplace", "For distributions far apart", LAPLACE.replace(
        "np.abs(m - M)", "np.minimum(np.abs(m - M), 50)").format(
        "(np.log(B / b) + d / B + b / B * np.exp(-d / b) - 1).sum(1)")),
    ("kl_to_mixture", "draws must come from q", MIXTURE.format("""
    k = rng.choice(len(weights), n, p=weights)
    z = means[k] + stds[k] * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_p - log_density(z, mean, std)
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "draws come from p", MIXTURE.format("""
    k = rng.choice(len(weights), n, p=weights)
    z = means[k] + stds[k] * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_density(z, mean, std) - log_p
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "multiplied by the variance", MIXTURE.format("""
    z = mean + std**2 * rng.standard_normal((n, len(mean)))
    log_p = logsumexp(log_density(z[:, None], means, stds) + np.log(weights), axis=1)
    d = log_density(z, mean, std) - log_p
    return d.mean(), d.std() / np.sqrt(n)""")),
    ("kl_to_mixture", "logarithms of the parts are averaged", MIXTURE.format(f"log_p = parts @ weights\n    {DONE}")),
    ("kl_to_mixture", "sign is wrong", MIXTURE.format(f"log_p, log_q = log_q, log_p\n    {DONE}")),
    ("kl_to_mixture", "weights of the mixture are not used", MIXTURE.format(
        f"log_p = logsumexp(parts, axis=1) - np.log(len(weights))\n    {DONE}")),
    ("kl_to_mixture", "as if each were 1", MIXTURE.format(f"log_p = logsumexp(parts, axis=1)\n    {DONE}")),
    ("kl_to_mixture", "spread of single draws", MIXTURE.format(
        "return (log_q - log_p).mean(), (log_q - log_p).std()")),
    ("kl_to_mixture", "divided by n", MIXTURE.format("return (log_q - log_p).mean(), (log_q - log_p).std() / n")),
    ("kl_to_mixture", "variance of the average", MIXTURE.format(
        "return (log_q - log_p).mean(), (log_q - log_p).var() / n")),
    ("kl_to_mixture", "densities vanish", MIXTURE.format(
        f"log_p = np.log(np.exp(parts) @ weights)\n    {DONE}")),
    ("kl_to_mixture", "stay with logarithms of densities", MIXTURE.format(
        f"log_p = np.log(np.exp(parts) @ weights + 1e-300)\n    {DONE}")),
    ("kl_to_mixture", "coordinates of a draw share", MIXTURE.replace("(n, len(mean))", "(n, 1)").format(DONE)),
    ("kl_to_mixture", "draws were all the same", MIXTURE.replace(
        "rng.standard_normal((n, len(mean)))", "np.repeat(rng.standard_normal((1, len(mean))), n, 0)").format(DONE)),
    ("kl_to_mixture", "seed isn't used", MIXTURE.replace("default_rng(seed)", "default_rng(0)").format(DONE)),
    ("kl_to_mixture", "another result the second time", MIXTURE.replace(
        "default_rng(seed)", "default_rng()").format(DONE)),
    ("kl_to_mixture", "returns one result", MIXTURE.format("return (log_q - log_p).mean()")),
    ("sample_full", "multiplied by the covariance itself", FULL.format("mean + tf.linalg.matvec(covariance, epsilon)")),
    ("sample_full", "transposed", FULL.format("mean + tf.linalg.matvec(L, epsilon, transpose_a=True)")),
    ("sample_full", "Only the diagonal", FULL.format("mean + tf.sqrt(tf.linalg.diag_part(covariance)) * epsilon")),
    ("sample_full", "and as a variance", FULL.format("mean + tf.linalg.diag_part(covariance) * epsilon")),
    ("sample_full", "root is taken of each element", FULL.format(
        "mean + tf.linalg.matvec(tf.sign(covariance) * tf.sqrt(tf.abs(covariance)), epsilon)")),
    ("sample_full", "symmetric root", FULL.format("mean + tf.linalg.matvec(tf.linalg.sqrtm(covariance), epsilon)")),
    ("sample_full", "mean is missing", FULL.format("tf.linalg.matvec(L, epsilon)")),
    ("sample_full", "No gradient reaches the covariance", """
def sample_full(mean, covariance, epsilon):
    return mean + np.einsum("bij,bj->bi", np.linalg.cholesky(np.asarray(covariance)), epsilon)
"""),
    ("sample_full", "Where a gradient is asked for, the values", FULL.format(
        "mean + tf.linalg.matvec(L, epsilon, transpose_a=tf.is_tensor(mean))")),
    ("sample_full", "gradients by the covariance", FULL.format(
        "mean + tf.linalg.matvec(0.5 * (L + tf.stop_gradient(L)), epsilon)")),
    ("sample_full", "noise of the first row", FULL.format("mean + tf.linalg.matvec(L, epsilon[:1])")),
    ("sample_laplace", "scale is read as the standard deviation", DRAWS.format(
        "return location + scale / np.sqrt(2).astype('float32') * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "tails are those of a Gaussian", DRAWS.format(
        "return location + scale * rng.standard_normal(shape).astype('float32')")),
    ("sample_laplace", "square of the scale", DRAWS.format(
        "return location + scale**2 * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "one side", DRAWS.format(
        "return location + scale * rng.exponential(size=shape).astype('float32')")),
    ("sample_laplace", "uniform", DRAWS.format(
        "return location + scale * rng.uniform(-2, 2, shape).astype('float32')")),
    ("sample_laplace", "rows of the batch share", DRAWS.format(
        "return location + scale * rng.laplace(size=(n, 1, location.shape[1])).astype('float32')")),
    ("sample_laplace", "coordinates share", DRAWS.format(
        "return location + scale * rng.laplace(size=(n, location.shape[0], 1)).astype('float32')")),
    ("sample_laplace", "all the same", DRAWS.format(
        "return location + scale * np.repeat(rng.laplace(size=(1, *location.shape)), n, 0).astype('float32')")),
    ("sample_laplace", "seed isn't used", DRAWS.replace("default_rng(seed)", "default_rng(0)").format(
        "return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "other draws the second time", DRAWS.replace("default_rng(seed)", "default_rng()").format(
        "return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "No gradient reaches", DRAWS.format(
        "return tf.constant(rng.laplace(np.asarray(location), np.asarray(scale), shape), 'float32')")),
    ("sample_laplace", "No gradient reaches the scale", DRAWS.format(
        "return location + np.asarray(scale) * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "Where a gradient is asked for, the draws", DRAWS.format(
        "e = rng.laplace(size=shape).astype('float32')\n"
        "    return location + scale * (abs(e) if tf.is_tensor(scale) else e)")),
    ("sample_laplace", "gradients by the location", DRAWS.format(
        "location = 0.5 * (location + tf.stop_gradient(location))\n"
        "    return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("sample_laplace", "gradients by the scale", DRAWS.format(
        "scale = 0.5 * (scale + tf.stop_gradient(scale))\n"
        "    return location + scale * rng.laplace(size=shape).astype('float32')")),
    ("gradient_estimates", "pathwise: the target is missing", THREE.format(
        "z, f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "derivative by std", THREE.format(
        "(z - target) * epsilon, f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "the division is missing", THREE.format("z - target, f * epsilon, (f - b) * epsilon")),
    ("gradient_estimates", "not by the variance", THREE.format(
        "z - target, f * epsilon / std**2, (f - b) * epsilon / std**2")),
    ("gradient_estimates", "includes the draw itself", THREE.format(
        "z - target, f * epsilon / std, (f - f.mean()) * epsilon / std")),
    ("gradient_estimates", "divided by n", THREE.format(
        "z - target, f * epsilon / std, (f - (f.sum() - f) / n) * epsilon / std")),
    ("gradient_estimates", "baseline is added", THREE.format(
        "z - target, f * epsilon / std, (f + b) * epsilon / std")),
    ("gradient_estimates", "own part is not enough", THREE.format(
        "z - target, 0.5 * (z - target)**2 * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "not their average", THREE.format(
        "(z - target).mean(0), (f * epsilon / std).mean(0), ((f - b) * epsilon / std).mean(0)")),
    ("gradient_estimates", "has a ½", THREE.format("z - target, 2 * f * epsilon / std, (f - b) * epsilon / std")),
    ("gradient_estimates", "multiplied by the variance", THREE.replace("std * epsilon", "std**2 * epsilon", 1).format(
        "z - target, f * epsilon / std, (f - b) * epsilon / std")),
    ("class_divergences", "Rows and columns are exchanged", MATRIX.format(
        "return np.reshape(kl_std(means[j], stds[j], means[i], stds[i]), (classes, classes))")),
    ("class_divergences", "variance is handed over", MATRIX.replace("x[y == k].std(0)", "x[y == k].var(0)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "divides by n - 1", MATRIX.replace(".std(0)", ".std(0, ddof=1)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "floor is applied to the variance", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "np.sqrt(np.maximum(x[y == k].var(0), floor))").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "floor is added", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "x[y == k].std(0) + floor").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "averaged over the features", MATRIX.format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes)) / x.shape[1]")),
    ("class_divergences", "NaN or infinite", MATRIX.replace(
        "np.maximum(x[y == k].std(0), floor)", "x[y == k].std(0)").format(
        "return np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))")),
    ("class_divergences", "two directions are averaged", MATRIX.format(
        "t = np.reshape(kl_std(means[i], stds[i], means[j], stds[j]), (classes, classes))\n    return (t + t.T) / 2")),
]  # fmt: skip
