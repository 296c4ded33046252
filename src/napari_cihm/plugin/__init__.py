"""The napari window: panels, layers, readers and writers around the engine."""
