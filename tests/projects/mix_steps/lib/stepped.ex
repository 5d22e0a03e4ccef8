defmodule Stepped do
  @moduledoc "Is built with steps of its own."
  def name, do: "stepped"
end

defmodule Stepped.Steps do
  @moduledoc "Functions for `steps:` of mix.exs and for the step `mix` of dray."

  def describe(release) do
    File.mkdir_p!(Path.join(release.path, "share"))
    File.write!(Path.join(release.path, "share/steps.txt"), "#{release.name} #{release.version}\n")
    %{release | overlays: ["share/steps.txt" | release.overlays]}
  end

  def write_manual(release, language) do
    File.mkdir_p!(Path.join(release.add, "share"))
    text = "#{release.name} #{release.version} in #{language}, #{length(release.applications)} applications\n"
    File.write!(Path.join(release.add, "share/manual.txt"), text)
  end

  def returns_something_else(_), do: {:error, :reason}
end
