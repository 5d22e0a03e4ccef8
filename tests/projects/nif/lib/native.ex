defmodule Native do
  @moduledoc "Adds in C."
  defdelegate add(a, b), to: Adder
end
