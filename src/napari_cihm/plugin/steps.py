"""Edits of labels as steps of their own history, which a stroke must not swallow."""

from napari.layers import Labels

from napari_cihm.correction.edits import Edit

PAUSE = 50  # milliseconds between two looks whether a stroke has ended


def write(layer: Labels, edit: Edit) -> None:
    """Make an edit one step of a layer's history, or leave all as it was."""
    if not layer.visible:  # napari writes into the slice it has of it as well
        layer.set_view_slice()
    try:
        # Within a block napari tells of the edit after it was written.
        with layer.block_history():
            layer.data_setitem(edit.indices, edit.new)
    except Exception:
        staged, layer._staged_history = layer._staged_history, []
        if layer._undo_history and layer._undo_history[-1] is staged:
            layer._undo_history.pop()
        edit.inverse().apply(layer.data)
        layer.refresh()
        raise


def is_painted(layer: Labels | None) -> bool:
    """Tell whether a stroke is in its midst, of which napari tells at its end.

    What others write meanwhile would be a part of it, and would be told of with it.
    """
    return bool(getattr(layer, "_block_history", False))
