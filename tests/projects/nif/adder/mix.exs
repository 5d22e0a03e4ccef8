defmodule Mix.Tasks.Compile.Adder do
  use Mix.Task.Compiler

  @impl true
  def run(_) do
    root = File.cwd!()
    include = Path.join([:code.root_dir(), "usr", "include"])
    target = Path.join(root, "priv/adder.so")
    source = Path.join(root, "c_src/adder.c")

    if not File.exists?(target) or File.stat!(target).mtime <= File.stat!(source).mtime do
      File.mkdir_p!(Path.dirname(target))
      {_, 0} = System.cmd("cc", ["-shared", "-fPIC", "-O2", "-I", include, "-o", target, source], into: IO.stream())
      Mix.Project.build_structure()
    end

    :ok
  end
end

defmodule Adder.MixProject do
  use Mix.Project

  def project do
    [app: :adder, version: "0.3.0", compilers: [:adder | Mix.compilers()], package: [licenses: ["MIT"]], deps: []]
  end

  def application, do: []
end
