"""The program dray: what each command prints and where, what it writes, and its exit statuses."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tarfile
import textwrap
import threading
from pathlib import Path

import pytest

from dray.package.inventory import read_inventory
from tests.harness import EXAMPLES, build, copy_project, dray, run

pytestmark = pytest.mark.beam

PROGRAM = Path(sys.executable).parent / "dray"
ESCAPES = re.compile(r"\x1b\[")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The example, built once; tests read it."""
    folder = copy_project(EXAMPLES / "shop_umbrella", tmp_path_factory.mktemp("cli") / "shop_umbrella")
    build(folder)
    return folder


@pytest.fixture
def project(shop, tmp_path):
    """A copy of the example as it was built; a test may change it."""
    return shutil.copytree(shop, tmp_path / "shop_umbrella", symlinks=True)


def write_config(project, text):
    file = project / "rel/config.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(textwrap.dedent(text).lstrip())


def listing(folder):
    """Return everything below a folder: names, sizes, times; not what says which build runs."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def report(done):
    """Return the one JSON document on standard output."""
    assert done.status == 0, done.err
    assert done.out.endswith("}\n")
    return json.loads(done.out)


# init


@pytest.mark.parametrize(
    ("name", "release"), [("phoenix_like", "pages"), ("two_releases", "both"), ("single", "greeter")]
)
def test_init_writes_a_configuration_of_the_facts_that_builds(tmp_path, golden, name, release):
    project = copy_project(name, tmp_path / name)
    done = dray("init", cwd=project)
    assert (done.status, done.out) == (0, "")
    assert "rel/config.py written" in done.err
    golden(f"init_{name}.py.txt", (project / "rel/config.py").read_text())
    built = report(dray("build", "--json", cwd=project))
    assert built["release"]["name"] == release
    steps = [step["name"] for step in built["steps"]]
    phoenix = ["phoenix.digest"] if name == "phoenix_like" else []
    assert steps == ["release", *phoenix, "assemble", "tar"]
    if name == "two_releases":
        second = report(dray("run", "alpha_only", "--json", cwd=project))
        assert second["release"]["version"] == "0.4.0"


def test_init_names_the_applications_of_an_umbrella_without_releases(tmp_path, golden):
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path / "shop_umbrella")
    shutil.rmtree(project / "rel")
    mix = project / "mix.exs"
    mix.write_text(re.sub(r"deps: \[\],\n.*?\n      \]\n", "deps: []\n", mix.read_text(), flags=re.DOTALL))
    assert "releases" not in mix.read_text()
    assert dray("init", cwd=project).status == 0
    golden("init_umbrella.py.txt", (project / "rel/config.py").read_text())
    built = report(dray("build", "--json", cwd=project))["release"]
    assert {"shop", "shop_web"} <= set(built["applications"])


def test_init_never_overwrites(tmp_path):
    project = copy_project("single", tmp_path / "single")
    (project / "rel").mkdir()
    (project / "rel/config.py").write_text("# mine\n")
    done = dray("init", cwd=project)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: rel/config.py exists, and dray does not overwrite it\nhint: dray plan shows what it means\n"
    )
    assert (project / "rel/config.py").read_text() == "# mine\n"


def test_init_finds_names_for_pipelines_of_releases_with_names_that_mean_something_else(tmp_path):
    project = copy_project("two_releases", tmp_path / "two_releases")
    mix = project / "mix.exs"
    mix.write_text(mix.read_text().replace("both", "class").replace("alpha_only", "release"))
    assert dray("init", cwd=project).status == 0
    assert report(dray("build", "--json", cwd=project))["release"]["name"] == "class"
    assert report(dray("run", "release_build", "--dry-run", "--json", cwd=project))["pipeline"] == "release_build"


# build, run, deploy


def test_build_reports_one_json_document_and_says_its_progress_on_standard_error(project):
    done = dray("build", "--json", cwd=project)
    built = report(done)
    assert list(built) == ["release", "artifacts", "publications", "rollouts", "steps"]
    assert built["release"]["path"] == str(project / "_build/prod/rel/shop")
    assert built["release"]["version"] == "0.1.0"
    assert built["release"]["env"] == "prod"
    assert built["release"]["applications"]["shop_web"] == "0.1.0"
    (artifact,) = built["artifacts"]
    data = Path(artifact["path"]).read_bytes()
    assert artifact == {
        "kind": "tar",
        "path": str(project / "_build/prod/shop-0.1.0.tar.gz"),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert [step["name"] for step in built["steps"]] == ["release", "assemble", "file", "upgrade", "tar"]
    assert all(step["seconds"] >= 0 for step in built["steps"])
    lines = done.err.splitlines()
    assert [line.split()[0] for line in lines] == ["release", "assemble", "file", "upgrade", "tar"]
    assert all(re.match(r"\S+ +\d+\.\d\d s($|  \S)", line) for line in lines)


def test_build_says_what_it_made_and_how_to_start_it(project):
    done = dray("build", cwd=project)
    assert (done.status, done.out) == (0, "")
    assert re.search(r"shop 0\.1\.0 for prod is ready in _build/prod/rel/shop \(\d+\.\d\d s\)", done.err)
    assert done.err.endswith("To start it:\n\n    _build/prod/rel/shop/bin/shop start\n\n")


def test_quiet_says_nothing_when_all_is_well(project):
    done = dray("build", "--quiet", cwd=project)
    assert (done.status, done.out, done.err) == (0, "", "")


def test_what_a_compiler_prints_is_never_in_the_report(project):
    source = project / "apps/shop/lib/shop.ex"
    source.write_text(source.read_text() + "defmodule Shop.Unused do\n  def f(x), do: 1\nend\n")
    done = dray("build", "--json", cwd=project)
    assert report(done)["release"]["name"] == "shop"
    assert 'variable "x" is unused' in done.err
    facts = dray("show", "facts", "--json", "--env", "test", cwd=project)
    assert report(facts)["name"] == "shop_umbrella"


def test_a_release_its_folder_and_its_version_can_be_chosen(tmp_path):
    project = copy_project("two_releases", tmp_path / "two_releases")
    built = report(dray("build", "alpha_only", "--path", "out", "--version", "7.0.0", "--json", cwd=project))
    assert built["release"]["path"] == str(project / "out")
    assert (project / "out/releases/start_erl.data").read_text().split()[1] == "7.0.0"
    wrong = dray("build", "alpha_onyl", cwd=project)
    assert wrong.status == 2
    assert "did you mean 'alpha_only'?" in wrong.err


def test_deploy_runs_the_pipeline_of_that_name(project):
    write_config(
        project,
        """
        from dray.config import config_env
        from dray.steps import assemble, file, release, tar

        build = release("shop") | assemble()
        deploy = build | file("env.txt", content=config_env()) | tar()
        """,
    )
    assert report(dray("deploy", "--json", cwd=project)) != {}
    assert (project / "_build/prod/rel/shop/env.txt").read_text() == "prod"
    assert report(dray("run", "deploy", "--json", cwd=project))["artifacts"]
    assert report(dray("build", "--json", cwd=project))["artifacts"] == []
    assert not (project / "_build/prod/rel/shop/env.txt").exists(), "what left the release leaves the disk"


def test_a_pipeline_that_does_not_exist_is_an_error_with_a_suggestion(project, tmp_path):
    done = dray("run", "biuld", cwd=project)
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "error: rel/config.py has no pipeline biuld: no variable of this name that holds steps; it has: build\n"
        "got: biuld\nhint: did you mean 'build'?\n"
    )
    plain = copy_project("single", tmp_path / "single")
    done = dray("run", "publish", cwd=plain)
    assert done.status == 2
    assert done.err == (
        "error: there is no pipeline publish, since the project has no rel/config.py\n"
        "hint: dray init writes rel/config.py; add to it: publish = build | ...\n"
    )


# --dry-run, --set, --env


@pytest.mark.parametrize("arguments", [("build",), ("run", "build"), ("build", "--json")])
def test_a_dry_run_writes_nothing(tmp_path, arguments):
    project = copy_project(EXAMPLES / "shop_umbrella", tmp_path / "shop_umbrella")
    before = listing(project)
    done = dray(*arguments, "--dry-run", cwd=project)
    assert done.status == 0
    assert "tar" in done.out
    assert listing(project) == before
    assert not (project / "_build").exists()


def test_a_dry_run_finds_mistakes(project):
    done = dray("build", "--dry-run", "--set", "tar.levle=3", cwd=project)
    assert (done.status, done.out) == (2, "")
    assert "did you mean 'level'?" in done.err


def test_an_option_of_a_step_can_be_set(project):
    small = report(dray("build", "--json", "--set", "tar.level=1", "--set", "tar.name=x.tar.gz", cwd=project))
    (artifact,) = small["artifacts"]
    assert artifact["path"] == str(project / "_build/prod/x.tar.gz")
    assert artifact["size"] > (project / "_build/prod/shop-0.1.0.tar.gz").stat().st_size


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("tar.level=high", "tar"),
        ("tra.level=1", "did you mean 'tar'?"),
        ("tar.level", "STEP.option=value"),
        ("level=1", "STEP.option=value"),
        ("release.strip_beams=perhaps", "strip_beams"),
    ],
)
def test_a_wrong_setting_is_refused_before_anything_runs(project, setting, words):
    before = listing(project)
    done = dray("build", "--set", setting, cwd=project)
    assert (done.status, done.out) == (2, "")
    assert words in done.err
    assert "--set" in done.err
    assert listing(project) == before


def test_the_environment_decides_and_the_option_wins_over_the_variable(tmp_path):
    project = copy_project("single", tmp_path / "single")
    write_config(
        project,
        """
        from dray.config import config_env, import_config
        from dray.steps import assemble, release

        build = release(version="{mix}-{env}") | assemble()
        import_config(f"{config_env()}.py")
        """,
    )
    (project / "rel/staging.py").write_text('from dray.config import config\nconfig("greeter", strip_beams=False)\n')
    (project / "rel/prod.py").write_text("")
    built = report(dray("build", "--env", "staging", "--json", cwd=project, env={"MIX_ENV": "prod"}))["release"]
    assert (built["env"], built["version"]) == ("staging", "1.2.3-staging")
    assert built["path"] == str(project / "_build/staging/rel/greeter")
    by_variable = dray("show", "config", "--json", cwd=project, env={"MIX_ENV": "staging"})
    assert report(by_variable)["values"] == {"greeter.strip_beams": {"value": "False", "origin": "rel/staging.py:2"}}
    missing = dray("build", "--env", "test", cwd=project)
    assert missing.status == 2
    assert "rel/config.py:5" in missing.err


# plan, show


PLANNED = """
from dray.config import config
from dray import parallel
from dray.steps import assemble, file, release, tar

