"""Which labelled set stands for which shipped purpose, and what is asked of the two together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.proof import data, nested, ring
from benchmarks.proof.declared import Reading
from benchmarks.proof.grid import LinkSetting, Reach, Setting, grid
from benchmarks.proof.judging import Judge
from benchmarks.proof.nested import Split, figures
from benchmarks.proof.sets import AML_CUTS, AML_PERIOD, RATING_CUTS, RATING_PERIOD
from graphsvc.definitions import DefinitionLibrary
from graphsvc.model import Direction, LinkKind, Purpose

SECOND = 1.0 / 86_400.0
HALF_LIVES = (None, 365.0)
RATINGS = frozenset({LinkKind.TRUSTS, LinkKind.RATES})
PAYMENTS = frozenset({LinkKind.PAID, LinkKind.REFUNDED})
VOUCHING = frozenset({LinkKind.VOUCHES_FOR})


@dataclass(frozen=True)
class Stake:
    """One set as evidence for a purpose: how its links read, and its dealings in a round."""

    name: str
    folder: str
    reading: Reading
    deal: Callable[[int], Sequence[Split]]


@dataclass(frozen=True)
class Bench:
    """A purpose and the sets that its programme is chosen by.

    Attributes:
        purpose: name of a shipped purpose.
        kinds: link kinds whose conductance is varied.
        links: how.
        by_hand: what the programme declared before anything was measured; never changes.
        stakes: the sets, all of equal weight.
        rounds: how often everything is dealt anew.
        has_reports: whether the purpose may see distrust, and a set has some.
        note: which set stands for what, for the reader.
        is_stand_in: the sets are about something else; nothing is chosen by them.
    """

    purpose: str
    kinds: frozenset[LinkKind]
    links: tuple[LinkSetting, ...]
    by_hand: Setting
    stakes: tuple[Stake, ...]
    rounds: int
    note: str
    has_reports: bool = False
    is_stand_in: bool = False


@dataclass(frozen=True, eq=False)
class Answer:
    """A grid, what was set by hand first, and what nested validation says of it."""

    members: tuple[Setting, ...]
    verdict: nested.Verdict


def answers(bench: Bench, library: DefinitionLibrary) -> tuple[Answer, Answer]:
    """Return what is chosen among harmless settings, and what would be among all."""
    purpose, programme = library.purpose(bench.purpose), library.champion(bench.purpose)
    members = members_of(bench, purpose)
    judges = {
        stake.name: Judge(
            programme, members, bench.kinds, purpose.association_cap_points, stake.reading
        )
        for stake in bench.stakes
    }
    rounds = [
        {stake.name: figures(stake.deal(number), judges[stake.name]) for stake in bench.stakes}
        for number in range(bench.rounds)
    ]
    first = judges[bench.stakes[0].name]
    kept = ring.harmless(first, has_reports=bench.has_reports)
    harmless = tuple(member for member, is_kept in zip(members, kept, strict=True) if is_kept)
    return _answer(harmless, nested.only(rounds, kept)), _answer(members, rounds)


def _answer(members: tuple[Setting, ...], rounds: Sequence[nested.Round]) -> Answer:
    caution = [member.caution(members[0]) for member in members]
    return Answer(members, nested.verdict(rounds, caution))


def members_of(bench: Bench, purpose: Purpose) -> tuple[Setting, ...]:
    """Return the grid of a purpose, what was set by hand first."""
    return grid(bench.by_hand, purpose, bench.links, has_reports=bench.has_reports)


def available(bench: Bench) -> bool:
    """Return whether all of a purpose's sets are there; say so of the first that is not."""
    return all(data.available(stake.folder) for stake in bench.stakes)


def _bitcoin(number: int) -> list[Split]:
    return nested.labelled_splits(_bitcoin_otc(), number, again=1)


def _next_rating(number: int) -> list[Split]:
    return [nested.rating_split(_bitcoin_ratings(), RATING_CUTS[number], RATING_PERIOD)]


def _facebook(number: int) -> list[Split]:
    return nested.labelled_splits(data.sybil_facebook(number), number, again=1)


def _hop(number: int) -> list[Split]:
    return nested.labelled_splits(_hop_transfers(), number, folds=1, inner=3)


def _amlsim(number: int) -> list[Split]:
    return [nested.dated_split(_aml_transfers(), AML_CUTS[number], AML_PERIOD)]


def _ethereum(number: int) -> list[Split]:
    return nested.labelled_splits(_ethereum_phishing(), number)


