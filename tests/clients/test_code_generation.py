"""TypeScript from the committed schema: generated for every operation, compiled, and run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, parse

from tests.clients.conftest import ROOT, Node, Served
from tests.clients.documented import write_examples
from tests.gql.conftest import OPERATIONS
from tests.gql.world import MARKETPLACE, account

COMPILER_OPTIONS = {
    "allowImportingTsExtensions": True,
    "erasableSyntaxOnly": True,
    "exactOptionalPropertyTypes": True,
    "module": "nodenext",
    "noEmit": True,
    "noUncheckedIndexedAccess": True,
    "skipLibCheck": True,
    "strict": True,
    "target": "es2024",
    "types": ["node"],
    "verbatimModuleSyntax": True,
}
WHOLE_SCHEMA = {"schema.ts": {"plugins": ["typescript"]}}


@pytest.fixture(scope="module")
def generated(node: Node, served: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the documented example and what the generator made for it."""
    folder = tmp_path_factory.mktemp("generated")
    node.prepare(folder)
    write_examples(folder)
    shutil.copy(ROOT / "gql" / "schema.graphql", folder)
    shutil.copytree(OPERATIONS, folder / "operations")
    config = json.loads((folder / "codegen.json").read_text())
    config["generates"] |= WHOLE_SCHEMA
    (folder / "codegen.json").write_text(json.dumps(config))
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER_OPTIONS}))
    generator = "node_modules/@graphql-codegen/cli/esm/bin.js"
    node.run([generator, "--config", "codegen.json", "--silent"], folder, served)
    return folder


def test_every_operation_has_a_typed_document(generated: Path) -> None:
    code = (generated / "operations.ts").read_text()
    names = [
        definition.name.value
        for file in OPERATIONS.glob("*.graphql")
        for definition in parse(file.read_text()).definitions
        if isinstance(definition, OperationDefinitionNode) and definition.name
    ]
    assert len(names) >= 8
    for name in names:
        assert f"export const {name}Document = " in code


def test_what_is_generated_compiles_strictly_and_runs(
    generated: Path, node: Node, served: Served
) -> None:
    node.run(["node_modules/typescript/bin/tsc", "--project", "."], generated, served)
    scores = served.service.scores(MARKETPLACE)
    value = scores.score(account("ann")).score
    assert node.run(["typed.ts"], generated, served) == f"ann {value:.3f} {scores.run.run_id}\n"


def test_a_nullable_field_that_is_not_looked_after_does_not_compile(
    generated: Path, node: Node, served: Served
) -> None:
    example = (generated / "typed.ts").read_text()
    careless = example.replace("if (!subject?.score)", "if (!subject)")
    assert careless != example
    (generated / "careless.ts").write_text(careless)
    with pytest.raises(AssertionError, match=r"careless\.ts.*TS18047: 'subject\.score' is"):
        node.run(["node_modules/typescript/bin/tsc", "--project", "."], generated, served)
    (generated / "careless.ts").unlink()
