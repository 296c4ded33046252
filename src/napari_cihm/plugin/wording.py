"""Turning the engine's terse words into sentences."""


def capital(text: str) -> str:
    """Begin with a capital letter, unless a file's name begins it."""
    words = text.split()
    return text[0].upper() + text[1:] if words and words[0].isalpha() else text


def sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    text = capital(text.strip())
    return text if not text or text[-1] in ".!?" else f"{text}."
