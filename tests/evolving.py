"""What changes in the project ``evolving`` from its first version to the next one."""

from __future__ import annotations

COUNTER = """defmodule Evolving.Counter do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)
  def next, do: GenServer.call(__MODULE__, :next)
  def init(counts), do: {:ok, counts}

  def handle_call(:next, _from, counts) do
    counts = Map.update(counts, :all, 1, &(&1 + 1))
    {:reply, {:counted, counts.all}, counts}
  end

  def code_change({:down, _}, counts, _extra), do: {:ok, Map.get(counts, :all, 0)}

  def code_change(_, count, _extra) do
    if System.get_env("EVOLVING_BREAK") == "code_change", do: raise("it breaks")
    {:ok, %{all: count}}
  end
end
"""
CODE_CHANGE = """handle_cast(_, Total) -> {noreply, Total}.
code_change({down, _}, Total, _) -> {ok, lists:sum(Total)};
code_change(_, Total, _) -> {ok, [Total]}."""
TALLY = {
    "src/evolving_tally.erl": (
        ("handle_cast/2]", "handle_cast/2, code_change/3]"),
        ("init([]) -> {ok, 0}.", "init([]) -> {ok, [0]}."),
        ("{reply, ok, Total + Number}", "{reply, ok, [Number | Total]}"),
        ("{reply, Total, Total}", "{reply, {sum, lists:sum(Total)}, Total}"),
        (
            "handle_cast(_, Total) -> {noreply, Total}.",
            CODE_CHANGE,
        ),
    )
}
DOOR = {
    "src/evolving_door.erl": (
        ("{ok, closed, 0}", "{ok, closed, #{pushes => 0}}"),
        ("push, Pushes) ->", "push, #{pushes := Pushes}) ->"),
        ("Pushes + 1,", "#{pushes => Pushes + 1},"),
        ("look, Pushes) ->", "look, #{pushes := Pushes}) ->"),
        (
            "code_change(_, State, Data, _) -> {ok, State, Data}.",
            "code_change(_, State, N, _) -> {ok, State, #{pushes => N}}.",
        ),
    )
}
STATES = {"lib/evolving/counter.ex": COUNTER, **TALLY, **DOOR}

INLINE = (
    ("      {Evolving.Worker, :one},\n      {Evolving.Worker, :two},\n", "      {Evolving.Worker, :three},\n"),
    ("      Evolving.Team,\n", "      Evolving.Team,\n      {Evolving.Worker, :two},\n"),
    ("Worker, :deep}]", "Worker, :deeper}, {Evolving.Worker, :deep}]"),
    ("children, strategy: :one_for_one", "children, strategy: :rest_for_one, max_restarts: 9"),
)
TEAM = (
    (
        "[{Evolving.Worker, :red}, {Evolving.Worker, :green}, {Evolving.Worker, :blue}]",
        """[
      {Evolving.Worker, :blue},
      Map.put(Evolving.Worker.child_spec(:green), :restart, :transient),
      {Evolving.Worker, :yellow}
    ]""",
    ),
    ("strategy: :one_for_one", "strategy: :one_for_all"),
)
SETTING = (("worker: :settled", "worker: :moved"),)
RESHAPED = {
    "lib/evolving/application.ex": INLINE,
    "lib/evolving/team.ex": TEAM,
    "config/runtime.exs": SETTING,
}


SHAPE = """defprotocol Evolving.Shape do
  def name(shape)
  def corners(shape)
end

defimpl Evolving.Shape, for: Integer do
  def name(_), do: "whole number"
  def corners(_), do: 0
end

defimpl Evolving.Shape, for: BitString do
  def name(_), do: "text"
  def corners(text), do: byte_size(text)
end

defimpl Evolving.Shape, for: Float do
  def name(_), do: "number"
  def corners(_), do: 1
end
"""
PROTOCOLS = {"lib/evolving/shape.ex": SHAPE}
APPLICATIONS = {
    "mix.exs": (('{:spare, path: "vendor/spare"}', '{:extra, path: "vendor/extra"}'),),
    "vendor/helper/lib/helper.ex": (("do: 1", "do: 2"),),
    "lib/evolving.ex": (("def answer, do: Helper.answer()", "def answer, do: 10 * Helper.answer()"),),
    "priv/note.txt": "second\n",
    "lib/evolving/fresh.ex": "defmodule Evolving.Fresh do\n  def here?, do: true\nend\n",
}
CONFIG = {
    "config/config.exs": (('greeting: "hello", pool: 2', 'greeting: "welcome", added: :yes'),),
    "config/runtime.exs": (
        ("worker: :settled", "worker: :moved"),
        ("  size: ", '  extra: System.get_env("EVOLVING_EXTRA", "none"),\n  size: 10 * '),
    ),
}
HOOK = """echo "{point} $RELEASE_VSN" >>"$RELEASE_TMP/hooks"
if [ "$EVOLVING_BREAK" = "{point}" ]; then
  exit 9
fi
"""
HOOKS = {
    f"rel/hooks/{point}/note.sh": HOOK.format(point=point) for point in ("pre_upgrade", "post_upgrade", "status")
}
SECOND = {**STATES, **RESHAPED, **PROTOCOLS, **APPLICATIONS, **CONFIG, **HOOKS}
