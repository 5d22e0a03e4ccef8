"""Application resource files: what systools reads, with its rules."""

from __future__ import annotations

import pytest

from dray.beam.app_file import pack_application, parse_app
from dray.beam.term_writer import format_term
from dray.core.term import Atom
from dray.errors import IntegrityError

WHOLE = b"""
{application,shop,
 [{description,"The shop"},{id,"S 1"},{vsn,"1.0.0"},{modules,[shop,'Elixir.Shop']},{registered,[shop]},
  {applications,[kernel,stdlib,logger]},{optional_applications,[logger]},{included_applications,[stock]},
  {mod,{shop,[]}},{start_phases,[{go,[]}]},{env,[{key,"value"}]},{maxT,5},{maxP,infinity},
  {compile_env,[{shop,[key],{ok,1}}]},{licenses,["MIT"]}]}.
"""
SMALL = '{application,a,[{vsn,"1"},{description,""},{modules,[]},{registered,[]},{applications,[]}%s]}.'


def test_all_that_a_file_says_is_read():
    spec = parse_app(WHOLE, file="shop.app")
    assert (spec.name, spec.version, spec.description, spec.id) == ("shop", "1.0.0", "The shop", "S 1")
    assert spec.modules == ("shop", "Elixir.Shop")
    assert spec.optional_applications == ("logger",)
    assert spec.included_applications == ("stock",)
    assert spec.mod == (Atom("shop"), [])
    assert spec.max_time == 5
    assert spec.compile_env == [(Atom("shop"), [Atom("key")], (Atom("ok"), 1))]


def test_what_is_left_out_has_the_defaults_of_otp():
    spec = parse_app((SMALL % "").encode(), file="a.app")
    assert (spec.mod, spec.env, spec.max_time, spec.start_phases) == ([], [], "infinity", "undefined")


def test_the_packed_term_is_that_of_systools():
    packed = format_term(pack_application(parse_app(WHOLE, file="shop.app")))
    assert packed == (
        '{application,shop,[{description,"The shop"},{vsn,"1.0.0"},{id,"S 1"},{modules,[shop,\'Elixir.Shop\']},'
        "{registered,[shop]},{applications,[kernel,stdlib,logger]},{optional_applications,[logger]},"
        '{included_applications,[stock]},{env,[{key,"value"}]},{maxT,5},{maxP,infinity},'
        "{start_phases,[{go,[]}]},{mod,{shop,[]}}]}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense.", "one term {application"),
        ("{application,a}.", "one term {application"),
        ('{application,a,[{vsn,"1"}]}.', "says its description"),
        (SMALL % ",x", "{Key, Value}"),
        ('{application,a,[{vsn,one},{description,""},{modules,[]},{registered,[]},{applications,[]}]}.', "vsn"),
        ('{application,a,[{vsn,"1"},{description,""},{modules,[1]},{registered,[]},{applications,[]}]}.', "modules"),
        (
            '{application,a,[{vsn,"1"},{description,""},{modules,[m,m]},{registered,[]},{applications,[]}]}.',
            "duplicates",
        ),
        (SMALL % ",{mod,x}", "mod"),
        (SMALL % ",{env,[x]}", "env"),
        (SMALL % ",{maxT,0}", "maxT"),
        (SMALL % ",{maxP,x}", "maxP"),
        (SMALL % ",{start_phases,[x]}", "start_phases"),
        ("{application,a,", "expected a term"),
    ],
)
def test_a_damaged_file_is_refused_by_name_and_rule(text, message):
    with pytest.raises(IntegrityError) as caught:
        parse_app(text.encode(), file="lib/a/ebin/a.app")
    assert message in caught.value.what
    assert caught.value.location is not None
    assert caught.value.location.file == "lib/a/ebin/a.app"
