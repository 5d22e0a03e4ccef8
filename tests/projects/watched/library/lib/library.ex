defmodule Library do
  @moduledoc "A dependency beside the project."
  def number, do: 1
end
