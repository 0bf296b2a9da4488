"""The whole way of the data on both stores: the same files give the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import as_file, files

import pytest
from neo4j import Driver

from graphsvc.app import Service
from graphsvc.demo.known_fraud import Labels
from graphsvc.ingest import import_files, load_mapping
from graphsvc.model import SubjectKind, SubjectRef
from graphsvc.neo4j_server import ServerInfo
from graphsvc.settings import Settings
from tests.neo4j_fixture import wipe_data

PURPOSE = "marketplace-integrity"
CUT_OFF = datetime(2012, 9, 1, tzinfo=UTC)

pytestmark = pytest.mark.neo4j


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory, neo4j_server: ServerInfo, neo4j_driver: Driver
) -> Iterator[tuple[Service, Service]]:
    folder = tmp_path_factory.mktemp("both")
    wipe_data(neo4j_driver)
    embedded = Settings(store=f"sqlite:///{folder / 's.db'}", data_dir=folder / "sqlite")
    server = Settings(
        store=neo4j_server.uri,
        neo4j_user=neo4j_server.user,
        neo4j_password=neo4j_server.read_password(),
        data_dir=folder / "neo4j",
    )
    with (
        Service.open(embedded) as one,
        Service.open(server) as two,
        as_file(files("graphsvc.shipped") / "data" / "bitcoin-otc") as data,
    ):
        labels = Labels.read(data / "otc_network.csv.gz", data / "otc_gt.csv.gz")
        listings = folder / "listings.csv"
        labels.write_listings(listings, CUT_OFF)
        for service in (one, two):
            for path, mapping in (
                (data / "otc_network.csv.gz", "bitcoin-otc"),
                (listings, "listings"),
            ):
                import_files([path], load_mapping(mapping), service.store, rejects_dir=folder)
            service.recompute(PURPOSE, as_of=CUT_OFF)
        yield one, two
    wipe_data(neo4j_driver)


def test_the_same_import_is_counted_alike_on_both_stores(
    services: tuple[Service, Service],
) -> None:
    one, two = services
    assert one.store.count_records() == two.store.count_records()
    assert one.store.count_subjects() == two.store.count_subjects() == 5881
    assert one.store.last_sequence() == two.store.last_sequence()


def test_the_same_recompute_gives_the_same_bits_on_both_stores(
    services: tuple[Service, Service],
) -> None:
    runs = [service.scores(PURPOSE).run for service in services]
    assert runs[0].checksum == runs[1].checksum
    assert runs[0].exposure == runs[1].exposure
    assert runs[0].trust == runs[1].trust


def test_the_same_explanation_is_given_on_both_stores(services: tuple[Service, Service]) -> None:
    one, two = services
    for key in ("otc-1923", "otc-7", "otc-832", "otc-6005"):
        ref = SubjectRef(SubjectKind.ACCOUNT, key)
        ours, theirs = one.explain(PURPOSE, ref), two.explain(PURPOSE, ref)
        assert ours.score == theirs.score
        assert ours.exposure == theirs.exposure
        assert ours.trust == theirs.trust
        assert ours.reasons == theirs.reasons


def test_both_stores_give_the_same_links_of_a_subject(services: tuple[Service, Service]) -> None:
    ref = SubjectRef(SubjectKind.ACCOUNT, "otc-35")
    pages = [
        [stored.record for stored in service.links(PURPOSE, ref, limit=1000)]
        for service in services
    ]
    assert pages[0] == pages[1]
    assert len(pages[0]) > 300