config("shop", version="{mix}+7")
config("tar", level=9)

build = (
    release("shop", strip_beams={"keep": ["Docs"]})
    | assemble()
    | file("a.txt", content="a")
    | parallel(tar(), tar(name="second.tar.gz", level=1))
)
"""


def test_plan_shows_every_option_that_was_given_and_where(project, golden):
    write_config(project, PLANNED)
    done = dray("plan", cwd=project)
    assert (done.status, done.err) == (0, "")
    golden("plan.txt", done.out)
    golden("plan_set.txt", dray("plan", "build", "--set", "tar.level=3", "--env", "dev", cwd=project).out)
    planned = report(dray("plan", "--json", cwd=project))
    assert [step["step"] for step in planned["steps"]] == ["release", "assemble", "file", "parallel", "tar", "tar"]
    assert planned["steps"][0]["options"]["version"] == {"value": "'{mix}+7'", "origin": "rel/config.py:5"}
    defaults = dray("plan", "--all", cwd=project).out
    assert "include_erts = None" in defaults
    assert dray("build", "--dry-run", cwd=project).out == done.out


def test_show_config_shows_each_value_with_its_place(project, golden):
    write_config(project, PLANNED)
    done = dray("show", "config", cwd=project)
    assert (done.status, done.err) == (0, "")
    golden("show_config.txt", done.out)


def test_a_secret_is_never_shown(project):
    write_config(
        project,
        """
        from dray.config import config, env
        from dray.steps import assemble, release

        config("shop", version=env("SHOP_VERSION"))
        build = release("shop") | assemble()
        """,
    )
    for arguments in (("plan",), ("plan", "--json"), ("show", "config"), ("show", "config", "--json")):
        done = dray(*arguments, cwd=project, env={"SHOP_VERSION": "very-secret"})
        assert "very-secret" not in done.out + done.err, arguments


def test_show_steps_lists_all_steps_with_their_options(tmp_path):
    done = dray("show", "steps", "--json", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    steps = {step["name"]: step for step in json.loads(done.out)}
    assert {"release", "assemble", "overlay", "file", "mix", "script", "tar", "phoenix.digest"} <= set(steps)
    assert set(steps["tar"]["options"]) >= {"name", "level"}
    assert all(step["summary"].endswith(".") for step in steps.values())
    text = dray("show", "steps", cwd=tmp_path).out
    assert all(f"{name}: {step['summary']}" in text or step["package"] != "dray" for name, step in steps.items())


def test_show_facts_tells_what_mix_exs_says(built):
    folder = built("single")
    facts = report(dray("show", "facts", "--json", cwd=folder))
    assert (facts["name"], facts["version"], facts["description"]) == ("greeter", "1.2.3", "Greets whoever asks")
    assert facts["licenses"] == ["Apache-2.0", "MIT"]
    assert facts["maintainers"] == ["Ada", "Grace"]
    text = dray("show", "facts", cwd=folder).out
    assert re.search(r"^licences +Apache-2\.0, MIT$", text, re.MULTILINE)
    assert re.search(r"^project +greeter 1\.2\.3$", text, re.MULTILINE)


# inspect


def test_a_tree_its_tar_and_its_manifest_hold_the_same(shop):
    places = ("rel/shop", "shop-0.1.0.tar.gz", "rel/shop/releases/0.1.0/manifest.json")
    found = [report(dray("inspect", "--json", f"_build/prod/{place}", cwd=shop)) for place in places]
    for item in found:
        item.pop("source")
    assert found[0] == found[1]
    tree = shop / "_build/prod/rel/shop"
    sizes = [path.stat().st_size for path in tree.rglob("*") if path.is_file()]
    assert found[0]["size"] == sum(sizes)
    assert sum(group["files"] for group in found[0]["groups"]) == len(sizes)
    manifest = (tree / "releases/0.1.0/manifest.json").stat().st_size
    assert sum(sizes) - found[2]["size"] in {0, manifest}, "the manifest does not list itself"
    groups = {group["name"]: group for group in found[0]["groups"]}
    assert groups["shop"]["origin"] == "project"
    assert groups["kernel"]["origin"] == "otp"
    assert groups["ERTS"]["origin"] == "runtime"


def test_inspect_shows_a_table_by_size(shop):
    done = dray("inspect", "_build/prod/rel/shop", cwd=shop)
    assert (done.status, done.err) == (0, "")
    rows = done.out.split("\n\n")[1].splitlines()
    assert rows[0].split() == ["part", "version", "from", "files", "size", "share"]
    sizes = [group.size for group in read_inventory(shop / "_build/prod/rel/shop").groups]
    assert sizes == sorted(sizes, reverse=True)
    assert len(rows) == len(sizes) + 1
    assert re.search(r"^  beam\.smp ", done.out, re.MULTILINE)


def test_inspect_writes_a_page_that_needs_nothing_from_elsewhere(shop, tmp_path):
    page = tmp_path / "page.html"
    done = dray("inspect", "_build/prod/rel/shop", "--html", str(page), cwd=shop)
    assert (done.status, done.out) == (0, "")
    assert str(page) in done.err
    text = page.read_text()
    assert text.lower().startswith("<!doctype html>")
    assert "shop_web" in text
    assert "beam.smp" in text
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text)
    both = dray("inspect", "_build/prod/rel/shop", "--html", str(page), "--json", cwd=shop)
    assert report(both)["release"]["name"] == "shop"


def test_inspect_shows_native_code(built):
    tree = built("nif") / "_build/prod/rel/native"
    native = report(dray("inspect", "--json", str(tree), cwd=tree))["native"]
    assert any(item["path"].endswith("priv/adder.so") and "linux" in item["platform"] for item in native)
    text = dray("inspect", str(tree), cwd=tree).out
    assert re.search(r"native code in applications:\n  lib/adder-0\.3\.0/priv/adder\.so +\S*linux", text)


def test_inspect_reads_what_mix_release_made(mix_built):
    tree = mix_built("single", "")
    found = report(dray("inspect", "--json", str(tree), cwd=tree))
    assert {"greeter", "elixir", "kernel", "ERTS"} <= {group["name"] for group in found["groups"]}


def test_what_cannot_be_inspected_is_named(shop, tmp_path):
    (tmp_path / "no.tar.gz").write_bytes(b"\x1f\x8bno archive")
    (tmp_path / "manifest.json").write_text("{")
    cut = (shop / "_build/prod/shop-0.1.0.tar.gz").read_bytes()[:50_000]
    (tmp_path / "cut.tar.gz").write_bytes(cut)
    (tmp_path / "empty").mkdir()
    with tarfile.open(tmp_path / "other.tar", "w") as archive:
        archive.add(__file__, "a.py")
    for name, status in (
        ("missing", 2),
        ("empty", 2),
        ("other.tar", 2),
        ("no.tar.gz", 2),
        ("cut.tar.gz", 4),
        ("manifest.json", 4),
    ):
        done = dray("inspect", name, cwd=tmp_path)
        assert (done.status, done.out) == (status, ""), (name, done.err)
        assert done.err.startswith("error: "), name
        assert name in done.err


# doctor


def test_doctor_is_content_where_a_build_works(shop):
    done = dray("doctor", cwd=shop)
    assert (done.status, done.err) == (0, "")
    assert re.search(r"^ok +Elixir +\d", done.out, re.MULTILINE)
    found = {item["subject"]: item for item in json.loads(dray("doctor", "--json", cwd=shop).out)}
    assert found["project"]["text"] == "mix, rel/config.py"
    assert found["Erlang"]["state"] == "ok"


def test_doctor_says_what_to_install(shop, tmp_path):
    done = dray("doctor", cwd=shop, env={"PATH": str(tmp_path)})
    assert done.status == 1
    assert re.search(
        r"^missing +Erlang +no program erl in PATH\n +hint: .*apt install erlang", done.out, re.MULTILINE
    )
    assert re.search(
        r"^missing +Elixir +no program elixir in PATH\n +hint: .*apt install elixir", done.out, re.MULTILINE
    )
    found = json.loads(dray("doctor", "--json", cwd=shop, env={"PATH": str(tmp_path)}).out)
    assert {item["subject"] for item in found if item["state"] == "missing"} == {"Erlang", "Elixir"}


def test_doctor_works_outside_of_a_project(tmp_path):
    done = dray("doctor", cwd=tmp_path)
    assert done.status == 0
    assert re.search(r"^note +project", done.out, re.MULTILINE)


# completion


def complete_in_bash(words, cwd):
    script = """
        eval "$(dray completion bash)" || exit
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        _dray_completion dray
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    path = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
    done = run("bash", "--norc", "-c", script, "bash", *words, cwd=cwd, env=path)
    assert (done.status, done.err) == (0, ""), done.err
    return done.out.split()


