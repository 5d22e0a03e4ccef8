import Config

config :evolving, greeting: "hello", pool: 2
