"""Style sheets lose what no page uses, and nothing else."""

import pytest

from styles import names_in, prune

USED = names_in('<p class="here also-here" id="place">')


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{a:b}.here .gone{c:d}", "p{a:b}"),
        (".gone,.also-here>p,#place{a:b}", ".also-here>p,#place{a:b}"),
        ("/* .x{} */@media print{.gone{a:b}.here{c:d}}@media screen{.gone{a:b}}", "@media print{.here{c:d}}"),
        (".here:not(.gone, .other){a:b}.gone:is(.here){c:d}", ".here:not(.gone, .other){a:b}"),
        ('@charset "u";@font-face{src:x}@keyframes turn{to{a:c}}', '@charset "u";@keyframes turn{to{a:c}}'),
        ("html[data-theme=x]{--a:.5}", "html[data-theme=x]{--a:.5}"),
    ],
)
def test_what_no_page_uses_goes_and_the_rest_stays(sheet, kept):
    assert prune(sheet, USED) == kept
