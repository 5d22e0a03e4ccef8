import Config
config :watched, limit: 10
