defmodule Shared do
  @moduledoc "Is compiled from a folder outside of the project."
  def number, do: 1
end
