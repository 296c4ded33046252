"""What is seen: sections and panels that hold neither a viewer nor a layer."""
