import Config

config :pages, Pages.Endpoint, port: String.to_integer(System.get_env("PORT") || "4321")
