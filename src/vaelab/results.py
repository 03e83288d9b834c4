"""The results store: experiments too long for a page, computed beforehand by `make results`."""

import json
from pathlib import Path

from vaelab.language import tr

RESULTS = Path(__file__).parent / "results"


def load_results(name):
    """The stored results of one experiment, as a dict; "made_with" says which versions computed them.

    Raises ValueError for an unknown name, listing the known ones.
    """
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        raise ValueError(
            tr(
                "There are no stored results {name!r}. Stored: {known}. In a clone, `make results` computes them."
            ).format(name=name, known=", ".join(sorted(p.stem for p in RESULTS.glob("*.json"))))
        )
    return json.loads(path.read_text("utf-8"))
