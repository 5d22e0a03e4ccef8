defmodule Spare do
  @moduledoc false
  def part, do: :wheel
end
