"""What a person sees: a readable report, an exit code, and the sentence that says what is not proved."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from audit.evidence.ledger.bundle import SELF_SIGNED
from audit.evidence.ledger.verify import main
from tests.audit.evidence.ledger.estate import VERIFIER, make_estate, statement_id

ROOT = Path(__file__).parents[4]


def run(*arguments: object) -> tuple[int, str]:
    out = io.StringIO()
    return main([str(each) for each in arguments], out), out.getvalue()


def test_a_sound_bundle_ends_with_zero_and_the_sentence(tmp_path: Path) -> None:
    estate = make_estate()
    bundle = estate.export(tmp_path / "b.zip")
    code, text = run(bundle, "--checkpoint", estate.checkpoint(tmp_path, 0), "--key", VERIFIER.vkey)
    assert code == 0
    assert "VERIFIED" in text
    assert "NOT VERIFIED" not in text
    assert text.endswith(f"{SELF_SIGNED}\n")


def test_an_attacked_bundle_ends_with_one_and_names_the_record(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.statements[statement_id(4)]
    code, text = run(estate.export(tmp_path / "b.zip"))
    assert code == 1
    assert "NOT VERIFIED: 1 problem(s)." in text
    assert f"statement_missing  statement {statement_id(4)} (index 4)" in text
    assert text.endswith(f"{SELF_SIGNED}\n")


@pytest.mark.parametrize("missing", ["bundle", "checkpoint"])
def test_what_is_not_there_ends_with_two(missing: str, tmp_path: Path) -> None:
    bundle = make_estate().export(tmp_path / "b.zip")
    arguments = [tmp_path / "none"] if missing == "bundle" else [bundle, "--checkpoint", tmp_path / "none"]
    code, text = run(*arguments)
    assert code == 2
    assert "Could not check" in text
    assert SELF_SIGNED in text


def test_bad_arguments_end_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_the_report_as_json_says_the_same(tmp_path: Path) -> None:
    estate = make_estate()
    del estate.entries[4]
    code, text = run(estate.export(tmp_path / "b.zip"), "--json")
    report = json.loads(text)
    assert code == 1
    assert report["ok"] is False
    assert report["assurance"] == SELF_SIGNED
    assert {"code": "entry_missing", "record": "ledger entry 4"}.items() <= report["problems"][0].items()


def test_a_bundle_with_a_thousand_faults_gets_a_readable_report(tmp_path: Path) -> None:
    estate = make_estate(records=1000, leaves=0, heads=500)
    estate.statements.clear()
    code, text = run(estate.export(tmp_path / "b.zip"))
    assert code == 1
    assert "NOT VERIFIED: 1000 problem(s)." in text
    assert "and 900 more" in text
    assert len(text.splitlines()) < 120


def test_it_runs_without_django_and_without_a_server(tmp_path: Path) -> None:
    bundle = make_estate().export(tmp_path / "b.zip")
    program = (
        "import sys; sys.modules['django'] = None\n"
        "from audit.evidence.ledger.verify import main\n"
        f"sys.exit(main([{str(bundle)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "VERIFIED" in done.stdout
