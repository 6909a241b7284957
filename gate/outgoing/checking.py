"""Options that say everything that is wrong with them at once."""

from __future__ import annotations


class Checked:
    """A dataclass of options that refuses to be made with values that cannot work."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Refuse what the far side would refuse.

        Raises:
            ValueError: with everything that is wrong.
        """
        if wrong := [each for each in self.problems() if each]:
            raise ValueError(*wrong)

    def problems(self) -> list[str]:
        """Say what is wrong, each beginning with the name of its option; empty texts do not count."""
        return []
