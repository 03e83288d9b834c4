"""The dark twin of a lesson's picture: what was ink on paper becomes light on dark, digits stay as they are."""

import io

import numpy as np
from PIL import Image

DARK_PAPER = (21, 23, 28)  # --paper of book/_static/course.css

# Linear RGB → cone responses, their cube roots → OKLab: lightness and two axes of colour (Ottosson 2020).
TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929],
     [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468],
     [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def dark_colours(colours):
    """What colours on white paper become on dark paper. colours: (..., 3), 0 to 255; returns the same shape, uint8.

    Each is taken for a layer of the purest colour that gives it over white, as thin as possible; this layer, made light
    enough to be seen, goes over dark paper. So edges, tints and shadings stay as soft as they were, and hues the same.
    """
    colours = np.asarray(colours, "float64") / 255
    cover = 1 - colours.min(axis=-1, keepdims=True)
    pure = np.clip((colours - (1 - cover)) / np.maximum(cover, 1e-9), 0, 1)
    linear = np.where(pure <= 0.04045, pure / 12.92, ((pure + 0.055) / 1.055) ** 2.4)
    lab = np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T
    lab[..., 0] = np.maximum(lab[..., 0], 1 - 1.4 * np.hypot(lab[..., 1], lab[..., 2]))
    linear = np.clip((lab @ np.linalg.inv(TO_LAB).T) ** 3 @ np.linalg.inv(TO_CONES).T, 0, 1)
    light = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    seen = cover**0.75  # light tints are easier to see on white than on black
    return np.round(255 * seen * light + (1 - seen) * DARK_PAPER).astype("uint8")


def dark_twin(png, digits):
    """The PNG's dark twin, of the same size, with a palette of 256 colours. digits: places, each (left, top, right,
    bottom) in pixels, that stay as they are."""
    light = Image.open(io.BytesIO(png)).convert("RGB")
    few = light.quantize(256)
    table = np.zeros((256, 3), "uint8")
    palette = np.array(few.getpalette(), "uint8").reshape(-1, 3)
    table[: len(palette)] = dark_colours(palette)
    dark = Image.fromarray(table[np.asarray(few)])
    for place in digits:
        dark.paste(light.crop(place), place[:2])
    buffer = io.BytesIO()
    dark.quantize(256).save(buffer, "png", optimize=True)
    return buffer.getvalue()
