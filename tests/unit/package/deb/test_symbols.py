"""What Debian's packages say of their libraries is read."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from dray.package.deb.catalogue import describe_library, parse_library
from dray.package.deb.library import Library
from dray.package.deb.symbols import find_plain_name, parse_shlibs, parse_symbols

SYMBOLS = """\
libx.so.1 libx1 #MINVER#
| libx1 (>> 2), libx1 (<< 3)
* Build-Depends-Package: libx-dev
 X_1@X_1 1.0
 f@X_1 1.0
 g@X_1 1.4-2~
#MISSING: 1.9# gone@X_1 1.0
 private@X_PRIVATE 0 1
 (optional=kept)tagged@X_1 1.0
libx-more.so.1 libx1 #MINVER#
 plain@Base 1.1
 newer@Base 1.2
"""
SHLIBS = """\
# a comment
libsctp 1 libsctp1 (>= 1.0.19)
libdb 5.3 libdb5.3
udeb: libsctp 1 libsctp1-udeb
deb: libq 2 libq2 | libq2-old
"""

words = st.from_regex(r"[a-zA-Z_]{1,8}", fullmatch=True)
needs = st.from_regex(r"[1-9]\.[0-9]{1,2}( [01])?", fullmatch=True)


def test_a_library_has_the_usual_need_of_each_version_and_the_exceptions():
    more, library = parse_symbols(SYMBOLS)
    assert library == Library(
        "libx.so.1",
        ("libx1 #MINVER#", "libx1 (>> 2), libx1 (<< 3)"),
        minimum="1.0",
        versions={"X_1": "1.0", "X_PRIVATE": "0 1"},
        symbols={"g@X_1": "1.4-2~"},
    )
    assert more == Library(
        "libx-more.so.1", ("libx1 #MINVER#",), "1.1", versions={"Base": "1.1"}, symbols={"newer@Base": "1.2"}
    )


def test_each_symbol_has_its_need():
    more, library = parse_symbols(SYMBOLS)
    assert library.find_need("f", "X_1") == "1.0"
    assert library.find_need("g", "X_1") == "1.4-2~"
    assert library.find_need("private", "X_PRIVATE") == "0 1"
    assert library.find_need("X_1", "X_1") == "1.0"
    assert more.find_need("newer", "Base") == "1.2"
    assert more.find_need("of_another_library", "Base") == "1.1"
    assert library.has_version("X_1")
    assert not library.has_version("X_2")


def test_libraries_without_symbols_have_one_dependency():
    assert parse_shlibs(SHLIBS) == (
        Library("libdb.so.5.3", ("libdb5.3",)),
        Library("libq.so.2", ("libq2 | libq2-old",)),
        Library("libsctp.so.1", ("libsctp1 (>= 1.0.19)",)),
    )
    assert find_plain_name("libdb-5.3.so") == "libdb.so.5.3"
    assert find_plain_name("libsctp.so.1") == "libsctp.so.1"
    assert find_plain_name("plugin.so") is None
    assert parse_shlibs(SHLIBS)[0].has_version("ANY")


@given(st.dictionaries(st.tuples(words, words), needs, min_size=1))
def test_no_need_is_lost_on_the_way_through_json(symbols):
    lines = "".join(f" {name}@{version} {need}\n" for (name, version), need in symbols.items())
    (library,) = parse_symbols(f"libx.so.1 libx1 #MINVER#\n| libx1 (= 1)\n{lines}")
    again = parse_library("libx.so.1", json.loads(json.dumps(describe_library(library))))
    assert again == library
    for (name, version), need in symbols.items():
        assert again.find_need(name, version) == need.removesuffix(" 0")


@given(st.text(st.sampled_from("lib.so1 |*#\n@(x)é"), max_size=80))
def test_what_no_package_has_does_not_stop_the_reader(text):
    parse_symbols(text)
    parse_shlibs(text)
