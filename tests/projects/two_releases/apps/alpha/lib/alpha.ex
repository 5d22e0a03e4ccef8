defmodule Alpha do
  @moduledoc "Is alpha."
  def name, do: "alpha"
end
