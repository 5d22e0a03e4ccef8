import Config

config :providers, from_runtime: System.fetch_env!("ONLY_ON_THE_HOST"), limits: [high: 10]
