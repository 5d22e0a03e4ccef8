"""tmp."""
from __future__ import annotations
import os, sys
from pathlib import Path
def main() -> None:
    from dray.engine import Engine
    from dray.core.context import Context
    from dray.core.step_options import Overrides
    from dray.config.reader import open_configuration
    from dray.console import open_console
    from dray.shell import LocalShell
    from dray.clock import SystemClock
    from dray.template.environment import TemplateFolder
    console=open_console(os.environ)
    root=Path.cwd(); env='prod'
    work=root/'_build'/env/'.dray'; work.mkdir(parents=True,exist_ok=True)
    with open_configuration(root, env) as conf:
        from dray.steps import release, assemble, tar
        pl=conf.pipelines.get(sys.argv[1] if len(sys.argv)>1 else 'build') or (release()|assemble())
        ctx=Context(root,work,env,conf.settings,LocalShell(console.output),TemplateFolder(),console,SystemClock(),dict(os.environ))
        r=Engine(ctx,console,Overrides()).run(pl)
