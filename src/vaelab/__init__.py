"""Helper package of the course From autoencoder to VAE.

The lessons call `setup("en")` in their first cell and import everything else from the submodules.
Importing `vaelab` itself is light: TensorFlow and matplotlib are loaded when they are needed.
"""

__version__ = "0.1.0"

from vaelab.lesson import setup

__all__ = ["__version__", "setup"]