def test_bash_completes_commands_options_and_pipelines(project):
    write_config(
        project, "from dray.steps import release\n\nbuild = release()\nbundle = release()\n_own = release()\nx = 1\n"
    )
    assert complete_in_bash(["dray", ""], project) == [
        *(
            "init",
            "build",
            "run",
            "deploy",
            "setup",
            "status",
            "rollback",
            "logs",
            "rpc",
            "remote",
            "hosts",
            "unlock",
            "plan",
            "show",
            "export",
            "diff",
            "rehearse",
            "inspect",
            "apt",
            "doctor",
            "completion",
        )
    ]
    assert complete_in_bash(["dray", "pl"], project) == ["plan"]
    assert complete_in_bash(["dray", "show", ""], project) == ["config", "facts", "steps", "templates"]
    assert complete_in_bash(["dray", "build", "--dry"], project) == ["--dry-run"]
    assert complete_in_bash(["dray", "run", ""], project) == ["build", "bundle"]
    assert complete_in_bash(["dray", "plan", "bun"], project) == ["bundle"]
    assert complete_in_bash(["dray", "completion", "z"], project) == ["zsh"]


def test_completion_of_pipelines_is_silent_where_the_configuration_is_broken(project, tmp_path):
    (project / "rel/config.py").write_text("syntax error\n")
    assert complete_in_bash(["dray", "run", ""], project) == []
    assert complete_in_bash(["dray", "run", "b"], tmp_path) == ["build"]


