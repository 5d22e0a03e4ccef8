defprotocol Upgraded.Shown do
  @moduledoc false
  def show(value)
end

defimpl Upgraded.Shown, for: Integer do
  def show(value), do: Codec.encode(value)
end

defmodule Upgraded.Text do
  @moduledoc false
  def show(value), do: Upgraded.Shown.show(value)
end

defmodule Upgraded.Old do
  @moduledoc false
  def old?, do: true
end
