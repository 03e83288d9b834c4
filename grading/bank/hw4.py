"""Homework 4's bank of right and wrong answers; see grading/bank/__init__.py."""

RIGHT = {
    "NumPy": {
        "network": """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    member = np.eye(len(scale), dtype="float32")[np.asarray(y)]
    hidden = ops.maximum((x @ kernel) * (member @ scale) + member @ shift, 0.0)
    return hidden @ out_kernel + out_bias
""",
        "kl_to_label_prior": """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    m, v = ops.take(prior_mean, y, axis=0), ops.take(prior_log_var, y, axis=0)
    return ops.sum(-0.5 + 0.5 * (v - log_var) + 0.5 * ops.exp(log_var - v)
                   + 0.5 * (mean - m)**2 / ops.exp(v), axis=1)
""",
        "conditional_elbo": """
def conditional_elbo(x, y, epsilon, *model):
    out = network(x, y, *model[0:5])
    d = out.shape[1] // 2
    mean, log_var = out[:, :d], out[:, d:]
    samples = len(epsilon)
    z = ops.reshape(mean + ops.exp(log_var / 2) * epsilon, (-1, d))
    logits = network(z, np.tile(np.asarray(y), samples), *model[5:10])
    many = np.tile(np.asarray(x), (samples, 1))
    log_p = ops.sum(many * ops.log_sigmoid(logits) + (1 - many) * ops.log_sigmoid(-logits), axis=1)
    return ops.mean(ops.reshape(log_p, (samples, -1)), axis=0) - kl_to_label_prior(mean, log_var, y, *model[10:])
""",
        "best_prior": """
def best_prior(mean, log_var, y, classes):
    means, variances = np.empty((2, classes, mean.shape[1]))
    for k in range(classes):
        means[k] = np.mean(mean[y == k], axis=0)
        variances[k] = np.var(mean[y == k], axis=0) + np.mean(np.exp(log_var[y == k]), axis=0)
    return means, np.log(variances)
""",
        "importance_bound": """
from scipy.special import logsumexp
from scipy.stats import norm

def importance_bound(x, y, epsilon, *model):
    model = [np.asarray(a, "float64") for a in model]
    mean, log_var = np.split(np.asarray(network(x, y, *model[:5]), "float64"), 2, axis=1)
    std = np.exp(log_var / 2)
    weights = []
    for e in epsilon:
        z = mean + std * e
        l = np.asarray(network(z, y, *model[5:10]), "float64")
        w = np.sum(x * l - np.logaddexp(0, l), axis=1)
        w += norm.logpdf(z, model[10][y], np.exp(model[11][y] / 2)).sum(1) - norm.logpdf(z, mean, std).sum(1)
        weights.append(w)
    return logsumexp(weights, axis=0) - np.log(len(epsilon))
""",
        "draw_and_transfer": """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    prior_mean, prior_std = model[10], np.exp(model[11] / 2)
    mean = np.asarray(network(x, from_y, *model[:5]))[:, : epsilon.shape[1]]
    style = (mean - prior_mean[from_y]) / prior_std[from_y]
    decode = lambda place: 1 / (1 + np.exp(-np.asarray(network(
        prior_mean[to_y] + prior_std[to_y] * place, to_y, *model[5:10]))))
    return decode(epsilon), decode(style)
""",
        "label_readability": """
def label_readability(z, y, test_z, test_y, k):
    right = 0
    for code, label in zip(test_z, test_y):
        nearest = np.argsort(((z - code) ** 2).sum(1))[:k]
        right += np.bincount(y[nearest]).argmax() == label
    return right / len(test_y), (test_y == np.bincount(y).argmax()).mean()
""",
        "gain_from_label": """
from scipy.special import logsumexp

def gain_from_label(conditional, plain, y, shares):
    own = np.take_along_axis(conditional, y[:, None], axis=1)[:, 0].astype("float64")
    d = own - plain
    mixture = logsumexp(conditional.astype("float64"), axis=1, b=shares)
    return d.mean(), d.std() / np.sqrt(len(d)), (own - mixture).mean(), -(shares * np.log(shares)).sum()
""",
    },
    "TensorFlow": {
        "network": """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    hidden = tf.nn.relu(tf.matmul(x, kernel) * tf.gather(scale, y) + tf.gather(shift, y))
    return tf.nn.bias_add(tf.matmul(hidden, out_kernel), out_bias)
""",
        "kl_to_label_prior": """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    difference = log_var - tf.gather(prior_log_var, y)
    distance = tf.math.squared_difference(mean, tf.gather(prior_mean, y))
    return 0.5 * tf.reduce_sum(tf.math.expm1(difference) - difference
                               + distance / tf.exp(tf.gather(prior_log_var, y)), axis=-1)
""",
        "conditional_elbo": """
def conditional_elbo(x, y, epsilon, *model):
    mean, log_var = tf.split(network(x, y, *model[:5]), 2, axis=1)
    z = mean + tf.exp(0.5 * log_var) * epsilon
    losses = []
    for i in range(epsilon.shape[0]):
        logits = network(z[i], y, *model[5:10])
        losses.append(tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1))
    return -tf.add_n(losses) / epsilon.shape[0] - kl_to_label_prior(mean, log_var, y, *model[10:])
""",
        "best_prior": """
def best_prior(mean, log_var, y, classes):
    means = tf.math.unsorted_segment_mean(mean, y, classes)
    second = tf.math.unsorted_segment_mean(tf.exp(log_var) + tf.square(mean - tf.gather(means, y)), y, classes)
    return means, tf.math.log(second)
""",
        "importance_bound": """
def importance_bound(x, y, epsilon, *model):
    mean, log_var = tf.split(network(x, y, *model[:5]), 2, axis=1)
    k, n, d = epsilon.shape
    z = mean + tf.exp(0.5 * log_var) * epsilon
    logits = network(tf.reshape(z, (k * n, d)), tf.tile(y, [k]), *model[5:10])
    logits = tf.reshape(logits, (k, n, -1))
    log_p = -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.broadcast_to(x, logits.shape), logits=logits), axis=2)
    m, v = tf.gather(model[10], y), tf.gather(model[11], y)
    log_p += -0.5 * tf.reduce_sum((z - m)**2 / tf.exp(v) + v - epsilon**2 - log_var, axis=2)
    return tf.reduce_logsumexp(log_p, axis=0) - tf.math.log(float(k))
""",
        "draw_and_transfer": """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    m, s = tf.constant(model[10]), tf.exp(0.5 * model[11])
    mean, _ = tf.split(network(x, from_y, *model[:5]), 2, axis=1)
    moved = tf.gather(m, to_y) + (mean - tf.gather(m, from_y)) * tf.gather(s, to_y) / tf.gather(s, from_y)
    fresh = tf.gather(m, to_y) + epsilon * tf.gather(s, to_y)
    return tf.sigmoid(network(fresh, to_y, *model[5:10])), tf.sigmoid(network(moved, to_y, *model[5:10]))
""",
        "label_readability": """
def label_readability(z, y, test_z, test_y, k):
    distance = tf.norm(test_z[:, None] - z[None], axis=2)
    _, nearest = tf.math.top_k(-distance, k)
    votes = tf.reduce_sum(tf.one_hot(tf.gather(y, nearest), int(y.max()) + 1), axis=1)
    guess = tf.argmax(votes, axis=1, output_type=tf.int32)
    common = tf.argmax(tf.math.bincount(y), output_type=tf.int32)
    return (tf.reduce_mean(tf.cast(guess == test_y, tf.float32)),
            tf.reduce_mean(tf.cast(common == test_y, tf.float32)))
""",
        "gain_from_label": """
def gain_from_label(conditional, plain, y, shares):
    conditional, plain, shares = (tf.cast(a, tf.float64) for a in (conditional, plain, shares))
    own = tf.gather(conditional, y, axis=1, batch_dims=1)
    n = tf.cast(tf.size(plain), tf.float64)
    error = tf.math.reduce_std(own - plain) / tf.sqrt(n - 1)
    mixture = tf.reduce_logsumexp(conditional + tf.math.log(shares), axis=1)
    return (tf.reduce_mean(own - plain), error, tf.reduce_mean(own - mixture),
            -tf.tensordot(shares, tf.math.log(shares), 1))
""",
    },
    "loops": {
        "network": """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    scale, shift, x = (tf.cast(a, "float32") for a in (scale, shift, x))
    rows = []
    for i in range(len(y)):
        label = int(y[i])
        hidden = tf.linalg.matvec(kernel, x[i], transpose_a=True) * scale[label] + shift[label]
        rows.append(tf.linalg.matvec(out_kernel, tf.maximum(hidden, 0.0), transpose_a=True) + out_bias)
    return tf.stack(rows)
""",
        "kl_to_label_prior": """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    answers = []
    for i in range(len(y)):
        total = 0.0
        for j in range(mean.shape[1]):
            m, v = prior_mean[int(y[i])][j], prior_log_var[int(y[i])][j]
            total = total + (v - log_var[i][j] - 1 + (tf.exp(log_var[i][j]) + (mean[i][j] - m)**2) / tf.exp(v)) / 2
        answers.append(total)
    return tf.stack(answers)
""",
        "conditional_elbo": """
def conditional_elbo(x, y, epsilon, *model):
    output = network(x, y, *model[:5])
    d = model[10].shape[1]
    mean, log_var = output[:, :d], output[:, d:]
    total = 0
    for e in epsilon:
        logits = network(mean + tf.sqrt(tf.exp(log_var)) * e, y, *model[5:10])
        for j in range(x.shape[1]):
            sign = 2 * x[:, j] - 1
            total = total - tf.math.softplus(-sign * logits[:, j])
    return total / len(epsilon) - kl_to_label_prior(mean, log_var, y, model[10], model[11])
""",
        "best_prior": """
import math

def best_prior(mean, log_var, y, classes):
    n, d = mean.shape
    means, logs = np.zeros((classes, d)), np.zeros((classes, d))
    for k in range(classes):
        own = [i for i in range(n) if y[i] == k]
        for j in range(d):
            means[k, j] = sum(mean[i, j] for i in own) / len(own)
            logs[k, j] = math.log(sum(math.exp(log_var[i, j]) + (mean[i, j] - means[k, j])**2 for i in own) / len(own))
    return means, logs
""",
        "importance_bound": """
import math

def importance_bound(x, y, epsilon, *model):
    out = np.asarray(network(x, y, *model[:5]), "float64")
    k, n, d = epsilon.shape
    terms = np.zeros((k, n))
    for j in range(k):
        z = np.zeros((n, d))
        for i in range(n):
            for a in range(d):
                mean, log_var = out[i, a], out[i, d + a]
                m, v = float(model[10][y[i], a]), float(model[11][y[i], a])
                z[i, a] = mean + math.exp(log_var / 2) * epsilon[j, i, a]
                terms[j, i] += -v / 2 - (z[i, a] - m)**2 / (2 * math.exp(v))
                terms[j, i] -= -log_var / 2 - (z[i, a] - mean)**2 / (2 * math.exp(log_var))
        l = np.asarray(network(z, y, *model[5:10]), "float64")
        terms[j] += np.where(x > 0.5, -np.log1p(np.exp(-l)), -np.log1p(np.exp(l))).sum(1)
    answer = terms[0]
    for j in range(1, k):
        answer = np.logaddexp(answer, terms[j])
    return answer - math.log(k)
""",
        "draw_and_transfer": """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    encoder, decoder, mu, sigma = model[:5], model[5:10], model[10], np.exp(0.5 * model[11])
    drawn, transferred = [], []
    for i in range(len(x)):
        a, b = int(from_y[i]), int(to_y[i])
        mean = np.asarray(network(x[i : i + 1], from_y[i : i + 1], *encoder))[0, : len(mu[0])]
        for place, pictures in ((epsilon[i], drawn), ((mean - mu[a]) / sigma[a], transferred)):
            z = (mu[b] + sigma[b].astype("float64") * place)[None]
            pictures.append(ops.convert_to_numpy(ops.sigmoid(network(z, to_y[i : i + 1], *decoder)))[0])
    return np.array(drawn), np.array(transferred)
""",
        "label_readability": """
def label_readability(z, y, test_z, test_y, k):
    right = easy = 0
    counts = {}
    for label in y:
        counts[int(label)] = counts.get(int(label), 0) + 1
    most = max(counts, key=counts.get)
    for point, truth in zip(test_z, test_y):
        near = sorted((float(np.linalg.norm(other - point)), int(label)) for other, label in zip(z, y))[:k]
        votes = {}
        for _, label in near:
            votes[label] = votes.get(label, 0) + 1
        right += max(votes, key=votes.get) == truth
        easy += most == truth
    return right / len(test_y), easy / len(test_y)
""",
        "gain_from_label": """
import math

def gain_from_label(conditional, plain, y, shares):
    n, gains, worths = len(y), [], []
    for i in range(n):
        row = [float(v) for v in conditional[i]]
        top = max(row)
        mixture = top + math.log(sum(float(s) * math.exp(v - top) for s, v in zip(shares, row)))
        gains.append(row[y[i]] - float(plain[i]))
        worths.append(row[y[i]] - mixture)
    gain = sum(gains) / n
    error = math.sqrt(sum((g - gain)**2 for g in gains) / (n - 1) / n)
    return gain, error, sum(worths) / n, sum(-float(s) * math.log(s) for s in shares)
""",
    },
    "einsum": {
        "network": """
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    who = tf.one_hot(y, tf.shape(scale)[0])
    hidden = tf.einsum("bi,ih,bl,lh->bh", x, kernel, who, scale) + tf.einsum("bl,lh->bh", who, shift)
    return tf.einsum("bh,hm->bm", tf.nn.relu(hidden), out_kernel) + out_bias
""",
        "kl_to_label_prior": """
def kl_to_label_prior(mean, log_var, y, prior_mean, prior_log_var):
    who = tf.one_hot(y, tf.shape(prior_mean)[0])
    m, v = tf.einsum("bl,ld->bd", who, prior_mean), tf.einsum("bl,ld->bd", who, prior_log_var)
    precision = tf.exp(-v)
    return 0.5 * (tf.einsum("bd,bd->b", tf.exp(log_var) + (mean - m)**2, precision)
                  + tf.einsum("bd->b", v - log_var - 1.0))
""",
        "conditional_elbo": """
def conditional_elbo(x, y, epsilon, *model):
    mean, log_var = tf.split(network(x, y, *model[:5]), 2, axis=1)
    z = mean + tf.einsum("bd,sbd->sbd", tf.exp(0.5 * log_var), epsilon)
    logits = tf.stack([network(one, y, *model[5:10]) for one in tf.unstack(z)])
    log_p = tf.einsum("bp,sbp->b", x, logits) - tf.einsum("sbp->b", tf.nn.softplus(logits))
    return log_p / len(epsilon) - kl_to_label_prior(mean, log_var, y, *model[10:])
""",
        "best_prior": """
def best_prior(mean, log_var, y, classes):
    who = np.eye(classes)[y] / np.bincount(y, minlength=classes)
    means = np.einsum("nk,nd->kd", who, mean)
    return means, np.log(np.einsum("nk,nd->kd", who, mean**2 + np.exp(log_var)) - means**2)
""",
        "importance_bound": """
def importance_bound(x, y, epsilon, *model):
    mean, log_var = np.split(np.asarray(network(x, y, *model[:5])), 2, axis=1)
    z = mean + np.einsum("bd,sbd->sbd", np.exp(0.5 * log_var), epsilon)
    u = np.einsum("sbd,bd->sbd", z - model[10][y], np.exp(-0.5 * model[11][y]))
    log_w = 0.5 * (np.einsum("sbd,sbd->sb", epsilon, epsilon) - np.einsum("sbd,sbd->sb", u, u))
    log_w += 0.5 * np.einsum("bd->b", log_var - model[11][y])
    logits = np.stack([np.asarray(network(one, y, *model[5:10])) for one in z])
    log_w += np.einsum("bp,sbp->sb", x, logits) - np.einsum("sbp->sb", np.logaddexp(0, logits))
    top = log_w.max(0)
    return top + np.log(np.exp(log_w - top).mean(0))
""",
        "draw_and_transfer": """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    old, new = np.eye(len(model[10]), dtype="float32")[np.stack([from_y, to_y])]
    s = np.exp(0.5 * model[11])
    mean = np.split(np.asarray(network(x, from_y, *model[:5])), 2, axis=1)[0]
    place = np.einsum("bd,bl,ld->bd", mean - old @ model[10], old, 1 / s)
    z = [new @ model[10] + np.einsum("bl,ld,bd->bd", new, s, p) for p in (epsilon, place)]
    return np.stack([ops.convert_to_numpy(ops.sigmoid(network(one, to_y, *model[5:10]))) for one in z])
""",
        "label_readability": """
def label_readability(z, y, test_z, test_y, k):
    distance = np.einsum("md->m", test_z**2)[:, None] - 2 * np.einsum("md,nd->mn", test_z, z) + np.einsum("nd->n", z**2)
    nearest = np.argpartition(distance, k, axis=1)[:, :k]
    who = np.eye(max(y.max(), test_y.max()) + 1)
    guess = np.einsum("mkl->ml", who[y[nearest]]).argmax(1)
    return np.array([np.mean(guess == test_y), np.mean(test_y == who[y].sum(0).argmax())])
""",
        "gain_from_label": """
def gain_from_label(conditional, plain, y, shares):
    c, p, s = (np.asarray(a, "float64") for a in (conditional, plain, shares))
    own = np.einsum("nl,nl->n", c, np.eye(len(s))[y])
    top = c.max(1)
    mixture = top + np.log(np.einsum("nl,l->n", np.exp(c - top[:, None]), s))
    gain = own - p
    return np.array([gain.mean(), np.sqrt(np.var(gain, ddof=1) / gain.size), (own - mixture).mean(),
                     -np.einsum("l,l->", s, np.log(s))])
""",
    },
    "other names and order, helpers": {
        "network": """
def pick(table, rows):
    return ops.take(table, rows, axis=0)

def network(inputs, which, W, s, t, V, b):
    features = ops.dot(inputs, W)
    modulated = ops.add(pick(t, which), ops.multiply(pick(s, which), features))
    return ops.add(b, ops.dot(keras.activations.relu(modulated), V))
""",
        "kl_to_label_prior": """
HALF = 0.5

def average_log_density(m_q, v_q, m_p, v_p):
    return -HALF * (v_p + (ops.exp(v_q) + (m_q - m_p)**2) * ops.exp(-v_p))

def kl_to_label_prior(m, v, labels, table_m, table_v):
    entropy = HALF * (v + 1)
    cross = average_log_density(m, v, ops.take(table_m, labels, axis=0), ops.take(table_v, labels, axis=0))
    return -ops.sum(entropy + cross, axis=-1)
""",
        "conditional_elbo": """
def encode(x, y, arrays):
    out = network(x, y, *arrays[:5])
    half = arrays[-1].shape[-1]
    return out[:, :half], out[:, half:]

def log_pixels(x, logits):
    return -ops.sum(ops.binary_crossentropy(ops.convert_to_tensor(x), logits, from_logits=True), axis=-1)

def conditional_elbo(images, which, noise, *arrays):
    m, v = encode(images, which, arrays)
    values = [log_pixels(images, network(m + ops.exp(v / 2) * e, which, *arrays[5:10])) for e in noise]
    return ops.mean(ops.stack(values), axis=0) - kl_to_label_prior(m, v, which, *arrays[-2:])
""",
        "best_prior": """
def moments(centres, widths):
    first = centres.mean(axis=0)
    return first, widths.mean(axis=0) + np.square(centres - first).mean(axis=0)

def best_prior(m, v, which, how_many):
    pairs = [moments(m[which == label], np.exp(v[which == label])) for label in range(how_many)]
    return [np.array([first for first, _ in pairs]), np.log([second for _, second in pairs])]
""",
        "importance_bound": """
from scipy.special import log_expit, logsumexp

LOG = np.log(2 * np.pi)

def log_normal(z, m, v):
    return -0.5 * ((z - m)**2 / np.exp(v) + v + LOG).sum(-1)

def importance_bound(images, which, noise, *arrays):
    out = np.asarray(network(images, which, *arrays[:5]), "float64")
    m, v = out[:, : out.shape[1] // 2], out[:, out.shape[1] // 2 :]
    z = m + np.exp(v / 2) * noise
    flat = z.reshape(-1, z.shape[-1])  # 64 bits
    logits = np.asarray(network(flat, np.tile(which, len(noise)), *arrays[5:10]), "float64")
    logits = logits.reshape(len(noise), *images.shape)
    evidence = log_expit(np.where(images == 1, logits, -logits)).sum(-1)
    return logsumexp(evidence + log_normal(z, arrays[10][which], arrays[11][which]) - log_normal(z, m, v),
                     axis=0, b=1 / len(noise))
""",
        "draw_and_transfer": """
def place_of(z, label, m, v):
    return (z - m[label]) * np.exp(-v[label] / 2)

def code_at(place, label, m, v):
    return place * np.exp(v[label] / 2) + m[label]

def draw_and_transfer(images, old, new, noise, *arrays):
    prior = arrays[10], arrays[11]
    mean = ops.convert_to_numpy(ops.split(network(images, old, *arrays[:5]), 2, axis=1)[0])
    answers = []
    for place in (noise, place_of(mean, old, *prior)):
        answers.append(keras.activations.sigmoid(network(code_at(place, new, *prior), new, *arrays[5:10])))
    return tuple(answers)
""",
        "label_readability": """
from scipy.spatial.distance import cdist
from scipy.stats import mode

def label_readability(known, their_labels, codes, truth, how_many):
    order = cdist(codes, known).argsort(axis=1)[:, :how_many]
    guess = mode(their_labels[order], axis=1).mode
    return float((guess == truth).mean()), float((truth == mode(their_labels).mode).mean())
""",
        "gain_from_label": """
from scipy.stats import entropy, sem

def gain_from_label(with_label, without, which, parts):
    with_label = with_label.astype("float64")
    own = np.array([row[label] for row, label in zip(with_label, which)])
    joint = with_label + np.log(parts)
    posterior = joint - np.logaddexp.reduce(joint, axis=1)[:, None]
    worth = np.array([row[label] for row, label in zip(posterior, which)]) - np.log(parts[which])
    return [np.mean(own - without), sem(own - without), np.mean(worth), entropy(parts)]
""",
    },
    "compiled and functional": {
        "network": """
@tf.function
def network(x, y, kernel, scale, shift, out_kernel, out_bias):
    def one(parts):
        row, label = parts
        hidden = tf.tensordot(row, kernel, 1) * scale[label] + shift[label]
        return tf.tensordot(tf.nn.relu(hidden), out_kernel, 1) + out_bias
    return tf.map_fn(one, (tf.convert_to_tensor(x), tf.convert_to_tensor(y)), fn_output_signature=tf.float32)
""",
        "kl_to_label_prior": """
kl_to_label_prior = tf.function(lambda mean, log_var, y, prior_mean, prior_log_var: tf.reduce_sum(
    tf.math.log(tf.exp(tf.gather(prior_log_var, y) / 2) / tf.exp(log_var / 2))
    + (tf.exp(log_var) + (mean - tf.gather(prior_mean, y))**2) / (2 * tf.exp(tf.gather(prior_log_var, y))) - 0.5, 1))
""",
        "conditional_elbo": """
from functools import reduce

def conditional_elbo(x, y, epsilon, *model):
    mean, log_var = ops.split(network(x, y, *model[:5]), 2, axis=1)
    def add(total, e):
        logits = network(ops.add(mean, ops.multiply(ops.exp(0.5 * log_var), e)), y, *model[5:10])
        return total + ops.sum(x * logits - ops.logaddexp(ops.zeros_like(logits), logits), axis=1)
    return reduce(add, list(epsilon), 0.0) / len(epsilon) - kl_to_label_prior(mean, log_var, y, *model[10:])
""",
        "best_prior": """
def best_prior(mean, log_var, y, classes):
    order = np.argsort(y, kind="stable")
    cuts = np.cumsum(np.bincount(y, minlength=classes))[:-1]
    groups = list(zip(np.split(mean[order], cuts), np.split(np.exp(log_var[order]), cuts)))
    means = np.stack(list(map(lambda g: np.average(g[0], axis=0), groups)))
    spread = np.stack(list(map(lambda g: np.average(g[0]**2 + g[1], axis=0) - np.average(g[0], axis=0)**2, groups)))
    return tf.constant(means), tf.math.log(tf.constant(spread))
""",
        "importance_bound": """
def importance_bound(x, y, epsilon, *model):
    mean, log_var = ops.split(network(x, y, *model[:5]), 2, axis=1)
    m, v = ops.take(model[10], y, axis=0), ops.take(model[11], y, axis=0)
    def log_weight(e):
        z = mean + ops.exp(0.5 * log_var) * e
        logits = network(z, y, *model[5:10])
        evidence = -ops.sum(keras.losses.binary_crossentropy(x[..., None], logits[..., None], from_logits=True), 1)
        return evidence + 0.5 * ops.sum(e**2 + log_var - (z - m)**2 * ops.exp(-v) - v, axis=1)
    return ops.logsumexp(ops.stack([log_weight(e) for e in epsilon]), axis=0) - np.log(len(epsilon))
""",
        "draw_and_transfer": """
def draw_and_transfer(x, from_y, to_y, epsilon, *model):
    m, s = model[10], ops.exp(ops.divide(model[11], 2))
    old_m, old_s, new_m, new_s = (ops.take(t, y, axis=0) for y in (from_y, to_y) for t in (m, s))
    mean = ops.split(network(x, from_y, *model[:5]), 2, axis=1)[0]
    both = ops.concatenate([new_m + new_s * epsilon, new_m + new_s * ((mean - old_m) / old_s)])
    images = ops.sigmoid(network(both, np.concatenate([to_y, to_y]), *model[5:10]))
    return ops.split(images, 2, axis=0)
""",
        "label_readability": """
from collections import Counter
from sklearn.dummy import DummyClassifier
from sklearn.neighbors import KNeighborsClassifier

def label_readability(z, y, test_z, test_y, k):
    probes = KNeighborsClassifier(k), DummyClassifier(strategy="most_frequent")
    assert Counter(y.tolist()).most_common(1)
    return tuple(probe.fit(z, y).score(test_z, test_y) for probe in probes)
""",
        "gain_from_label": """
def gain_from_label(conditional, plain, y, shares):
    conditional, shares = ops.cast(conditional, "float64"), ops.cast(shares, "float64")
    own = ops.take_along_axis(conditional, y[:, None], axis=1)[:, 0]
    gains = own - ops.cast(plain, "float64")
    worth = -ops.logsumexp(conditional - own[:, None] + ops.log(shares), axis=1)
    return ops.mean(gains), ops.std(gains) / (len(y) - 1)**0.5, ops.mean(worth), -ops.sum(shares * ops.log(shares))
""",
    },
}

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
    ("label_readability", "returns 1 values", changed(PROBE, "return share, baseline", "return share")),
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
