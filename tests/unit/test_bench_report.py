"""What the benches show: the page for a browser, and what is made of logs."""

from __future__ import annotations

import pytest

from tests.bench.answer_time import endings_ms
from tests.bench.page import table
from tests.bench.report import html


def test_what_the_benches_write_becomes_a_page() -> None:
    markdown = "# Benches\n\nA *word* & `turn.vad`\n\n" + table(("a", "b < c"), [["1", "2"]]) + "\n\n![it](it.png)\n"
    page = html(markdown)
    assert "<h1>Benches</h1>" in page
    assert "<p>A <em>word</em> &amp; <code>turn.vad</code></p>" in page
    assert "<tr><th>a</th><th>b &lt; c</th></tr>\n<tr><td>1</td><td>2</td></tr>" in page
    assert '<img src="it.png" alt="it">' in page


def test_an_end_on_the_wire_belongs_to_the_closing_before_it() -> None:
    journal = [{"event": "gate.closed", "at_s": at_s} for at_s in (1.0, 5.0, 9.0)]
    journal.insert(1, {"event": "turn.done", "at_s": 4.0})
    service = [{"kind": "activity_end", "t_s": at_s} for at_s in (1.004, 9.02)]
    service.insert(0, {"kind": "audio", "t_s": 1.001})
    assert endings_ms(journal, service) == pytest.approx([4.0, 20.0])
