"""The types hold: strictly in the engine, as far as Qt allows in the window."""


def test_mypy_finds_no_error(mypy):
    said, _ = mypy.communicate()
    assert mypy.returncode == 0, said
