"""Which programmes a job is for."""

from __future__ import annotations

from graphsvc.definitions import DefinitionLibrary
from graphsvc.errors import ConflictError
from graphsvc.jobs.model import JobParameters
from graphsvc.model import Programme, Purpose


def chosen_programmes(
    library: DefinitionLibrary, parameters: JobParameters
) -> list[tuple[Purpose, Programme]]:
    """Return the programmes that a job is for, with their purposes.

    Purposes that are not named follow from the programmes; where those are not named either, it is
    for all.

    Raises:
        DefinitionNotFoundError: a purpose or programme is not declared.
        ConflictError: a programme is for none of the purposes that are named.
    """
    named = {name: library.programme(name) for name in parameters.programmes}
    purposes = parameters.purposes or tuple(
        sorted({one.purpose for one in named.values()}) or library.purpose_names()
    )
    for name, programme in named.items():
        if programme.purpose not in purposes:
            raise ConflictError(
                f"programme {name} is for purpose {programme.purpose}, not {', '.join(purposes)}"
            )
    return [
        (library.purpose(purpose), programme)
        for purpose in purposes
        for programme in library.programmes_of(library.purpose(purpose).name)
        if not named or programme.name in named
    ]
