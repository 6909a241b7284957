"""What is done about a verdict: one file an action; the file's name is what users write."""
