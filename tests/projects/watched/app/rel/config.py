from dray.config import config
from dray.steps import assemble, release

config("watched", include_erts=False)

build = release("watched") | assemble()
