"""The 196 published proof vectors of transparency-dev/merkle, named by their attack."""

import base64
import json
from pathlib import Path

import pytest

from accounts.journal.canonical.merkle import verify_consistency, verify_inclusion

VECTORS = Path(__file__).parents[4] / ".." / "shared" / "data" / "vectors" / "merkle"
FILES = sorted(VECTORS.rglob("*.json"))

# Upstream accepts equal roots of 12 bytes here; hashes of any other length than 32 are refused by us.
DEVIATION = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"


@pytest.mark.skipif(not FILES, reason="the published Merkle vectors are not beside this checkout")
def test_all_vectors_are_there() -> None:
    assert len(FILES) == 196
    assert VECTORS / DEVIATION in FILES


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(VECTORS).as_posix())
def test_published_vector(file: Path) -> None:
    vector = json.loads(file.read_bytes())
    proof = [base64.b64decode(each) for each in vector["proof"] or []]
    hashes = {
        name: base64.b64decode(vector[name] or "") for name in ("root", "leafHash", "root1", "root2") if name in vector
    }
    if "leafIdx" in vector:
        verified = verify_inclusion(hashes["leafHash"], vector["leafIdx"], vector["treeSize"], proof, hashes["root"])
    else:
        verified = verify_consistency(vector["size1"], vector["size2"], hashes["root1"], hashes["root2"], proof)
    refused = vector["wantErr"] or file == VECTORS / DEVIATION
    assert verified is not refused, vector["desc"]
