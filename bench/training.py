"""An epoch of the same VAE, 784-400-20-400-784 in batches of 128, as different people would train it, by turns.

All have the same network, loss (summed Bernoulli cross-entropy plus summed KL), optimiser (Adam, rate 0.001) and
start (Glorot uniform, zero biases), each with its own random numbers. Data are in memory beforehand for all.

The course's way is three things: `FusedAdam`, `shuffled_batches` and 64 steps at a time. The rows "without" leave one
of them out; the rows "with" add what was tried and does not pay.

Where an epoch goes: parts of it are timed by themselves, in as many steps as an epoch has. They do not add up to the
epoch: each has operations to start, which the steps with nothing in them count too. The floor is the matrix products of
the model's step and one pass of TensorFlow's Adam over the weights: no way of training this network can do without.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf

import vaelab
from bench.rows import by_turns, ratio, row, timed
from vaelab.data import DATA, load_mnist
from vaelab.losses import bernoulli_nll
from vaelab.training import FusedAdam, shuffled_batches
from vaelab.vae import VAE, build_vae_decoder, build_vae_encoder

LATENT_DIM, WIDTH, BATCH = 20, 400, 128
FOLDER = Path(__file__).parent
TORCH_ENVIRONMENT = FOLDER / ".torch"
TORCH = "torch==2.13.0"

COURSE, DEFAULT, PYTORCH = "this course", "Keras by default", "a PyTorch loop"
PRODUCTS, FLOOR = "the matrix products alone", "the products and Adam's one pass alone"
TARGETS = {DEFAULT: 0.55, PYTORCH: 0.8, FLOOR: 1.25}


def measure(runs=5):
    vaelab.setup("en")
    mnist = load_mnist()
    contestants = {
        COURSE: CourseFit(mnist),
        f"{COURSE}, without FusedAdam": CourseFit(mnist, optimizer="adam"),
        f"{COURSE}, without gathered batches": KerasFit(mnist, optimizer=FusedAdam(), steps_per_execution=64),
        f"{COURSE}, without 64 steps at a time": CourseFit(mnist, steps_per_execution=1),
        f"{COURSE}, with XLA": CourseFit(mnist, jit_compile=True),
        f"{COURSE}, with an epoch in one graph": WholeEpoch(mnist),
        DEFAULT: KerasFit(mnist),
        "a custom TensorFlow loop": TensorFlowLoop(mnist),
    }
    try:
        contestants[PYTORCH] = TorchLoop()
        yield row("build of PyTorch", contestants[PYTORCH].build)
    except (OSError, subprocess.CalledProcessError) as error:
        yield row(PYTORCH, f"not run: {error}")

    steps = -(-len(mnist.x_train) // BATCH)
    parts = {
        PRODUCTS: timed(matrix_products(steps)),
        FLOOR: timed(floor(steps)),
        "Keras' Adam alone": timed(adam_updates(steps, keras.optimizers.Adam())),
        "FusedAdam alone": timed(adam_updates(steps, FusedAdam())),
        "the pixels' cross-entropy and its gradient alone": timed(cross_entropy(steps)),
        "steps with one image and one unit, alone": timed(steps_with_nothing_in_them(mnist, steps)),
    }
    epochs = {name: contestant.epoch for name, contestant in contestants.items()} | parts
    by_turns(epochs, 1)  # the first epoch holds the compilation and is not counted
    seconds = by_turns(epochs, 2)
    losses = {name: contestant.test_loss() for name, contestant in contestants.items()}  # after three epochs
    for name, more in by_turns(epochs, max(1, runs - 2)).items():
        seconds[name] += more
    for name, taken in seconds.items():
        yield row(f"{name}, an epoch", statistics.median(taken), "s")
    for name in (*contestants, PRODUCTS, FLOOR):
        if name != COURSE:
            yield row(f"this course's epoch / {name}", ratio(seconds[COURSE], seconds[name]), at_most=TARGETS.get(name))
    for name in parts:
        yield row(f"{name} / this course's epoch", ratio(seconds[name], seconds[COURSE]))
    for name in (DEFAULT, PYTORCH):
        if name in seconds:
            yield row(f"{FLOOR} / {name}", ratio(seconds[FLOOR], seconds[name]))
    for name, loss in losses.items():
        yield row(f"{name}, test loss after three epochs", loss, "nats")
    widest = max(losses.values()) / min(losses.values()) - 1
    yield row("largest difference of these losses", 100 * widest, "%", at_most=1)


def new_vae(latent_dim, width, optimizer="adam", **how):
    vae = VAE(build_vae_encoder(latent_dim, (width,)), build_vae_decoder(latent_dim, (width,)))
    vae.compile(optimizer=optimizer, **how)
    return vae


class KerasFit:
    """`compile` and `fit` on an array, with the settings given."""

    def __init__(self, mnist, **how):
        keras.utils.set_random_seed(0)
        self.x_train, self.x_test = mnist.x_train, mnist.x_test
        self.vae = new_vae(LATENT_DIM, WIDTH, **how)

    def fit(self):
        self.vae.fit(self.x_train, batch_size=BATCH, verbose=0)

    def epoch(self):
        start = time.perf_counter()
        self.fit()
        return time.perf_counter() - start

    def test_loss(self):
        return self.vae.evaluate(self.x_test, batch_size=1000, verbose=0)[0]


class CourseFit(KerasFit):
    """The course's way, but for the settings given."""

    def __init__(self, mnist, **how):
        super().__init__(mnist, **{"optimizer": FusedAdam(), "steps_per_execution": 64, **how})
        self.batches = shuffled_batches(mnist.x_train, batch_size=BATCH)

    def fit(self):
        self.vae.fit(self.batches, shuffle=False, verbose=0)


