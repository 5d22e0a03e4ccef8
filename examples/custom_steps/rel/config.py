"""How the press is built: with a plugin's step, with its own steps, and with one in the place of dray's."""

from dray_motd import motd
from rel.steps import count_files, tar

from dray.config import config
from dray.steps import assemble, mix, release, script

config("motd", text="Good morning")

build = (
    release("press")
    | assemble()
    | motd()
    | mix("Press.write_headlines")
    | script("rel/stamp", inputs=["mix.exs"])
    | count_files
    | tar()
)

# The same without the archive, for looking at the tree: dray run tree
tree = build.without("tar")
