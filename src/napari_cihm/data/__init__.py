"""Images and axes, pairs and folders, targets, augmentation, made images."""
