"""One file a step; a revision is the number of the schema it leads to."""
