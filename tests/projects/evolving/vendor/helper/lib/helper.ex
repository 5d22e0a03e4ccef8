defmodule Helper do
  def answer, do: 1
end
