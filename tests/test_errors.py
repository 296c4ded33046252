"""What an error says reads as sentences, whichever of its parts it has."""

import pytest

from napari_cihm.errors import InputError, UnknownNameError, sentence


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("a.tif is empty",), "a.tif is empty"),
        (("a.tif is empty", "an image"), "a.tif is empty; expected an image"),
        (
            ("a.tif is empty", "an image", "copy it again"),
            "a.tif is empty; expected an image. Copy it again",
        ),
        (
            ("the disk is full", "", "`cihm models` lists them"),
            "the disk is full. `cihm models` lists them",
        ),
    ],
)
def test_the_parts_of_an_error_make_sentences(parts, text):
    error = InputError(*parts)
    assert str(error) == text
    assert text.startswith(error.problem)


def test_a_question_ends_as_one():
    error = UnknownNameError.among("model", "unnet", ["unet", "cihm"])
    assert str(error) == (
        "no model is called 'unnet'; expected one of cihm, unet. Did you mean 'unet'?"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nothing is chosen ", "Nothing is chosen."),
        ("nuclei.tif is empty", "nuclei.tif is empty."),
        ("is it right?", "Is it right?"),
        ("", ""),
    ],
)
def test_a_sentence_begins_large_and_ends(text, said):
    assert sentence(text) == said
