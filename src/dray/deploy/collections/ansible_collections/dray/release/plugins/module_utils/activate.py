"""Does what a deployment intends, by ``host.sh``: the only part that changes the host."""

from __future__ import annotations

import time
import uuid

from ansible_collections.dray.release.plugins.module_utils.deployment import DeploymentError, format_audit
from ansible_collections.dray.release.plugins.module_utils.host import BAD, look_at_host
from ansible_collections.dray.release.plugins.module_utils.kit import Kit
from ansible_collections.dray.release.plugins.module_utils.session import HostError, Session
from ansible_collections.dray.release.plugins.module_utils.stage import write_stage

SHOWN_LINES = 20
NEW_VARIABLES = "the variables of the service have changed"


def carry_out(intent, store):
    """Do what is to be done, and return what the task reports."""
    result, started = intent.describe(), time.time()
    kit = Kit(store.read_verified("files", intent.entry["kit"]))
    with Session(kit.script, intent.host.root) as session:
        try:
            session.ask("begin")
            session.ask("lock", uuid.uuid4().hex, f"{intent.request.who} deploys {intent.request.name}")
            bring(intent, store, kit, session)
        except HostError as error:
            raise DeploymentError(f"nothing was switched: {error}", log=session.log) from error
        result["fetched"] = store.fetched
        if intent.switches:
            result.update(follow(intent, session))
        result["seconds"] = round(time.time() - started, 2)
        finish(intent, session, result)
    return result


def bring(intent, store, kit, session):
    """Make the host ready, and put the version beside the others; what runs is not touched."""
    entry = intent.entry
    if intent.sets_up:
        setup = kit.find_setup(session.find_fact("init"))
        session.ask("setup", str(len(setup)), payload=setup)
        with open(f"{intent.host.root}/.dray/kit", "w", encoding="utf-8") as file:
            file.write("{}\n".format(entry["kit"]))
    if intent.installs:
        digest = entry["manifest"]
        write_stage(intent.host.root, digest, intent.manifest, intent.plan, store, session.stay_alive)
        session.ask("install", digest, intent.version, "-", entry["source"])


def follow(intent, session):
    """Take the host to the version, or back to what it ran, and return what is known now."""
    try:
        report = switch(intent, session)
        check(intent, session)
        session.ask("settle", intent.version, *([intent.environment_digest] if intent.sets_variables else []))
    except HostError as error:
        raise take_back(intent, session, str(error)) from error
    if not intent.host.running:
        return {"mode": "start", "reasons": []}
    return {"mode": report.get("mode", ""), "reasons": list(report.get("reasons", []))}


def switch(intent, session):
    """Let the version run, with the service's variables where those are new, and return what the launcher reports."""
    if not intent.sets_variables:
        return session.report("activate", intent.version, intent.request.upgrade)
    session.ask("environment", str(len(intent.environment)), payload=intent.environment)
    session.ask("activate", intent.version, "anew")
    return {"mode": "restart", "reasons": [NEW_VARIABLES]}


def check(intent, session):
    """Wait until the release is ready, and until all else is well that the task asks for."""
    for kind, what in [("ready", "")] + [parse_check(text) for text in intent.request.checks]:
        session.ask("check", str(intent.request.timeout), kind, what)


def parse_check(text):
    """Return the kind of a check, and what is checked."""
    plain = text.strip()
    if plain.startswith(("http://", "https://")):
        return "http", plain
    if plain.startswith("elixir:"):
        return "expression", plain[len("elixir:") :].strip()
    return "command", plain


def take_back(intent, session, why):
    """Take the host back to what it ran before, and return the error that says so."""
    before, then = intent.host.running, ""
    try:
        session.ask("tail", str(SHOWN_LINES))
        session.ask("mark", intent.version, BAD)
        if intent.sets_variables:
            session.ask("environment_back")
        state = look_at_host(intent.host.root)
        if before and (intent.sets_variables or state.running != before):
            session.ask("activate", before, "anew" if intent.sets_variables else "auto")
            session.ask("check", str(intent.request.timeout), "ready", "")
        elif not before and state.run_state != "stopped":
            session.ask("stop")
    except HostError as worse:
        then = f"; then: {worse}"
    running = look_at_host(intent.host.root).running
    back = running == before
    now = f"runs {running}" if running else "runs nothing"
    outcome = "rolled back" if back else "failed"
    try:
        session.ask("audit", format_audit(intent, outcome, intent.request.who, why=why))
    except HostError as error:
        then += f"; {error}"
    return DeploymentError(
        "{} {} was not well: {}{}; the host {}{}".format(
            intent.request.name, intent.version, why, then, now, " again" if back and running else ""
        ),
        version=running,
        previous=before,
        rolled_back=back,
        changed=not back,
        log=session.log,
    )


def finish(intent, session, result):
    """Write the audit log, and remove the versions that need not stay."""
    try:
        outcome = "done" if intent.switches else "installed"
        session.ask("audit", format_audit(intent, outcome, intent.request.who, mode=result["mode"]))
        if intent.switches:
            for version in look_at_host(intent.host.root).list_removable(intent.request.keep, intent.host.running):
                session.ask("remove", version)
    except HostError as error:
        result["warnings"] = [str(error)]
