import Config

config :evolving,
  worker: :settled,
  closure: fn -> :made end,
  title: System.get_env("EVOLVING_TITLE", "none"),
  size: String.to_integer(System.get_env("EVOLVING_SIZE", "3"))
