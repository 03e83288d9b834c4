"""Run lessons again as another processor would compute them, and name each cell whose output or assertion flips.

    python tools/portability.py                    every lesson under every regime below (hours)
    python tools/portability.py old 03 hw1         these lessons under this regime
    python tools/portability.py list               the regimes and what each sets

A stored output that is not protected, and an assertion, have to hold on any processor. A regime sets what makes two
processors differ, as far as one of them can imitate another: TensorFlow's oneDNN on or off and the instructions that it
may use, the kernels of NumPy's, SciPy's and scikit-learn's OpenBLAS and of NumPy itself, and the number of threads,
which changes the order of sums. "jitter" moves every trained weight by a relative 1e-3, which is what separates
processors after a training, and every start of a loop of the lesson's own. Lessons are run by nbval, as in `make test`.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from files import ROOT, is_lesson
from notebooks import lessons

NO_AVX512 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
ONE_THREAD = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"
)
REGIMES = {
    "default": {},
    "plain": {"TF_ENABLE_ONEDNN_OPTS": "0", "OPENBLAS_CORETYPE": "Haswell", **ONE_THREAD},
    "avx2": {
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "OPENBLAS_CORETYPE": "Zen",
        "NPY_DISABLE_CPU_FEATURES": NO_AVX512,
        "TF_NUM_INTRAOP_THREADS": "2",
    },
    "old": {
        "TF_ENABLE_ONEDNN_OPTS": "1",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": f"{NO_AVX512} AVX2 FMA3",
        "TF_NUM_INTRAOP_THREADS": "2",
        "OMP_NUM_THREADS": "2",
    },
    "jitter": ONE_THREAD,
}
JITTER = """
def install():  # in a function, so that no name of ours meets one of the lesson's
    import vaelab

    def move(weights, size):
        import numpy as np
        import tensorflow as tf
        rng = np.random.default_rng(0)  # the same each time, so that equal networks stay equal
        with tf.init_scope():  # an optimizer may be built while a step is traced
            for weight in weights:
                value = weight.numpy()
                weight.assign((value * (1 + size * rng.standard_normal(value.shape))).astype(value.dtype))

    def setup(*args, _setup=vaelab.setup, **settings):
        _setup(*args, **settings)
        import keras
        if getattr(keras.Model.fit, "jitters", False):
            return
        fit, build = keras.Model.fit, keras.optimizers.Adam.build

        def fit_and_move(model, *args, **settings):
            history = fit(model, *args, **settings)
            move(model.trainable_variables, 1e-3)
            return history

        def build_and_move(optimizer, weights):
            if not optimizer.built:
                move(weights, 1e-4)
            return build(optimizer, weights)

        fit_and_move.jitters = True
        keras.Model.fit, keras.optimizers.Adam.build = fit_and_move, build_and_move

    vaelab.setup = setup

install()
del install
"""


def flips(paths, regime, processes=1):
    """Run notebooks under a regime and yield (notebook, cell, what is different) for each cell that fails."""
    with tempfile.TemporaryDirectory() as folder:
        report, startup = Path(folder, "report.xml"), Path(folder, "ipython/profile_default/startup/jitter.py")
        startup.parent.mkdir(parents=True)
        startup.write_text(JITTER if regime == "jitter" else "", "utf-8")
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1", "IPYTHONDIR": str(Path(folder, "ipython"))}
        command = [sys.executable, "-m", "pytest", "--nbval", "--quiet", f"--junitxml={report}", *map(str, paths)]
        if processes > 1:
            command += ["--numprocesses", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
        run = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **quiet, **REGIMES[regime]}, capture_output=True, text=True
        )
        if run.returncode not in (0, 1) or not report.exists():  # no verdict on cells: say why
            raise SystemExit(f"The lessons could not be run:\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
        for case in ElementTree.parse(report).iter("testcase"):
            for failure in [*case.iter("failure"), *case.iter("error")]:
                what = re.sub(
                    r"(#x1B|\x1b)\[[\d;]*m", "", failure.text or failure.get("message", "")
                )  # nbval's colours
                yield case.get("classname"), case.get("name"), what


def shortened(what):
    """The first line of a failed cell, and its error or what is different."""
    lines = [line for line in what.splitlines() if line.strip()]
    if "Traceback:" not in lines:
        return "\n".join(lines[:40])
    error = next((i for i, line in enumerate(lines) if re.match(r"\w+(Error|Interrupt)\b(:|$)", line)), -1)
    return "\n".join(lines[lines.index("Input:") + 1 : lines.index("Traceback:")][-12:] + lines[error:][:5])


def main(words):
    if words == ["list"]:
        for name, settings in REGIMES.items():
            print(f"{name:8} {' '.join(f'{key}={value!r}' for key, value in settings.items()) or 'nothing set'}")
        return
    regimes = [word for word in words if word in REGIMES] or list(REGIMES)
    numbers = [word for word in words if word not in REGIMES]
    known = [path.with_suffix(".ipynb") for path in lessons()]
    if missing := [name for name in numbers if not any(is_lesson(path, name) for path in known)]:
        sys.exit(f"Neither a regime nor a lesson: {', '.join(missing)}. Regimes: {', '.join(REGIMES)}.")
    chosen = [path for path in known if not numbers or any(is_lesson(path, name) for name in numbers)]
    found = 0
    for regime in regimes:
        print(f"{regime}: {len(chosen)} lessons", flush=True)
        for notebook, cell, what in flips(chosen, regime, min(os.cpu_count() or 1, len(chosen), 4)):
            found += 1
            print(f"\n{regime}: {notebook}, {cell}\n{shortened(what)}", flush=True)
    print(f"{found} cells flip." if found else "No cell flips.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main(sys.argv[1:])