SOURCED = {
    "bash": ("bash", "--norc", "-c", 'eval "$(dray completion bash)" && complete -p dray'),
    "zsh": (
        "zsh",
        "-f",
        "-c",
        'autoload -U compinit && compinit -D; eval "$(dray completion zsh)" && print $_comps[dray]',
    ),
    "fish": ("fish", "--no-config", "-c", "dray completion fish | source; complete -C 'dray pl'"),
}


@pytest.mark.parametrize("shell", list(SOURCED))
def test_a_shell_understands_its_completion_script(project, shell):
    script = dray("completion", shell, cwd=project)
    assert (script.status, script.err) == (0, "")
    assert f"{shell}_complete" in script.out
    if shutil.which(shell) is not None:
        path = {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "HOME": str(project)}
        done = run(*SOURCED[shell], cwd=project, env=path)
        assert (done.status, done.err) == (0, ""), done.err
        assert "dray" in done.out or "plan" in done.out


# A terminal and a pipe.


def in_terminal(*arguments, cwd, env=None):
    """Run dray with standard error on a terminal; return its status and what the terminal and standard output got."""
    ours, theirs = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "CI"}}
    process = subprocess.Popen(
        (sys.executable, "-m", "dray", *arguments),
        cwd=cwd,
        env={**own, "TERM": "xterm-256color", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = bytearray()

    def read():
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                return
            if not part:
                return
            shown.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=120)
    reader.join()
    os.close(ours)
    return process.returncode, shown.decode(), out.decode()


def test_a_terminal_shows_steps_in_colour_and_ends_clean(project):
    status, shown, out = in_terminal("build", cwd=project)
    assert (status, out) == (0, "")
    assert COLOURS.search(shown)
    assert re.search(r"✓.* release ", shown)
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h"), "the cursor is shown again"


def test_a_terminal_without_colour_has_none(project):
    for env in ({"NO_COLOR": "1"},):
        (project / "apps/shop/lib/shop.ex").touch()
        _, shown, _ = in_terminal("build", cwd=project, env=env)
        assert re.search(r"✓ release ", shown)
        assert not [code for code in COLOURS.findall(shown) if re.search(r"\[(?:3|4|9|10)\d", code)]


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}], ids=["dumb", "ci"])
def test_a_terminal_that_can_do_nothing_gets_plain_lines(project, env):
    _, shown, _ = in_terminal("build", cwd=project, env=env)
    assert not ESCAPES.search(shown)
    assert re.search(r"^release +\d", shown, re.MULTILINE)


