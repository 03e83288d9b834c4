"""The dark twins of the lessons' pictures."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dark_twins import DARK_PAPER, dark_colours, dark_twin
from vaelab.style import ACCENT, CLASS_COLOURS, INK, MUTED


def rgb(name):
    return tuple(bytes.fromhex(name[1:]))


def luminance(colour):
    share = np.asarray(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_white_becomes_the_sites_dark_paper_and_black_becomes_white():
    assert dark_colours([[255, 255, 255], [0, 0, 0]]).tolist() == [list(DARK_PAPER), [255, 255, 255]]


@pytest.mark.parametrize(("colour", "least"), [(INK, 7), (MUTED, 4.5), (ACCENT, 4.5)])
def test_text_can_be_read(colour, least):
    assert contrast(dark_colours(rgb(colour)), DARK_PAPER) > least


def test_the_ten_colours_are_seen_and_stay_apart():
    dark = dark_colours([rgb(colour) for colour in CLASS_COLOURS]).astype(int)
    for i, one in enumerate(dark):
        assert contrast(one, DARK_PAPER) > 3, CLASS_COLOURS[i]
        for other in dark[:i]:
            assert np.abs(one - other).max() > 25, (one, other)


def test_an_edge_stays_between_its_two_colours_and_steady():
    share = np.linspace(0, 1, 20)[:, None]
    for colour in (INK, *CLASS_COLOURS):
        edge = dark_colours(share * rgb(colour) + (1 - share) * 255).astype(int)
        assert (np.diff(luminance(edge)) >= -1e-3).all(), colour


def test_a_twin_has_the_size_of_its_picture_and_leaves_digits_as_they_are():
    light = Image.new("RGB", (60, 40), "white")
    draw = ImageDraw.Draw(light)
    draw.rectangle((10, 10, 29, 29), fill="#cccccc")  # in a digit
    draw.rectangle((40, 10, 49, 29), fill=INK)
    buffer = io.BytesIO()
    light.save(buffer, "png")
    twin = Image.open(io.BytesIO(dark_twin(buffer.getvalue(), [(5, 5, 35, 35)])))
    assert twin.size == light.size and twin.mode == "P"
    twin = twin.convert("RGB")
    assert twin.getpixel((0, 0)) == DARK_PAPER
    assert np.array_equal(twin.crop((5, 5, 35, 35)), light.crop((5, 5, 35, 35)))
    assert luminance(twin.getpixel((45, 20))) > 0.5
