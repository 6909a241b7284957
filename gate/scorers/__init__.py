"""Scorers read the mood of texts. One file each; the file's name is what users write."""
