"""Any text reaches the process: each format's quoting, read back by the format's own program or by its rules."""

from __future__ import annotations

import configparser
import os
import plistlib
import re
import shlex
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dray.service.bluepill import quote_ruby
from dray.service.launchd import quote_xml
from dray.service.model import build_service
from dray.service.options import ServiceOptions
from dray.service.runit import RUNIT
from dray.service.s6 import S6
from dray.service.shell import join_sh, render_script
from dray.service.supervisord import quote_supervisord
from dray.service.systemd import quote_systemd
from dray.service.upstart import quote_upstart
from dray.template.environment import TemplateFolder

NASTY = 'it\'s "5%" of $HOME `id` $(id) \\n \\\n new\tline <b>&amp; ;#! %n %(here)s *?[a] grün 漢 \U0001f600 '
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))
SPECIAL = st.text(st.sampled_from("'\"\\$`%&<>;# \t\n{}()*?[]!~=aé"))
ANY = st.one_of(st.just(NASTY), TEXT, SPECIAL)
LINE = ANY.map(lambda text: "".join(letter for letter in text if letter.isprintable()))

_SYSTEMD_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"'}


def read_systemd(line, *, command):
    """Split a line as systemd does: quotes and C escapes, specifiers, then variables (systemd.syntax(7))."""
    words = []
    for bare, quoted in re.findall(r'([^\s"]+)|"((?:[^"\\]|\\.)*)"', line, re.DOTALL):
        text = bare or re.sub(r"\\(x[0-9a-f]{2}|.)", _unescape, quoted)
        assert not re.search(r"(?<!%)(%%)*%(?!%)", text), "a specifier"
        text = text.replace("%%", "%")
        if command:
            assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", text), "a variable"
            text = text.replace("$$", "$")
        words.append(text)
    return words


def _unescape(match):
    return chr(int(match[1][1:], 16)) if match[1][0] == "x" else _SYSTEMD_ESCAPES[match[1]]


@given(words=st.lists(ANY, min_size=1, max_size=3), command=st.booleans())
def test_systemd(words, command):
    line = " ".join(quote_systemd(word, command=command) for word in words)
    assert "\n" not in line
    assert read_systemd(line, command=command) == words


@given(LINE)
def test_upstart(text):
    quoted = quote_upstart(text)
    assert re.sub(r"\\(.)", r"\1", quoted[1:-1]) == text


@given(LINE)
def test_supervisord(text):
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";", " #"), strict=True)
    parser.read_string(f"[program:x]\ncommand={quote_supervisord(text)} start\n")
    assert shlex.split(parser["program:x"]["command"] % {}) == [text, "start"]


@given(ANY.filter(lambda text: all(letter >= " " or letter in "\t\n\r" for letter in text)))
def test_launchd(text):
    # XML has no way to write other control characters, nor the last two characters of a plane.
    clean = re.sub("[\ufffe\uffff]", "", text)
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><string>{quote_xml(clean)}</string></plist>'
    )
    assert plistlib.loads(document.encode()) == clean


@pytest.mark.services
@settings(max_examples=5)
@given(st.lists(ANY, min_size=1, max_size=30))
def test_bluepill(texts):
    program = "".join(f"print {quote_ruby(text)}, 0.chr\n" for text in texts)
    done = subprocess.run(
        ("ruby", "-Ku", "-"), input=program.encode(), capture_output=True, check=True, env={**os.environ, "LANG": "C"}
    )
    assert done.stdout.decode().split("\0")[:-1] == texts


@settings(max_examples=30)
@given(st.lists(ANY, min_size=1, max_size=4))
def test_words_of_a_shell_command(words):
    done = subprocess.run(
        ("sh", "-c", join_sh(("/usr/bin/printf", "%s\\0", *words))), capture_output=True, check=True
    )
    assert done.stdout.decode().split("\0")[:-1] == words


TEMPLATES = TemplateFolder()


def start_script(service, folder):
    (process,) = service.processes
    return render_script(service, process, TEMPLATES).text


def runit_script(service, folder):
    return without_user(next(file.text for file in RUNIT.render(service, TEMPLATES) if file.path == "shop/run"))


def s6_script(service, folder):
    return without_user(next(file.text for file in S6.render(service, TEMPLATES) if file.path == "shop/run"))


def without_user(text):
    """Return a run script whose programs that need root are left out."""
    text = re.sub(r"^  chown -h .*$", "  :", text, flags=re.MULTILINE)
    return re.sub(r"(chpst -u \S+ -o \d+|s6-applyuidgid .* -G \"\") ", "", text)


@pytest.mark.parametrize("render", [start_script, runit_script, s6_script])
@settings(max_examples=30)
@given(first=ANY, second=ANY)
def test_variables_reach_the_process(render, tmp_path_factory, first, second):
    """The launcher is replaced by a program that prints its environment."""
    folder = tmp_path_factory.mktemp("host")
    root = folder / "bin"
    root.mkdir()
    (root / "shop").write_text("#!/bin/sh\nexec /usr/bin/env -0\n")
    (root / "shop").chmod(0o755)
    options = ServiceOptions(
        root=str(folder),
        state=str(folder),
        runtime=str(folder / "run"),
        environment_file=str(folder / "environment"),
        environment={"FIRST": first, "SECOND": second},
        open_files=256,
    )
    text = render(build_service(options, release="shop"), folder)
    done = subprocess.run(("sh", "-s"), input=text.encode(), capture_output=True, check=True)
    found = dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if item)
    assert (found["FIRST"], found["SECOND"], found["RELEASE_TMP"]) == (first, second, str(folder))
