%% Finds out what an upgrade has to do in the running node, and what stands against it, before anything changes: the
%% configuration, as this node was configured by the providers of the new version; the consolidated protocols; and the
%% children of supervisors.
-module(dray_plan).

-export([make/4]).

-import(dray_lib, [boot_script/0, call/4, release_file/2, stop/2, text/2, variable/1]).

-define(BUSY_LIMIT, 5000).

%% Returns the plan as dray_node takes it, without what it is told when it begins; ends the upgrade where a restart is
%% needed.
-spec make(node(), string(), string(), [term()]) -> map().
make(Node, From, To, Script) ->
    Config = [{Application, environment(Application)} || {Application, _, _} <- application:loaded_applications()],
    Tree = call(Node, dray_node, read_tree, []),
    Protocols = plan_protocols(From, To),
    Changed = changed_modules(Script) ++ maps:get(changed, Protocols) ++ changed_config(Node, Config),
    Affected = dray_mentions:find_affected(own_modules(), Changed),
    {Children, Unknown} = dray_children:plan(Tree, Affected),
    Suspended = lists:append([[module_of(Module) || Module <- Modules] || {suspend, Modules} <- Script]),
    Reasons = Unknown ++ list_without_supervisor(Tree, Suspended) ++ list_busy(Node, Suspended),
    Reasons =:= [] orelse stop(10, [{reason, Reason} || Reason <- Reasons]),
    #{config => Config, children => Children, protocols => Protocols}.

module_of({Module, _Timeout}) -> Module;
module_of(Module) -> Module.

%% What the providers of the new version made of an application's environment, in this very node. What this node's own
%% command line says is not meant for the other one, nor what an application has found out here when it started: Elixir
%% keeps whether there is a terminal.
environment(Application) ->
    Own = case init:get_argument(Application) of
              {ok, Given} -> [list_to_atom(Key) || [Key | _] <- Given];
              error -> []
          end,
    [{Application, Configured}] = dray_environment:read([Application]),
    [Pair || {Key, _} = Pair <- Configured, not lists:member(Key, Own)].

changed_config(Node, Config) ->
    Current = call(Node, dray_environment, read, [[Application || {Application, _} <- Config]]),
    [Application || {Application, Env} <- Config, lists:sort(Env) =/= proplists:get_value(Application, Current)].

changed_modules(Script) ->
    [Module || {Instruction, {Module, _, _}} <- Script, Instruction =:= load orelse Instruction =:= remove].

%% The modules of this version that are neither Erlang's nor Elixir's: these mention none of ours. A boot script finds
%% OTP's applications below $ROOT and all others below $RELEASE_LIB.
own_modules() ->
    Folders = lists:usort(lists:append([Folders || {path, Folders} <- boot_script()])),
    Own = [Rest || "$RELEASE_LIB/" ++ Rest <- Folders, not is_elixir(Rest)],
    lists:append([filelib:wildcard(filename:join([variable("RELEASE_ROOT"), "lib", Rest, "*.beam"])) || Rest <- Own]).

is_elixir(Folder) ->
    [Name | _] = string:split(Folder, "-"),
    lists:member(Name, ["..", "elixir", "eex", "ex_unit", "iex", "logger", "mix"]).

plan_protocols(From, To) ->
    {Old, New} = {protocols_of(From), protocols_of(To)},
    Load = [{Module, File, Binary}
            || {Module, {File, Binary}} <- maps:to_list(New), not is_same_code(Binary, maps:get(Module, Old, none))],
    Remove = maps:keys(maps:without(maps:keys(New), Old)),
    #{load => Load, remove => [Module || Module <- Remove], path => {release_file(From, "consolidated"), path_of(To)},
      changed => [Module || {Module, _, _} <- Load] ++ Remove}.

path_of(Version) ->
    Folder = release_file(Version, "consolidated"),
    case filelib:is_dir(Folder) of
        true -> Folder;
        false -> none
    end.

is_same_code(Binary, {_, Binary}) -> true;
is_same_code(Binary, {_, Old}) -> beam_lib:md5(Binary) =:= beam_lib:md5(Old);
is_same_code(_, none) -> false.

protocols_of(Version) ->
    Files = filelib:wildcard(filename:join(release_file(Version, "consolidated"), "*.beam")),
    maps:from_list([read_protocol(File) || File <- Files]).

read_protocol(File) ->
    {ok, Binary} = file:read_file(File),
    {list_to_atom(filename:basename(File, ".beam")), {File, Binary}}.

%%% What stands against it.

%% release_handler looks for the processes to suspend below the supervisor of every application; one without ends the
%% search, and the upgrade.
list_without_supervisor(_, []) ->
    [];
list_without_supervisor(Tree, _) ->
    [text("the application ~ts has no top supervisor, so release_handler cannot find the processes to suspend",
          [Application]) || {Application, _, {other, _}} <- Tree].

%% release_handler goes on without a process that it cannot suspend: its state would never be changed.
list_busy(_, []) ->
    [];
list_busy(Node, Modules) ->
    [text("~tp (~tp) does not answer within ~b s, so it cannot be suspended", [Id, Pid, ?BUSY_LIMIT div 1000])
     || {Id, Pid} <- call(Node, dray_node, find_busy, [Modules, ?BUSY_LIMIT])].
