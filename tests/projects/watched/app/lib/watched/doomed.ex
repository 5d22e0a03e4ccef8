defmodule Watched.Doomed do
  @moduledoc "A module that nobody misses."
  def here, do: true
end
