import Config

config :providers, colour: :green, from_file: "not read", from_runtime: "not read"
config :logger, level: :warning
import_config "#{config_env()}.exs"
