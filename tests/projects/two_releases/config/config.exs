import Config
config :beta, colour: "blue", nested: [left: 1, right: [deep: true]]
