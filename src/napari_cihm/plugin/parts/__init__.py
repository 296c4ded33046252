"""What sections are made of: folds, words, lists, drop-downs and rows of buttons."""
