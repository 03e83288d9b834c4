"""Living figures: widgets that compute in the browser and need no kernel once they are drawn."""

from vaelab.widgets.latent_explorer import LatentExplorer

__all__ = ["LatentExplorer"]
