[inputs: ["mix.exs", "config/*.exs", "apps/*/{lib,test}/**/*.{ex,exs}", "apps/*/mix.exs"]]
