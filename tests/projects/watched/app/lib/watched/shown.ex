defprotocol Watched.Shown do
  @moduledoc "Is consolidated."
  def show(value)
end

defimpl Watched.Shown, for: Integer do
  def show(value), do: Integer.to_string(value)
end
