import Config

config :upgraded, greeting: System.get_env("GREETING", "hello")
