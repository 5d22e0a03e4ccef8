import Config

config :evolving,
  worker: :settled,
  secret: System.get_env("EVOLVING_SECRET", "none"),
  size: String.to_integer(System.get_env("EVOLVING_SIZE", "3"))
