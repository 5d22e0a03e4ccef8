import Config

# Known when the release is built.
config :shop, stock: [lamp: 12, book: 40, song: :unlimited]
config :shop_web, greeting: "Welcome to the shop"
