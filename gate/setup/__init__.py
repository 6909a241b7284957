"""What a CI system must be told so that the gate can work with it, and whether it was told right."""
