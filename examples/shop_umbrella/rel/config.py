"""How the shop is built. dray reads this file from top to bottom; `dray plan` shows what it means."""

from dray.config import config
from dray.steps import assemble, file, release, tar, upgrade

config("tar", name="{name}-{version}.tar.gz")

build = (
    release("shop")
    | assemble()
    | file(
        "share/README",
        content="The shop. Start it with bin/shop start, then ask it: curl localhost:4040/price/lamp\n",
    )
    | upgrade()
    | tar()
)
