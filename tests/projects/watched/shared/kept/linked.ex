defmodule Watched.Linked do
  def number, do: 1
end
