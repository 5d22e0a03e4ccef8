import Config
config :watched, secret: System.fetch_env!("ONLY_ON_THE_HOST")