# Read once for all rounds.
_bitcoin_otc, _bitcoin_ratings = cache(data.bitcoin_otc), cache(data.bitcoin_ratings)
_hop_transfers, _aml_transfers = cache(data.hop_transfers), cache(data.amlsim)
_ethereum_phishing = cache(data.ethereum_phishing)


def _ratings() -> tuple[LinkSetting, ...]:
    return tuple(
        LinkSetting(direction, "linear", days, True)
        for direction, days in itertools.product(Direction, HALF_LIVES)
    )


def _payments() -> tuple[LinkSetting, ...]:
    return tuple(
        LinkSetting(direction, weight, days, carries_trust)
        for direction, weight, days, carries_trust in itertools.product(
            Direction, ("log1p", "constant"), HALF_LIVES, (False, True)
        )
    )


def _vouching() -> tuple[LinkSetting, ...]:
    return tuple(
        LinkSetting(direction, "constant", days, True)
        for direction, days in itertools.product(Direction, HALF_LIVES)
    )


_OTC = Stake("bitcoin-otc", "bitcoin-otc", Reading(LinkKind.TRUSTS, 10.0, SECOND), _bitcoin)
_VOUCHED = Stake("bitcoin-otc", "bitcoin-otc", Reading(LinkKind.VOUCHES_FOR, 0.0, SECOND), _bitcoin)

BENCHES = (
    Bench(
        purpose="marketplace-integrity",
        kinds=RATINGS,
        links=_ratings(),
        by_hand=Setting(
            LinkSetting(Direction.BOTH, "linear", None, True),
            Reach(0.85, None), 0.05, 150.0, 150.0, True, 730.0,
        ),
        stakes=(
            _OTC,
            Stake("bitcoin-otc, next rating", "bitcoin-otc", _OTC.reading, _next_rating),
            Stake("sybil-facebook", "sybil-facebook", Reading(LinkKind.KNOWS), _facebook),
            Stake("hop-transfers", "hop-transfers", Reading(LinkKind.PAID), _hop),
        ),
        rounds=7,
        note="Bitcoin-OTC is a marketplace: its traders, and its next ratings, where time counts. "
        "Facebook stands for fake accounts, Hop for farmed ones (weak truth). How ratings "
        "(`trusts`, `rates`) conduct is varied; how much the other kinds conduct beside them is "
        "measured by no set, as none has two kinds.",
        has_reports=True,
    ),
    Bench(
        purpose="payment-fraud",
        kinds=PAYMENTS,
        links=_payments(),
        by_hand=Setting(
            LinkSetting(Direction.BOTH, "log1p", None, False),
            Reach(0.85, None), 0.05, 150.0, 150.0, True, 730.0,
        ),
        stakes=(
            Stake("amlsim", "amlsim-fanin-cycle", Reading(LinkKind.PAID, 1.0, 1.0), _amlsim),
            Stake(
                "ethereum-phishing",
                "ethereum-phishing",
                Reading(LinkKind.PAID, 1.0, SECOND),
                _ethereum,
            ),
        ),
        rounds=5,
        note="AMLSim is what the purpose is about, simulated; Ethereum is real and was gathered "
        "around its labels. How payments conduct is varied, and whether they carry trust. No set "
        "has reports or shared identifiers.",
    ),
    Bench(
        purpose="deposit-waiver",
        kinds=VOUCHING,
        links=_vouching(),
        by_hand=Setting(
            LinkSetting(Direction.BOTH, "constant", None, True),
            Reach(0.6, 3), 0.05, 60.0, 60.0, True, 730.0,
        ),
        stakes=(_VOUCHED,),
        rounds=7,
        note="No set knows who brought hired goods back. Bitcoin-OTC's positive ratings, read as "
        "vouching, stand in; there are no reports, as the purpose may not see distrust.",
        is_stand_in=True,
    ),
    Bench(
        purpose="thin-file-credit",
        kinds=VOUCHING,
        links=_vouching(),
        by_hand=Setting(
            LinkSetting(Direction.ALONG, "constant", None, True),
            Reach(0.5, 2), 0.05, 20.0, 40.0, True, 730.0,
        ),
        stakes=(_VOUCHED,),
        rounds=7,
        note="No set knows who paid a credit back; the Debian keyrings say who is a developer, not "
        "who defaults. The same stand-in, within the purpose's narrower limits.",
        is_stand_in=True,
    ),
)  # fmt: skip
