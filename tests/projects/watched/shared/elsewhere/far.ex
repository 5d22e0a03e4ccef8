defmodule Watched.Far do
  def number, do: 1
end
