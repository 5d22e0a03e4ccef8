defmodule Press do
  @moduledoc "Is here to be built with steps of its own."

  def headline, do: "extra, extra"

  @doc "Called by the step `mix` of rel/config.py: what it writes below `add` becomes part of the release."
  def write_headlines(release) do
    folder = Path.join(release.add, "share")
    File.mkdir_p!(folder)
    File.write!(Path.join(folder, "headlines.txt"), "#{headline()} about #{release.name}\n")
  end
end