class WholeEpoch(KerasFit):
    """The course's training step, an epoch of it compiled into one graph, with the images on the device."""

    def __init__(self, mnist):
        super().__init__(mnist, optimizer=FusedAdam())
        self.images = tf.constant(mnist.x_train)
        self.vae.optimizer.build(self.vae.trainable_variables)

    @tf.function
    def steps(self):
        order = tf.random.shuffle(tf.range(len(self.images)))
        for start in tf.range(0, len(self.images), BATCH):
            self.vae.train_step(tf.gather(self.images, order[start : start + BATCH]))
        return self.vae.loss_mean.result()

    def fit(self):
        self.steps().numpy()


class TensorFlowLoop(KerasFit):
    """The loop of TensorFlow's tutorials: a tf.data pipeline, and a train step compiled into a graph."""

    def __init__(self, mnist):
        super().__init__(mnist)
        self.batches = tf.data.Dataset.from_tensor_slices(mnist.x_train).shuffle(len(mnist.x_train)).batch(BATCH)
        self.optimizer = keras.optimizers.Adam(1e-3)

    @tf.function
    def train_step(self, x):
        with tf.GradientTape() as tape:
            mean, log_var = self.vae.encoder(x)
            logits = self.vae.decoder(mean + tf.exp(0.5 * log_var) * tf.random.normal(tf.shape(mean)))
            entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
            kl = 0.5 * tf.reduce_sum(tf.exp(log_var) - 1 - log_var + mean**2, axis=1)
            loss = tf.reduce_mean(tf.reduce_sum(entropy, axis=[1, 2, 3]) + kl)
        gradients = tape.gradient(loss, self.vae.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.vae.trainable_variables, strict=True))

    def fit(self):
        for x in self.batches:
            self.train_step(x)


