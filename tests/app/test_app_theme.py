"""Colours that everybody can tell apart, and words."""

from __future__ import annotations

import doctest
import itertools

import numpy as np
import pytest
from ance_app import drawn, theme, words

FIRST = ["random", "in-batch", "bm25", "bm25+random", "static-hard", "ance"]
# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
}
TO_LMS = np.array([[0.41222, 0.53633, 0.05145], [0.2119, 0.68070, 0.10740], [0.0883, 0.28172, 0.62998]])
TO_OKLAB = np.array([[0.21045, 0.79362, -0.00407], [1.978, -2.42859, 0.45059], [0.0259, 0.78277, -0.80868]])


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(color: str, sight: str) -> np.ndarray:
    seen = np.clip(np.asarray(SIGHTS[sight]) @ linear(color), 0, 1)
    return TO_OKLAB @ np.cbrt(TO_LMS @ seen)


def contrast(one: str, other: str) -> float:
    light, dark = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("sight", SIGHTS)
def test_first_methods_are_told_apart_by_everybody(sight):
    for one, other in itertools.combinations(FIRST, 2):
        distance = np.linalg.norm(oklab(theme.look(one).color, sight) - oklab(theme.look(other).color, sight))
        assert distance > 0.09, (one, other, distance)  # about .02 is just noticeable


@pytest.mark.parametrize("background", ["#FFFFFF", "#15171C"])
def test_every_color_stands_out_on_both_backgrounds(background):
    for look in theme.METHODS.values():
        assert contrast(look.color, background) > 2.3, look


def test_color_is_never_the_only_cue():
    looks = list(theme.METHODS.values())
    assert len({look.dash for look in looks}) == len({look.marker for look in looks}) == len(looks)


def test_variants_keep_the_color_of_their_method():
    variant = theme.look("ance/authors")
    assert variant.color == theme.look("ance").color
    assert variant.dash != theme.look("ance").dash
    assert theme.look("ance-tele").color != theme.look("ance").color


def test_an_unknown_method_looks_the_same_every_time():
    assert theme.look("my-own-idea") == theme.look("my-own-idea")
    assert theme.look("my-own-idea").color in theme.UNKNOWN


@pytest.mark.parametrize("module", [words, drawn])
def test_examples_in_docstrings(module):
    result = doctest.testmod(module)
    assert result.attempted
    assert not result.failed
