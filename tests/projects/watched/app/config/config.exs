import Config

config :watched, colour: :green, from_variable: System.get_env("COLOUR")
import_config "#{config_env()}.exs"
if File.exists?("config/local.exs"), do: import_config("local.exs")
