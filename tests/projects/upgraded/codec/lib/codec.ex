defmodule Codec do
  @moduledoc false
  def encode(value), do: "<#{value}>"
end