def test_json_stays_clean_on_a_terminal(project):
    status, shown, out = in_terminal("build", "--json", cwd=project)
    assert status == 0
    assert json.loads(out)["release"]["name"] == "shop"
    assert "✓" in shown


def test_a_pipe_gets_plain_lines(project):
    done = dray("build", "--force", cwd=project)
    assert done.status == 0
    assert not ESCAPES.search(done.out + done.err)
    assert "\r" not in done.err
    assert re.search(r"^  \| Compiling ", done.err, re.MULTILINE)


def test_an_error_on_a_terminal_leaves_the_cursor(project):
    (project / "apps/shop/lib/shop.ex").write_text("defmodule Shop do\n  nonsense(\nend\n")
    status, shown, _ = in_terminal("build", cwd=project)
    assert status == 1
    assert "error: " in shown
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")


# Help, version, exit statuses.


def test_help_lists_the_commands(tmp_path, golden):
    done = dray("--help", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    golden("help.txt", done.out)
    assert dray("-h", cwd=tmp_path).out == done.out


@pytest.mark.parametrize(
    "command",
    [
        *("init", "build", "run", "deploy", "plan", "show", "inspect", "doctor", "completion"),
        *("show config", "show steps", "show facts"),
    ],
)
def test_every_command_has_help(tmp_path, command):
    done = dray(*command.split(), "--help", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(f"Usage: dray {command}")


def test_the_version_is_one_line(tmp_path):
    done = dray("--version", cwd=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert re.fullmatch(r"dray \d+\.\d+\.\d+\S*\n", done.out)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("biuld",), "did you mean 'build'?"),
        (("build", "--jsno"), "--json"),
        (("run",), "PIPELINE"),
        (("show", "nothing"), "nothing"),
        (("completion", "tcsh"), "'bash', 'zsh', 'fish'"),
        (("build", "a", "b"), "b"),
    ],
)
def test_a_wrong_command_line_is_status_2(tmp_path, arguments, words):
    done = dray(*arguments, cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize("command", ["build", "plan", "init", "show facts", "show config"])
def test_outside_of_a_project_it_says_so(tmp_path, command):
    done = dray(*command.split(), cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert "mix.exs" in done.err
    assert not list(tmp_path.iterdir())


def test_a_step_that_fails_is_status_1_and_names_the_line(project):
    write_config(
        project,
        """
        from dray.steps import assemble, release

        def explode(release, ctx):
            return release.add(1 / 0)

        build = release("shop") | assemble() | explode
        """,
    )
    done = dray("build", "--json", cwd=project)
    assert (done.status, done.out) == (1, "")
    assert "error: the step explode failed: " in done.err
    assert "rel/config.py:4" in done.err


def test_a_tool_that_fails_is_status_1_and_its_output_is_shown_once(project):
    (project / "apps/shop/lib/shop.ex").write_text("defmodule Shop do\n  nonsense(\nend\n")
    done = dray("build", "--json", cwd=project)
    assert (done.status, done.out) == (1, "")
    assert len(re.findall("TokenMissingError|SyntaxError", done.err)) == 1, done.err
    quiet = dray("build", "--quiet", cwd=project)
    assert len(re.findall("TokenMissingError|SyntaxError", quiet.err)) == 1, quiet.err