class TorchLoop:
    """bench/pytorch_loop.py in an environment of its own, which is made on the first run."""

    def __init__(self):
        python = TORCH_ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
        if not (TORCH_ENVIRONMENT / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", TORCH_ENVIRONMENT], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", TORCH, "numpy"], check=True)
            (TORCH_ENVIRONMENT / "ready").touch()
        self.process = subprocess.Popen(
            [python, FOLDER / "pytorch_loop.py", DATA / "mnist.npz"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.build = self._ask("build")

    def _ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise OSError(f"bench/pytorch_loop.py stopped with exit status {self.process.wait()}")
        return answer

    def epoch(self):
        return float(self._ask("epoch"))

    def test_loss(self):
        return float(self._ask("loss"))


def products_of_a_step():
    """A function of the step's number that computes a step's products: forward, back to the weights and the inputs."""
    sizes = [(28 * 28, WIDTH), (WIDTH, 2 * LATENT_DIM), (LATENT_DIM, WIDTH), (WIDTH, 28 * 28)]
    batches = 8  # each step takes other ones, so that no product can be moved out of the loop
    inputs = [tf.random.normal((batches, BATCH, before)) for before, _ in sizes]
    gradients = [tf.random.normal((batches, BATCH, after)) for _, after in sizes]
    weights = [tf.random.normal(size) for size in sizes]

    def products(step):
        total = 0.0
        for i, (x, w, g) in enumerate(zip(inputs, weights, gradients, strict=True)):
            x, g = x[step % batches], g[step % batches]
            total += tf.matmul(x, w)[0, 0] + tf.matmul(x, g, transpose_a=True)[0, 0]
            if i:
                total += tf.matmul(g, w, transpose_b=True)[0, 0]
        return total

    return products


def matrix_products(steps):
    """The products of an epoch and nothing else."""
    products = products_of_a_step()

    @tf.function
    def epoch():
        total = 0.0
        for step in tf.range(steps):
            total += products(step)
        return total

    return lambda: epoch().numpy()


def floor(steps):
    """The products of an epoch, and after each step's TensorFlow's own Adam once over every weight."""
    products, weights = products_of_a_step(), new_vae(LATENT_DIM, WIDTH).trainable_variables
    gradients = [tf.random.normal(weight.shape) for weight in weights]
    optimizer = FusedAdam()
    optimizer.build(weights)
    state = [[v.value.handle for v in part] for part in (weights, optimizer._momentums, optimizer._velocities)]

    @tf.function
    def epoch():
        total = 0.0
        for step in tf.range(steps):
            total += products(step)
            for var, m, v, gradient in zip(*state, gradients, strict=True):
                tf.raw_ops.ResourceApplyAdam(
                    var=var, m=m, v=v, grad=gradient, lr=1e-3, epsilon=1e-7,
                    beta1=0.9, beta2=0.999, beta1_power=0.9, beta2_power=0.999,
                )  # fmt: skip
        return total

    return lambda: epoch().numpy()


def adam_updates(steps, optimizer):
    """The optimiser's part of an epoch."""
    vae = new_vae(LATENT_DIM, WIDTH, optimizer)
    gradients = [tf.random.normal(weight.shape) for weight in vae.trainable_variables]
    vae.optimizer.build(vae.trainable_variables)

    @tf.function
    def epoch():
        for _ in tf.range(steps):
            vae.optimizer.apply(gradients, vae.trainable_variables)
        return vae.optimizer.iterations.value

    return lambda: epoch().numpy()


def cross_entropy(steps):
    """The reconstruction's part of an epoch, forward and back to the logits."""
    x, logits = tf.random.uniform((BATCH, 28, 28, 1)), tf.random.normal((8, BATCH, 28, 28, 1))

    @tf.function
    def epoch():
        total = 0.0
        for step in tf.range(steps):
            given = logits[step % 8]
            with tf.GradientTape() as tape:
                tape.watch(given)
                loss = tf.reduce_mean(bernoulli_nll(x, given))
            total += tf.reduce_sum(tape.gradient(loss, given)[0])
        return total

    return lambda: epoch().numpy()


def steps_with_nothing_in_them(mnist, steps):
    """What the steps of an epoch take to start their operations: one image each, and layers of one unit."""
    vae = new_vae(1, 1, FusedAdam(), steps_per_execution=64)
    batches = shuffled_batches(mnist.x_train[:steps], batch_size=1)
    return lambda: vae.fit(batches, shuffle=False, verbose=0)
