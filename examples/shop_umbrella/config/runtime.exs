import Config

# Known only on the server, when the release starts.
config :shop, currency: System.get_env("SHOP_CURRENCY", "EUR")
config :shop_web, port: String.to_integer(System.get_env("PORT", "4040"))
