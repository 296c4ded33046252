"""What happens when something is asked for: one flow a section, none of them drawn."""
