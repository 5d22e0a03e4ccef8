import Config
config :providers, limits: [low: 1]
