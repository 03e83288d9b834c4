"""Homework 3's bank of right and wrong answers; see grading/bank/__init__.py."""

RIGHT = {
    "NumPy where no gradient is needed": {
        "continuous_bernoulli_nll": """
def continuous_bernoulli_nll(x, logits):
    a = tf.cast(logits, "float64")
    tiny = tf.abs(a) < 1e-3
    b = tf.abs(tf.where(tiny, tf.ones_like(a), a))
    log_c = tf.math.log(b) + tf.math.log1p(tf.exp(-b)) - tf.math.log(-tf.math.expm1(-b))
    log_c = tf.where(tiny, np.log(2) + a**2 / 12, log_c)
    nll = tf.math.softplus(a) - tf.cast(x, "float64") * a - log_c
    return tf.reduce_sum(nll, axis=list(range(1, len(x.shape))))
""",
        "best_laplace": """
def best_laplace(x, location):
    d = abs(x - location)
    b = np.mean(d)
    return b, (d / b + np.log(b) + np.log(2)).reshape(len(x), -1).sum(1)
""",
        "class_losses": """
def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    p = prior_std**2
    kl = 0.5 * (np.log(p) - log_var - 1 + np.exp(log_var) / p + mean**2 / p).sum(1)
    out = np.zeros((classes, 3))
    for k in range(classes):
        r, d = nll[y == k].mean(), kl[y == k].mean()
        out[k] = r + beta * d, r, d
    return out
""",
        "cyclic_beta": """
def cyclic_beta(step, cycle, rise, beta):
    place = np.mod(step, cycle) / cycle
    return np.where(place < rise, beta * place / rise, beta)
""",
        "train_step": """
def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    n = len(x)
    mean, log_var = x @ w_mean + b_mean, x @ w_log_var + b_log_var
    std = np.exp(0.5 * log_var)
    z = mean + std * epsilon
    pi = 1 / (1 + np.exp(-(z @ w_out + b_out)))
    by_logits = (pi - x) / n
    by_z = by_logits @ w_out.T
    by_mean = by_z + mean / n
    by_log_var = by_z * epsilon * 0.5 * std + 0.5 * (std**2 - 1) / n
    g = [x.T @ by_mean, by_mean.sum(0), x.T @ by_log_var, by_log_var.sum(0), z.T @ by_logits, by_logits.sum(0)]
    norm = np.sqrt(sum((part**2).sum() for part in g))
    factor = min(1, clip / norm)
    old = (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)
    return [w - rate * factor * part for w, part in zip(old, g)]
""",
        "code_report": """
def code_report(mean, log_var):
    s2 = np.exp(log_var)
    a, b = mean.var(0), s2.mean(0)
    return (s2 + mean**2 - 1 - log_var).mean(0) / 2, a / (a + b)
""",
        "elbo_estimate": """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    n, d = mean.shape
    e = np.random.default_rng(seed).standard_normal((k, n, d))
    z = (mean + np.exp(log_var / 2) * e).reshape(k * n, d)
    nll = np.asarray(continuous_bernoulli_nll(np.tile(x, (k, 1)), z @ kernel + bias))  # logits of 64 bits
    return -nll.reshape(k, n).mean(0) - 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(1)
""",
    },
    "TensorFlow": {
        "continuous_bernoulli_nll": """
def continuous_bernoulli_nll(x, logits):
    logits = tf.convert_to_tensor(logits)
    middle = tf.abs(logits) < 0.05
    a = tf.where(middle, 1.0, logits)
    factor = tf.where(middle, 0.6931472 + logits**2 / 12, tf.math.log(a / tf.tanh(a / 2)))
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    return tf.reduce_sum(tf.reshape(entropy - factor, (tf.shape(x)[0], -1)), axis=1)
""",
        "best_laplace": """
def best_laplace(x, location):
    distance = tf.reshape(tf.abs(tf.subtract(x, location)), (x.shape[0], -1))
    scale = tf.reduce_mean(distance)
    return scale, tf.reduce_sum(distance, axis=1) / scale + distance.shape[1] * tf.math.log(2 * scale)
""",
        "class_losses": """
def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    log_ratio = 2 * tf.math.log(prior_std) - log_var
    kl = 0.5 * tf.reduce_sum(log_ratio + (tf.exp(log_var) + tf.square(mean)) / prior_std**2 - 1, axis=-1)
    parts = tf.stack([nll + beta * kl, nll, kl], axis=1)
    return tf.math.unsorted_segment_mean(parts, tf.cast(y, tf.int32), classes)
""",
        "cyclic_beta": """
def cyclic_beta(step, cycle, rise, beta):
    place = tf.cast(tf.math.floormod(step, cycle), tf.float32) / cycle
    return beta * tf.minimum(1.0, place / rise)
""",
        "train_step": """
def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    parts = [tf.Variable(p) for p in (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)]
    with tf.GradientTape() as tape:
        mean = tf.matmul(x, parts[0]) + parts[1]
        log_var = tf.matmul(x, parts[2]) + parts[3]
        z = mean + tf.exp(log_var / 2) * epsilon
        logits = tf.matmul(z, parts[4]) + parts[5]
        nll = tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1)
        kl = -0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), axis=1)
        loss = tf.reduce_mean(nll) + tf.reduce_mean(kl)
    g = tape.gradient(loss, parts)
    norm = tf.linalg.global_norm(g)
    if norm > clip:
        g = [part * clip / norm for part in g]
    for p, part in zip(parts, g):
        p.assign_sub(rate * part)
    return tuple(p.numpy() for p in parts)
""",
        "code_report": """
def code_report(mean, log_var):
    between, noise = tf.math.reduce_variance(mean, axis=0), tf.reduce_mean(tf.exp(log_var), axis=0)
    kl = tf.reduce_mean(-0.5 * (1 + log_var - tf.square(mean) - tf.exp(log_var)), axis=0)
    return kl, between / (between + noise)
""",
        "elbo_estimate": """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    kl = -0.5 * tf.reduce_sum(1 + log_var - mean**2 - tf.exp(log_var), axis=1)
    e = tf.random.stateless_normal((mean.shape[0], k, mean.shape[1]), seed=[seed, 11])
    z = mean[:, None] + tf.exp(0.5 * log_var)[:, None] * e
    logits = tf.reshape(z, (-1, mean.shape[1])) @ kernel + bias
    nll = continuous_bernoulli_nll(np.repeat(x, k, axis=0), logits)
    return -tf.reduce_mean(tf.reshape(nll, (-1, k)), axis=1) - kl
""",
    },
    "loops": {
        "continuous_bernoulli_nll": """
def continuous_bernoulli_nll(x, logits):
    rows = []
    for image, a in zip(x, tf.unstack(tf.convert_to_tensor(logits))):
        inside = tf.abs(a) < 0.02
        s = tf.where(inside, tf.ones_like(a), a)
        c = tf.where(inside, np.log(2.0).astype("float32") + a * a / 12, tf.math.log(tf.abs(s)))
        c = tf.where(inside, c, c - tf.math.log(tf.abs(tf.tanh(s / 2))))
        total = 0.0
        for p, l, f in zip(image, a, c):
            total += tf.reduce_sum(tf.math.softplus(l) - p * l - f)
        rows.append(total)
    return tf.stack(rows)
""",
        "best_laplace": """
import math

def best_laplace(x, location):
    total, count, per_image = 0.0, 0, []
    for image, centre in zip(x, location):
        own = sum(abs(float(a) - float(b)) for a, b in zip(image.ravel(), centre.ravel()))
        per_image.append(own)
        total, count = total + own, count + image.size
    b = total / count
    return b, np.array([own / b + image.size * math.log(2 * b) for own in per_image])
""",
        "class_losses": """
import math

def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    sums, counts = np.zeros((classes, 3)), np.zeros(classes)
    for i in range(len(nll)):
        kl = 0.0
        for m, v in zip(mean[i], log_var[i]):
            kl += math.log(prior_std) - v / 2 + (math.exp(v) + m * m) / (2 * prior_std**2) - 0.5
        sums[y[i]] += [nll[i] + beta * kl, nll[i], kl]
        counts[y[i]] += 1
    return sums / counts[:, None]
""",
        "cyclic_beta": """
def cyclic_beta(step, cycle, rise, beta):
    out = []
    for s in step:
        while s >= cycle:
            s = s - cycle
        out.append(beta if s > rise * cycle else beta * s / (rise * cycle))
    return out
""",
        "train_step": """
def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    w = [tf.constant(p) for p in (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)]
    total = [tf.zeros_like(p) for p in w]
    for image, e in zip(x, epsilon):
        with tf.GradientTape() as tape:
            for p in w:
                tape.watch(p)
            mean = tf.linalg.matvec(w[0], image, transpose_a=True) + w[1]
            log_var = tf.linalg.matvec(w[2], image, transpose_a=True) + w[3]
            z = mean + tf.sqrt(tf.exp(log_var)) * e
            a = tf.linalg.matvec(w[4], z, transpose_a=True) + w[5]
            loss = tf.reduce_sum(tf.math.softplus(a) - image * a)
            loss += 0.5 * tf.reduce_sum(tf.exp(log_var) + mean**2 - 1 - log_var)
        total = [t + g / len(x) for t, g in zip(total, tape.gradient(loss, w))]
    squares = 0.0
    for t in total:
        squares += float(tf.reduce_sum(t**2))
    factor = clip / squares**0.5 if squares**0.5 > clip else 1.0
    return [p - rate * factor * t for p, t in zip(w, total)]
""",
        "code_report": """
import math

def code_report(mean, log_var):
    n, d = mean.shape
    kl, share = [], []
    for j in range(d):
        centre = sum(float(m) for m in mean[:, j]) / n
        between = sum((float(m) - centre) ** 2 for m in mean[:, j]) / n
        noise = sum(math.exp(v) for v in log_var[:, j]) / n
        kl.append(sum(0.5 * (math.exp(v) + m * m - 1 - v) for m, v in zip(mean[:, j], log_var[:, j])) / n)
        share.append(between / (between + noise))
    return np.array(kl), np.array(share)
""",
        "elbo_estimate": """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    rng = np.random.default_rng(seed)
    out = np.zeros(len(x))
    for i in range(len(x)):
        z = mean[i] + np.exp(0.5 * log_var[i]) * rng.standard_normal((k, mean.shape[1]))
        logits = z @ kernel + bias
        out[i] = -np.mean(continuous_bernoulli_nll(np.repeat(x[i:i + 1], k, axis=0), logits))
        out[i] -= 0.5 * sum(np.exp(log_var[i]) + mean[i]**2 - 1 - log_var[i])
    return out
""",
    },
    "einsum": {
        "continuous_bernoulli_nll": """
def continuous_bernoulli_nll(x, logits):
    a = ops.reshape(ops.convert_to_tensor(logits), (x.shape[0], -1))
    p = ops.reshape(ops.convert_to_tensor(x), (x.shape[0], -1))
    near = ops.cast(ops.abs(a) < 0.02, "float32")
    b = a * (1 - near) + near
    factor = near * (np.float32(np.log(2)) + a**2 / 12) + (1 - near) * ops.log(b / ops.tanh(b / 2))
    return ops.einsum("bi->b", ops.softplus(a) - factor) - ops.einsum("bi,bi->b", p, a)
""",
        "best_laplace": """
def best_laplace(x, location):
    d = np.abs(x.astype("float64") - location).reshape(len(x), -1)
    scale = np.einsum("bi->", d) / d.size
    return scale, np.einsum("bi->b", d) / scale + d.shape[1] * np.log(2 * scale)
""",
        "class_losses": """
def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    member = np.eye(classes)[y] / np.bincount(y, minlength=classes)
    squares = np.einsum("ni,ni->n", mean, mean) + np.einsum("ni->n", np.exp(log_var))
    kl = 0.5 * (squares / prior_std**2 - np.einsum("ni->n", 1 + log_var)) + mean.shape[1] * np.log(prior_std)
    return np.einsum("nk,nc->kc", member, np.stack([nll + beta * kl, nll, kl], -1))
""",
        "cyclic_beta": """
def cyclic_beta(step, cycle, rise, beta):
    return np.clip((step - cycle * (step // cycle)) / cycle / rise, 0, 1) * beta
""",
        "train_step": """
def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    m = np.einsum("ni,ie->ne", x, w_mean) + b_mean
    v = np.einsum("ni,ie->ne", x, w_log_var) + b_log_var
    s = np.exp(v / 2)
    z = m + s * epsilon
    r = (0.5 + 0.5 * np.tanh((np.einsum("ne,ei->ni", z, w_out) + b_out) / 2) - x) / len(x)
    up = np.einsum("ni,ei->ne", r, w_out)
    gm, gv = up + m / len(x), 0.5 * (up * s * epsilon + (s * s - 1) / len(x))
    g = [np.einsum("ni,ne->ie", x, gm), gm.sum(0), np.einsum("ni,ne->ie", x, gv), gv.sum(0),
         np.einsum("ne,ni->ei", z, r), r.sum(0)]
    norm = np.linalg.norm(np.concatenate([part.ravel() for part in g]))
    old = [w_mean, b_mean, w_log_var, b_log_var, w_out, b_out]
    return tuple(a - rate / max(1.0, norm / clip) * b for a, b in zip(old, g))
""",
        "code_report": """
def code_report(mean, log_var):
    n = len(mean)
    second, first = np.einsum("ni,ni->i", mean, mean) / n, np.einsum("ni->i", mean) / n
    noise = np.einsum("ni->i", np.exp(log_var)) / n
    between = second - first**2
    return 0.5 * (second + noise - 1 - np.einsum("ni->i", log_var) / n), between / (between + noise)
""",
        "elbo_estimate": """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    e = np.random.default_rng([seed, 5]).standard_normal((len(x), k, mean.shape[1]))
    z = mean[:, None] + np.einsum("ni,nki->nki", np.exp(0.5 * log_var), e)
    logits = (np.einsum("nki,im->nkm", z, kernel) + bias).astype("float32")
    nll = np.stack([np.asarray(continuous_bernoulli_nll(x, logits[:, j])) for j in range(k)])
    kl = np.einsum("ni->n", np.exp(log_var) + mean**2 - 1 - log_var) / 2
    return -np.einsum("kn->n", nll) / k - kl
""",
    },
    "other names and order, helpers": {
        "continuous_bernoulli_nll": """
def log_mass(a):  # ln of the integral of exp(a x) over x from 0 to 1
    a = ops.convert_to_tensor(a)
    flat = ops.abs(a) < 0.02
    b = ops.abs(ops.where(flat, ops.ones_like(a), a))
    return ops.where(flat, a / 2 + a * a / 24, ops.relu(a) + ops.log(-ops.expm1(-b) / b))

def continuous_bernoulli_nll(grey, score):
    each = log_mass(score) - grey * score
    return ops.sum(ops.reshape(each, (grey.shape[0], -1)), axis=-1)
""",
        "best_laplace": """
from scipy.stats import laplace

def best_laplace(images, centres):
    width = np.abs(images.astype("float64") - centres).mean()
    per_pixel = laplace(loc=centres.astype("float64"), scale=width).logpdf(images)
    return np.array(width), -per_pixel.reshape(images.shape[0], -1).sum(axis=1)
""",
        "class_losses": """
def divergence(m, v, s):
    standardised_mean, standardised_var = m / s, v - 2 * np.log(s)
    return 0.5 * np.sum(np.exp(standardised_var) + standardised_mean**2 - 1 - standardised_var, axis=-1)

def class_losses(errors, centres, log_widths, s, price, labels, how_many):
    rate = divergence(centres, log_widths, s)
    def of(label):
        chosen = labels == label
        return [np.mean(errors[chosen]) + price * np.mean(rate[chosen]), np.mean(errors[chosen]), np.mean(rate[chosen])]
    return np.array([of(label) for label in range(how_many)])
""",
        "cyclic_beta": """
def one_cycle(place, rise):
    return np.interp(place, [0.0, rise, 1.0], [0.0, 1.0, 1.0])

def cyclic_beta(t, length, part, top):
    return top * one_cycle((t / length) % 1.0, part)
""",
        "train_step": """
def negative_elbo(x, e, w):
    mean, log_var = ops.matmul(x, w[0]) + w[1], ops.add(ops.matmul(x, w[2]), w[3])
    a = ops.matmul(mean + ops.exp(0.5 * log_var) * e, w[4]) + w[5]
    surprise = ops.sum(keras.losses.binary_crossentropy(x, a, from_logits=True)) * x.shape[1]
    kl = 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var)
    return (surprise + kl) / x.shape[0]

def train_step(images, noise, *rest):
    *w, speed, limit = rest
    w = [tf.Variable(v) for v in w]
    with tf.GradientTape() as tape:
        value = negative_elbo(images, noise, w)
    optimizer = keras.optimizers.SGD(learning_rate=speed, global_clipnorm=limit)
    optimizer.apply(tape.gradient(value, w), w)
    return [np.array(v) for v in w]
""",
        "code_report": """
def code_report(centres, log_widths):
    noise = np.mean(np.exp(log_widths.astype("float64")), axis=0)
    signal = np.mean((centres - centres.mean(axis=0, keepdims=True)) ** 2, axis=0)
    nats = 0.5 * (np.exp(log_widths) - 1) - 0.5 * log_widths + 0.5 * centres**2
    return [np.mean(nats, axis=0), 1 - noise / (signal + noise)]
""",
        "elbo_estimate": """
def price(m, v):
    return np.sum(0.5 * (np.exp(v) + m**2 - 1) - 0.5 * v, axis=1)

def elbo_estimate(images, centres, log_widths, table, shift, draws, seed):
    generator, scores = np.random.RandomState(seed), []
    for _ in range(draws):
        z = generator.normal(centres, np.exp(log_widths) ** 0.5)
        scores.append(-np.array(continuous_bernoulli_nll(images, np.dot(z, table) + shift)))
    return np.mean(scores, axis=0) - price(centres, log_widths)
""",
    },
    "compiled and functional": {
        "continuous_bernoulli_nll": """
@tf.custom_gradient
def log_factor(a):
    def slope(up):
        b = tf.where(tf.abs(a) < 0.02, tf.ones_like(a), a)
        return up * tf.where(tf.abs(a) < 0.02, a / 6, 1 / b - 1 / tf.sinh(tf.clip_by_value(b, -80.0, 80.0)))
    b = tf.where(tf.abs(a) < 0.02, tf.ones_like(a), a)
    return tf.where(tf.abs(a) < 0.02, tf.math.log(2.0) + a * a / 12, tf.math.log(b / tf.tanh(b / 2))), slope

@tf.function
def continuous_bernoulli_nll(x, logits):
    nll = x * tf.nn.softplus(-logits) + (1 - x) * tf.nn.softplus(logits) - log_factor(tf.convert_to_tensor(logits))
    return tf.reduce_sum(nll, axis=tf.range(1, tf.rank(nll)))
""",
        "best_laplace": """
best_laplace = lambda x, m: (
    ops.mean(ops.abs(x - m)),
    ops.sum(ops.abs(x - m) / ops.mean(ops.abs(x - m)) + ops.log(2 * ops.mean(ops.abs(x - m))),
            axis=tuple(range(1, x.ndim))),
)
""",
        "class_losses": """
@tf.function
def divergence(m, v, s):
    return tf.reduce_sum(tf.math.log(s) - v / 2 - 0.5 + (tf.exp(v) + m * m) / (2 * s * s), axis=1)

def class_losses(nll, mean, log_var, prior_std, beta, y, classes):
    kl = divergence(mean, log_var, tf.constant(prior_std, "float32")).numpy()
    count = np.bincount(y, minlength=classes)
    r, d = (np.bincount(y, weights=part, minlength=classes) / count for part in (nll, kl))
    return np.column_stack((r + beta * d, r, d))
""",
        "cyclic_beta": """
from functools import partial

def one(step, cycle, rise, beta):
    done, within = divmod(int(step), cycle)
    return beta * min(1.0, within / cycle / rise)

def cyclic_beta(step, cycle, rise, beta):
    return np.fromiter(map(partial(one, cycle=cycle, rise=rise, beta=beta), step), float)
""",
        "train_step": """
@tf.function
def slopes(x, e, w):
    with tf.GradientTape() as tape:
        tape.watch(w)
        mean, log_var = x @ w[0] + w[1], x @ w[2] + w[3]
        a = (mean + tf.exp(log_var * 0.5) * e) @ w[4] + w[5]
        each = tf.reduce_sum(x * tf.nn.softplus(-a) + (1 - x) * tf.nn.softplus(a), 1)
        each += 0.5 * tf.reduce_sum(tf.exp(log_var) + mean**2 - 1 - log_var, 1)
        loss = tf.reduce_mean(each)
    return tape.gradient(loss, w)

def train_step(x, epsilon, w_mean, b_mean, w_log_var, b_log_var, w_out, b_out, rate, clip):
    w = list(map(tf.constant, (w_mean, b_mean, w_log_var, b_log_var, w_out, b_out)))
    g = slopes(tf.constant(x), tf.constant(epsilon), w)
    length = tf.sqrt(tf.add_n([tf.reduce_sum(part**2) for part in g]))
    return tuple(map(lambda a, b: a - rate * b * tf.minimum(1.0, clip / length), w, g))
""",
        "code_report": """
def code_report(mean, log_var):
    mean, log_var = ops.convert_to_tensor(mean), ops.convert_to_tensor(log_var)
    kl = ops.mean(0.5 * (ops.exp(log_var) + ops.square(mean) - 1.0 - log_var), axis=0)
    whole = ops.var(mean, axis=0) + ops.mean(ops.exp(log_var), axis=0)
    return kl, ops.var(mean, axis=0) / whole
""",
        "elbo_estimate": """
def elbo_estimate(x, mean, log_var, kernel, bias, k, seed):
    generator = keras.random.SeedGenerator(seed)
    e = keras.random.normal((k, *mean.shape), seed=generator)
    z = ops.reshape(mean + ops.exp(0.5 * log_var) * e, (-1, mean.shape[1]))
    many = ops.reshape(ops.broadcast_to(x, (k, *x.shape)), (-1, x.shape[1]))
    nll = ops.reshape(continuous_bernoulli_nll(many, ops.matmul(z, kernel) + bias), (k, -1))
    return -ops.mean(nll, axis=0) - 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=1)
""",
    },
}

GREY = """
def continuous_bernoulli_nll(x, logits):
    near = ops.abs(logits) < 0.01
    a = ops.where(near, 1.0, logits)
    factor = ops.where(near, np.log(2.0) + ops.square(logits) / 12, ops.log(a / ops.tanh(0.5 * a)))
    entropy = x * ops.softplus(-logits) + (1.0 - x) * ops.softplus(logits)
    return {}
"""
EACH = "ops.sum(entropy - factor, axis=tuple(range(1, len(x.shape))))"
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
    ("best_laplace", "returns 1 values", WIDTH.format("return nll")),
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
