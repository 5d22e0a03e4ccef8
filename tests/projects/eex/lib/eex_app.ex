defmodule EexApp do
  @moduledoc "Has templates of its own."
  def flag, do: :erlang.system_info(:process_limit)
end
