"""One case for every crash that fuzzing found: the input, and that it is told or read."""

from __future__ import annotations

import pytest

from .fuzz_core import run_one

#: (reader, input, what was wrong). A case stays for good; the mark goes when the reader is mended.
CRASHES = [
    pytest.param(
        "james",
        b'{"Format": "-1", "clientMeasurements": [{"bdsNumber": [{"values": [[], 1180591620717411303424]}], "value": 1}]}',
        id="a number beyond 64 bits inside a list, in james_values.text_of (TypeError of orjson.dumps)",
    ),
    pytest.param(
        "james", b'{"Format": {}, "reference": ' + b'{"a": [' * 200 + b"1" + b"]}" * 200 + b"}",
        id="nesting deeper than orjson writes, in james_values.text_of (RecursionError)",
    ),
    pytest.param(
        "james", b"9" * 5000, id="more than 4,300 digits, in the error path of read_james (ValueError of int)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("reader", "data"), CRASHES)
def test_a_crash_that_was_found_does_not_come_back(reader, data):
    run_one(reader, data)
