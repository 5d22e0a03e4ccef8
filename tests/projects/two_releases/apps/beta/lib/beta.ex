defmodule Beta do
  @moduledoc "Is beta."
  def name, do: "beta"
end
