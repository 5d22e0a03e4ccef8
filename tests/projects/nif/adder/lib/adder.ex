defmodule Adder do
  @moduledoc false
  @on_load :load

  def load, do: :erlang.load_nif(Application.app_dir(:adder, "priv/adder"), 0)
  def add(_a, _b), do: :erlang.nif_error(:not_loaded)
end
