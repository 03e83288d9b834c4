"""Lighthouse's marks for the pages that a newcomer sees first, on a phone and on a desktop, without a network.

Lighthouse comes from npm, on the first run, into build/lighthouse: `make lint` does without it.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.host import browser, served
from bench.rows import row

LIGHTHOUSE = "lighthouse@12.8.2"  # the last that Debian's Node.js runs
FOLDER = Path(__file__).resolve().parent.parent / "build" / "lighthouse"
PAGES = ("index", "00-tour", "03-autoencoder-limits", "07-vae")
FORMS = {"phone": ((), 85), "desktop": (("--preset=desktop",), 97)}
CATEGORIES = ("accessibility", "best-practices", "performance")


def measure(runs=5):
    program = install()
    chromium = browser()
    with served() as origin:
        for page in PAGES:
            for form, (options, fast) in FORMS.items():
                marks = [audit(program, f"{origin}en/{page}.html", chromium, options) for _ in range(runs)]
                for category in CATEGORIES:
                    mark = statistics.median(one[category] for one in marks)
                    least = fast if category == "performance" else 100
                    yield row(f"{page.partition('-')[0]}, {form}: {category}", mark, "of 100", at_least=least)


def install():
    """The path of Lighthouse's program, which is fetched if it is not here."""
    program = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        fetch = ["npm", "install", "--prefix", FOLDER, "--no-save", "--no-audit", "--no-fund", "--silent", LIGHTHOUSE]
        try:
            subprocess.run(fetch, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"Lighthouse could not be installed ({error}). It needs Node.js with npm, and a network once.")
    return program


def audit(program, address, chromium, options=()):
    """{category: mark of 100} of one visit."""
    command = ["node", program, address, "--quiet", "--output=json", "--no-enable-error-reporting", *options]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-background-networking --disable-component-update"]
    done = subprocess.run(command, env={**os.environ, "CHROME_PATH": chromium}, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"Lighthouse failed on {address}:\n{done.stderr}")
    return {name: 100 * part["score"] for name, part in json.loads(done.stdout)["categories"].items()}
