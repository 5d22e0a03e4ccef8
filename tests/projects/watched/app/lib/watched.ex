defmodule Watched do
  @moduledoc "Is compiled from all that a build can depend on."

  @colour Application.compile_env(:watched, :colour)
  @inside "words/inside.txt"
  @outside "../shared/words/outside.txt"
  @external_resource @inside
  @external_resource @outside
  @words {File.read!(@inside), File.read!(@outside)}

  def colour, do: @colour
  def words, do: @words
  def number, do: 1
end
