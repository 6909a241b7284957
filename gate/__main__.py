"""``python -m gate`` is ``gate``."""

from gate.cli import main

main()
