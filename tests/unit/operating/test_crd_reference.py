from tests.support.write_crd_reference import PAGE, page


def test_the_reference_is_that_of_the_definitions() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.support.write_crd_reference`"


def test_every_field_of_a_spec_is_described() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `spec.")]
    assert len(rows) > 70
    assert not [line for line in rows if line.endswith("|  |")]
