"""What this package raises: one tree, each message saying what was wrong, where, what is right."""


class AlgorithmError(ValueError):
    """Root of every error that this package raises on purpose."""


class InvalidGraphError(AlgorithmError):
    """The links or arrays handed in do not describe a graph."""


class InvalidArgumentError(AlgorithmError):
    """An argument is out of its domain.

    Attributes: ``argument`` its name; ``position`` the offending index, or None for a scalar.
    """

    def __init__(self, argument: str, problem: str, *, position: int | None = None) -> None:
        place = argument if position is None else f"{argument}[{position}]"
        super().__init__(f"{place} {problem}")
        self.argument = argument
        self.position = position


class ConvergenceError(AlgorithmError):
    """The asked tolerance was not certified; nothing is returned in its place.

    Attributes: ``tolerance`` asked for; ``reached`` the best certified bound; ``sweeps`` spent,
    0 where none was worth trying or the work is not counted in sweeps.
    """

    def __init__(self, tolerance: float, reached: float, sweeps: int, reason: str) -> None:
        spent = f" after {sweeps} sweeps" if sweeps else ""
        super().__init__(
            f"asked for a certified error of {tolerance:.3g}, "
            f"reached {reached:.3g}{spent}: {reason}"
        )
        self.tolerance = tolerance
        self.reached = reached
        self.sweeps = sweeps
