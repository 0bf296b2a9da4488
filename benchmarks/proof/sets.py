"""Which sets are run, by which protocol, how often, and what a reader must know about each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.proof import data, protocol, runner

AML_CUTS, AML_PERIOD = (49.0, 69.0, 89.0, 109.0, 129.0), 20.0
RATING_CUTS, RATING_PERIOD = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9), 0.1


@dataclass(frozen=True)
class ProofSet:
    """A set to run: its folder, and how."""

    name: str
    folder: str
    description: str
    run: Callable[[str, str], runner.Result]


def _bitcoin_otc(name: str, description: str) -> runner.Result:
    found = data.bitcoin_otc()
    trials = ((seed, each) for seed in range(20) for each in protocol.cross_validated(found, seed))
    return runner.run(name, found.kind, description, trials)


def _next_rating(name: str, description: str) -> runner.Result:
    found = data.bitcoin_ratings()
    trials = (
        (at, protocol.next_ratings(found, cut, RATING_PERIOD)) for at, cut in enumerate(RATING_CUTS)
    )
    return runner.run(name, found.kind, description, trials)


def _facebook(name: str, description: str) -> runner.Result:
    def trials() -> Iterator[tuple[int, protocol.Trial]]:
        for seed in range(10):
            found = data.sybil_facebook(seed)
            yield from ((seed, each) for each in protocol.cross_validated(found, seed))

    return runner.run(name, "social", description, trials())


def _amlsim(name: str, description: str) -> runner.Result:
    found = data.amlsim()
    trials = ((at, protocol.forecast(found, cut, AML_PERIOD)) for at, cut in enumerate(AML_CUTS))
    return runner.run(name, found.kind, description, trials)


def _ethereum(name: str, description: str) -> runner.Result:
    found = data.ethereum_phishing()
    trials = (
        (seed, each) for seed in range(10) for each in protocol.cross_validated(found, seed, use=2)
    )
    return runner.run(name, found.kind, description, trials)


def _hop(name: str, description: str) -> runner.Result:
    found = data.hop_transfers()
    trials = (
        (seed, each) for seed in range(5) for each in protocol.cross_validated(found, seed, use=1)
    )
    return runner.run(name, found.kind, description, trials)


def _epinions(name: str, description: str) -> runner.Result:
    found = data.epinions()
    trials = ((seed, protocol.hidden_ratings(found, seed)) for seed in range(5))
    return runner.run(name, found.kind, description, trials)


SETS = (
    ProofSet(
        "bitcoin-otc",
        "bitcoin-otc",
        "Which of the labelled traders are fraudulent (Kumar et al. 2016, 2018)? Twenty "
        "repetitions of five folds; rings of fraudsters stay together. All 2,261 ratings between "
        "labelled traders are hidden, and with them 62 traders who have no other rating: 53 of "
        "them are fraudulent, so that to be unrated would have told.",
        _bitcoin_otc,
    ),
    ProofSet(
        "bitcoin-otc, next rating",
        "bitcoin-otc",
        "Is the next rating of a trader who was rated before negative? Seven cuts in time, from "
        "30 % to 90 % of all ratings, each asked about the tenth that follows, calibrated on the "
        "tenth before. The interval is over cuts, so it holds the drift of the market.",
        _next_rating,
    ),
    ProofSet(
        "sybil-facebook",
        "sybil-facebook",
        "Which of 600 labelled accounts are fake (Wang et al. 2017)? Ten draws of the 600, five "
        "folds each. The fakes are one connected copy of the benign region, so the groups "
        "are Louvain communities: a method must carry what it knows into communities of which it "
        "knows no label.",
        _facebook,
    ),
    ProofSet(
        "amlsim",
        "amlsim-fanin-cycle",
        "Which accounts will be found laundering in the next 20 steps (IBM AMLSim, simulated)? "
        "Five cuts in time; transfers and findings up to the cut are known, no account is known "
        "to be good. 906 of 1,804 fraudulent accounts have no step at which they were found and "
        "are left out; who is found later still is asked about in neither way.",
        _amlsim,
    ),
    ProofSet(
        "ethereum-phishing",
        "ethereum-phishing",
        "Which of 890 labelled addresses phish (Wu et al. 2019)? Ten repetitions, two of five "
        "folds each; phishing addresses that pay each other stay together. The set was "
        "gathered around these very addresses, which shows in the baselines: how a labelled "
        "address was sampled is in its number of links. Each row is a sum of payments at one "
        "of their times, so the order that taint reads is a rough one.",
        _ethereum,
    ),
    ProofSet(
        "hop-transfers",
        "hop-transfers",
        "Which wallets did the Hop project eliminate as fake? Five repetitions of one fold; the "
        "907 groups in which they were eliminated stay together, and 54,603 transfers between "
        "labelled wallets are hidden, which takes more links from one label than from the other, "
        "so degrees tell some of it. The project decided by these same transfers: weak truth.",
        _hop,
    ),
    ProofSet(
        "epinions, hidden link",
        "epinions-signed",
        "Is a hidden link distrust (Leskovec et al. 2010)? There is no time: a tenth of all pairs "
        "is hidden, both directions together, and asked about where the target has another link; "
        "another tenth calibrates. Five repetitions.",
        _epinions,
    ),
)
