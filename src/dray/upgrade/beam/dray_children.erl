%% What becomes of the children of a running system's supervisors when another version takes over.
%%
%% The running tree is read on the running node (dray_node:read_tree/0); what the new version's children are, its own
%% code says, in this node, with the configuration that was computed for it: init/1 of a supervisor module, or start/2 of
%% an application that lists its children inline. For start/2, the callback module of such supervisors is replaced by one
%% that notes the children instead of starting them.
%%
%% A supervisor that nothing mentions of what has changed (dray_mentions) keeps its children and is not asked. Where the
%% new children cannot be known, the reason is said, and the upgrade needs a restart.
-module(dray_children).

-export([plan/2]).

-import(dray_lib, [show/1, text/2]).

-define(INLINE, 'Elixir.Supervisor.Default').
-define(TIMEOUT, 5000).
-define(COLLECTOR, dray_children_collector).

%% Returns what dray_node has to do, a map for each supervisor that changes, and why it cannot be known, in words.
-spec plan([{atom(), term(), map() | {other, term()}}], #{atom() => true}) -> {[map()], [string()]}.
plan(Tree, Affected) ->
    Planned = [plan_application(Application, Top, Affected) || {Application, _, #{} = Top} <- Tree],
    {Operations, Reasons} = lists:unzip(Planned),
    {lists:append(Operations), lists:append(Reasons)}.

plan_application(Application, Top, Affected) ->
    try
        {plan_top(Application, Top, Affected), []}
    catch
        throw:{unknown, Reason} ->
            {[], [text("~ts: its children cannot be told beforehand: ~ts", [show(Application), Reason])]}
    end.

plan_top(Application, #{module := Module} = Top, Affected) ->
    case application:get_key(Application, mod) of
        {ok, {Callback, Argument}} ->
            case {is_affected([Callback], Affected), Module} of
                {true, ?INLINE} ->
                    require_call(Callback, {'Elixir.Supervisor', start_link, 2}),
                    compare(Top, call_start(Callback, Argument), Affected);
                {true, _} ->
                    require_mention(Callback, Module),
                    plan_module(Top, Affected);
                {false, _} ->
                    plan_module(Top, Affected)
            end;
        _ ->
            [] % the new version does not have it, or has nothing to start
    end.

%% start/2 of the new version is only called where it is sure to begin as the old one did: with an inline supervisor.
require_call(Callback, Function) ->
    {ok, {_, [{imports, Imports}]}} = beam_lib:chunks(code:which(Callback), [imports]),
    lists:member(Function, Imports) orelse
        throw({unknown, text("~ts does not start its supervisor as before", [show(Callback)])}).

require_mention(Callback, Module) ->
    {ok, {_, [{atoms, Atoms}]}} = beam_lib:chunks(code:which(Callback), [atoms]),
    Module =:= dynamic orelse lists:keymember(Module, 2, Atoms) orelse
        throw({unknown, text("~ts does not start ~ts any more", [show(Callback), show(Module)])}).

plan_module(#{module := dynamic}, _) ->
    [];
plan_module(#{module := ?INLINE} = Supervisor, Affected) ->
    plan_below(Supervisor, Affected); % what its parent says of it is the same, so its children are
plan_module(#{module := Module, args := Args} = Supervisor, Affected) ->
    case is_affected([Module | dray_mentions:atoms(Args)], Affected) of
        true -> compare(Supervisor, call_init(Module, Args), Affected);
        false -> plan_below(Supervisor, Affected)
    end.

plan_below(#{children := Children}, Affected) ->
    lists:append([plan_module(Below, Affected) || #{below := #{} = Below} <- Children]).

%%% The comparison.

compare(_, ignore, _) ->
    throw({unknown, "the new version does not start it"});
compare(#{pid := Pid, module := Module, args := OldArgs, children := Children} = Supervisor, New, Affected) ->
    {Flags, Specs} = New,
    Wanted = [normalise(Spec) || Spec <- Specs],
    [refuse_local(Spec) || Spec <- Wanted],
    Old = [{Id, Child} || #{id := Id} = Child <- Children],
    {Kept, Changed, Below} = compare_children(Old, Wanted, Affected),
    Gone = [Id || {Id, _} <- Old, not has(Id, Wanted)],
    Fresh = [Id || #{id := Id} <- Wanted, not lists:keymember(Id, 1, Old)],
    Start = [Id || #{id := Id} <- Wanted, lists:member(Id, Fresh ++ Changed)],
    Args = new_args(Module, OldArgs, {ok, {Flags, Specs}}),
    IsSame = Args =:= same andalso maps:get(flags, Supervisor) =:= flags(Flags) andalso Gone =:= [] andalso Start =:= [] andalso not is_reordered(Old, Wanted)
        andalso Kept =:= equal,
    Stop = [Id || {Id, _} <- lists:reverse(Old), lists:member(Id, Gone ++ Changed)],
    Own = #{supervisor => Pid, name => maps:get(name, Supervisor), args => Args, stop => Stop, delete => Gone, start => Start},
    case IsSame of
        true -> Below;
        false -> [Own | Below]
    end.

%% Whether all specifications that stay are equal, which children are to be replaced, and what is to be done below.
compare_children(Old, Wanted, Affected) ->
    Compared = [{Spec, compare_child(Child, Spec, Affected)}
                || #{id := Id} = Spec <- Wanted, {_, Child} <- [lists:keyfind(Id, 1, Old)]],
    Kept = case [inner || {_, {inner, _}} <- Compared] of [] -> equal; _ -> different end,
    Changed = [Id || {#{id := Id}, changed} <- Compared],
    {Kept, Changed, lists:append([Below || {_, {_, Below}} <- Compared])}.

compare_child(#{spec := #{dynamic := true}}, _, _) ->
    {equal, []};
compare_child(#{spec := Old, below := Below}, New, Affected) ->
    case {is_same(normalise(Old), New), Below} of
        {true, #{}} -> {equal, plan_module(Below, Affected)};
        {true, _} -> {equal, []};
        {false, #{module := ?INLINE}} -> compare_inline(Old, New, Below, Affected);
        {false, _} -> changed
    end.

%% A supervisor inside of a list of children, whose own list is another one.
compare_inline(Old, New, Below, Affected) ->
    case {normalise(Old), New} of
        {#{start := {'Elixir.Supervisor', start_link, [_, Options]}} = Before,
         #{start := {'Elixir.Supervisor', start_link, [Children, Options]}} = After} when is_list(Children) ->
            case maps:remove(start, Before) =:= maps:remove(start, After) of
                true ->
                    {ok, Init} = 'Elixir.Supervisor':init(Children, strategy_of(Options)),
                    {inner, compare(Below, Init, Affected)};
                false ->
                    changed
            end;
        _ ->
            changed
    end.

strategy_of(Options) ->
    [Option || {Key, _} = Option <- Options, lists:member(Key, [strategy, max_seconds, max_restarts, auto_shutdown])].

is_same(#{start := {Module, Function, undefined}} = Old, #{start := {Module, Function, _}} = New) ->
    maps:remove(start, Old) =:= maps:remove(start, New); % what was temporary has forgotten its arguments
is_same(Old, New) ->
    Old =:= New.

is_reordered(Old, Wanted) ->
    Both = [Id || {Id, _} <- Old, has(Id, Wanted)],
    Both =/= [Id || #{id := Id} <- Wanted, lists:keymember(Id, 1, Old)].

has(Id, Specs) ->
    lists:any(fun(#{id := Other}) -> Other =:= Id end, Specs).

new_args(?INLINE, Old, Old) -> same;
new_args(?INLINE, _, New) -> {new, New};
new_args(_, _, _) -> same.

%% The defaults of supervisor(3).
flags(#{} = Flags) ->
    {maps:get(strategy, Flags, one_for_one), maps:get(intensity, Flags, 1), maps:get(period, Flags, 5)};
flags({Strategy, Intensity, Period}) ->
    {Strategy, Intensity, Period}.

normalise(#{id := Id, start := {Module, _, _} = Start} = Spec) ->
    Type = maps:get(type, Spec, worker),
    Shutdown = case Type of worker -> 5000; supervisor -> infinity end,
    #{id => Id, start => Start, restart => maps:get(restart, Spec, permanent),
      shutdown => maps:get(shutdown, Spec, Shutdown), type => Type, modules => maps:get(modules, Spec, [Module]),
      significant => maps:get(significant, Spec, false)};
normalise({Id, Start, Restart, Shutdown, Type, Modules}) ->
    #{id => Id, start => Start, restart => Restart, shutdown => Shutdown, type => Type, modules => Modules,
      significant => false}.

%% A process, a port or a reference of this node means nothing on the other one.
refuse_local(#{id := Id, start := {_, _, Args}}) ->
    case is_local(Args) of
        true -> throw({unknown, text("~ts is started with something that belongs to its node", [show(Id)])});
        false -> ok
    end.

is_local(Term) when is_pid(Term); is_port(Term); is_reference(Term) -> true;
is_local([Head | Tail]) -> is_local(Head) orelse is_local(Tail);
is_local(Term) when is_tuple(Term) -> is_local(tuple_to_list(Term));
is_local(Term) when is_map(Term) -> is_local(maps:to_list(Term));
is_local(_) -> false.

%%% What the new version says.

call_init(Module, Args) ->
    case call(fun() -> Module:init(Args) end) of
        {ok, {ok, Init}} -> Init;
        {ok, ignore} -> ignore;
        {ok, Other} -> throw({unknown, text("~ts:init/1 returned ~tP", [show(Module), Other, 9])});
        {error, Reason} -> throw({unknown, text("~ts:init/1 ~ts", [show(Module), Reason])})
    end.

call_start(Callback, Argument) ->
    true = register(?COLLECTOR, self()),
    {?INLINE, Binary, File} = code:get_object_code(?INLINE),
    {ok, Noting} = file:read_file(filename:join(filename:dirname(code:which(?MODULE)), "dray_default.beam")),
    {module, ?INLINE} = code:load_binary(?INLINE, "dray_default", Noting),
    Result = call(fun() -> Callback:start(normal, Argument) end),
    true = unregister(?COLLECTOR),
    code:purge(?INLINE),
    {module, ?INLINE} = code:load_binary(?INLINE, File, Binary),
    Noted = noted(),
    case Result of
        {ok, {ok, Pid}} -> noted_of(Pid, Callback, Noted);
        {ok, {ok, Pid, _}} -> noted_of(Pid, Callback, Noted);
        {ok, Other} -> throw({unknown, text("~ts:start/2 returned ~tP", [show(Callback), Other, 9])});
        {error, Reason} -> throw({unknown, text("~ts:start/2 ~ts", [show(Callback), Reason])})
    end.

noted_of(Pid, Callback, Noted) ->
    case lists:keyfind(Pid, 1, Noted) of
        {Pid, {ok, Init}} -> Init;
        _ -> throw({unknown, text("~ts:start/2 returns another supervisor than before", [show(Callback)])})
    end.

noted() ->
    receive
        {noted, Pid, Args} -> [{Pid, Args} | noted()]
    after 0 -> []
    end.

%% Calls a function of the new version's, in a process of its own and within a time.
call(Function) ->
    Parent = self(),
    {Pid, Monitor} = spawn_monitor(fun() ->
        process_flag(trap_exit, true),
        Parent ! {self(), Function()},
        receive after infinity -> ok end
    end),
    receive
        {Pid, Result} ->
            erlang:demonitor(Monitor, [flush]),
            {ok, Result};
        {'DOWN', Monitor, process, Pid, Reason} ->
            {error, text("failed: ~tP", [Reason, 12])}
    after ?TIMEOUT ->
        exit(Pid, kill),
        {error, text("did not return within ~b s", [?TIMEOUT div 1000])}
    end.

is_affected(Names, Affected) ->
    lists:any(fun(Name) -> is_map_key(Name, Affected) end, Names).
