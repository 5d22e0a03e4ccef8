"""What ``rel/config.py`` is written with.

    from dray.config import config, config_env, env, import_config, secret

The names feel like those of ``config/config.exs``; see ``dray.config.reader`` for how the file is read.
"""

from dray.config.language import config, config_env, env, import_config, secret

__all__ = ["config", "config_env", "env", "import_config", "secret"]
