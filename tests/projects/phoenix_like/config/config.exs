import Config

config :pages, Pages.Endpoint, port: String.to_integer(System.get_env("PAGES_PORT") || "4321")
