%% What an upgrade does inside of the running node, besides the instructions of OTP's release_handler.
%%
%% The driver (dray_upgrade, in a node of its own) loads this module into the running node, leaves a plan with prepare/1,
%% and lets release_handler install the release. Its relup calls ready/0, configure/0, stop_children/0,
%% load_protocols/0 and update_children/0. Nothing of it stays when the upgrade is over, and where the driver goes away.
%%
%% A plan is a map:
%%
%%   config     => [{Application, [{Key, Value}]}]           what each application's environment is to be
%%   protocols  => #{load => [{Module, File, Binary}], remove => [Module], path => {OldFolder, NewFolder}}
%%   children   => [#{supervisor => pid(), args => same | {new, Term}, stop => [Id], delete => [Id], start => [Id]}]
%%   variables  => [{Name, Value}]                           what the system's variables are to be
%%   stop_at    => none | {Step, Process}                    for tests: which process is killed at which step
-module(dray_node).

-export([read_tree/0, find_busy/2, find_users/1, current_release/0, register_release/3, watch/2, kill/1]).
-export([prepare/1, ready/0, configure/0, stop_children/0, load_protocols/0, update_children/0, forget/0]).
-export([find_unloaded/1, find_stopped/1, set_variables/1]).

-define(PLAN, {?MODULE, plan}).

%%% What the node is: for the driver, which decides.

%% The supervision tree of every running application whose top process is a supervisor of OTP's or Elixir's.
-spec read_tree() -> [{Application :: atom(), Callback :: term(), Top :: map() | {other, term()}}].
read_tree() ->
    Running = [Application || {Application, _, _} <- application:which_applications()],
    [{Application, callback(Application), read_top(Top)} || Application <- Running, {ok, Top} <- [top(Application)]].

callback(Application) ->
    {ok, Callback} = application:get_key(Application, mod),
    Callback.

top(Application) ->
    case application_controller:get_master(Application) of
        Master when is_pid(Master) ->
            {Top, _} = application_master:get_child(Master),
            {ok, Top};
        _ ->
            none
    end.

read_top(Top) ->
    case read_state(Top) of
        {static, State} -> read_supervisor(Top, State);
        dynamic -> #{pid => Top, module => dynamic, args => [], flags => none, children => []};
        none -> {other, proc_lib:translate_initial_call(Top)}
    end.

%% What kind of supervisor a process is. A DynamicSupervisor of Elixir's looks like one of OTP's from outside; the state
%% of one of OTP's is a record {state, Name, Strategy, Children, Dynamics, Intensity, Period, ..., Module, Argument}.
read_state(Pid) ->
    case proc_lib:translate_initial_call(Pid) of
        {supervisor, _, _} ->
            State = sys:get_state(Pid),
            case is_tuple(State) andalso not lists:member(simple_one_for_one, tuple_to_list(State)) of
                true -> {static, State};
                false -> dynamic
            end;
        _ ->
            none
    end.

read_supervisor(Pid, State) ->
    Size = tuple_size(State),
    #{
        pid => Pid,
        name => name(Pid),
        module => element(Size - 1, State),
        args => element(Size, State),
        flags => {element(3, State), element(6, State), element(7, State)},
        children => [read_child(Pid, Child) || Child <- lists:reverse(supervisor:which_children(Pid))]
    }.

name(Pid) ->
    case process_info(Pid, registered_name) of
        {registered_name, Name} -> Name;
        _ -> undefined
    end.

read_child(Supervisor, {Id, Child, Type, Modules}) ->
    Spec =
        case supervisor:get_childspec(Supervisor, Id) of
            {ok, Found} -> Found;
            {error, _} -> #{id => Id, dynamic => true}
        end,
    #{id => Id, pid => Child, modules => Modules, spec => Spec, below => read_below(Child, Type)}.

%% The children of a dynamic supervisor come and go; nothing of them is known beforehand.
read_below(Pid, supervisor) when is_pid(Pid) ->
    try read_state(Pid) of
        {static, State} -> read_supervisor(Pid, State);
        dynamic -> dynamic;
        none -> none
    catch
        exit:_ -> none
    end;
read_below(_, _) ->
    none.

%% The supervised processes of these modules that do not answer within a time, in milliseconds.
-spec find_busy([module()], pos_integer()) -> [{term(), pid()}].
find_busy(Modules, Timeout) ->
    Wanted = [{Id, Pid} || {Id, Pid, Of} <- supervised(), is_list(Of), lists:any(fun(M) -> lists:member(M, Modules) end, Of)],
    Parent = self(),
    Asked = [{Id, Pid, spawn_monitor(fun() -> Parent ! {self(), answers(Pid, Timeout)} end)} || {Id, Pid} <- Wanted],
    [{Id, Pid} || {Id, Pid, {Asker, Monitor}} <- Asked, not await(Asker, Monitor)].

await(Asker, Monitor) ->
    receive
        {Asker, Answer} ->
            erlang:demonitor(Monitor, [flush]),
            Answer;
        {'DOWN', Monitor, process, _, _} ->
            true
    end.

%% A process that has ended meanwhile is not busy. One that does not suspend in time is told to go on when it has.
answers(Pid, Timeout) ->
    try
        sys:suspend(Pid, Timeout),
        sys:resume(Pid, Timeout),
        true
    catch
        exit:{timeout, _} ->
            spawn(fun() -> sys:resume(Pid, infinity) end),
            false;
        exit:_ ->
            true
    end.

supervised() ->
    lists:append([collect(Top) || {_, _, #{} = Top} <- read_tree()]).

collect(#{children := Children}) ->
    lists:append([collect_child(Child) || Child <- Children]).

collect_child(#{id := Id, pid := Pid, modules := Modules, below := Below}) when is_pid(Pid) ->
    [{Id, Pid, Modules} | collect_below(Pid, Below)];
collect_child(_) ->
    [].

collect_below(_, none) -> [];
collect_below(Pid, dynamic) -> [{Id, Child, Of} || {Id, Child, _, Of} <- supervisor:which_children(Pid), is_pid(Child)];
collect_below(_, Below) -> collect(Below).

%% The processes that run old code of these modules.
-spec find_users([module()]) -> [{module(), pid(), term()}].
find_users(Modules) ->
    [
        {Module, Pid, describe(Pid)}
     || Module <- Modules,
        erlang:check_old_code(Module),
        Pid <- processes(),
        erlang:check_process_code(Pid, Module) =:= true
    ].

describe(Pid) ->
    case name(Pid) of
        undefined -> proc_lib:translate_initial_call(Pid);
        Name -> Name
    end.

%% The release that release_handler believes to run.
-spec current_release() -> string().
current_release() ->
    Releases = release_handler:which_releases(),
    {_, Version, _, _} = hd([Release || Status <- [current, permanent], {_, _, _, Of} = Release <- Releases, Of =:= Status]),
    Version.

%% Makes a release known to release_handler, which may know it already.
-spec register_release(string(), file:filename(), [{atom(), string(), string()}]) -> ok | {error, term()}.
register_release(Version, RelFile, Libraries) ->
    case lists:keymember(Version, 2, release_handler:which_releases()) of
        true ->
            ok;
        false ->
            case release_handler:set_unpacked(RelFile, Libraries) of
                {ok, _} -> ok;
                Error -> Error
            end
    end.

%% Where the driver goes away before it is done, what it has brought here goes, too: when release_handler is not busy
%% with it any more.
-spec watch(node(), [module()]) -> ok.
watch(Driver, Helpers) ->
    _ = spawn(fun() ->
        true = erlang:monitor_node(Driver, true),
        receive {nodedown, Driver} -> ok end,
        _ = release_handler:which_releases(),
        forget(),
        lists:foreach(fun leave/1, lists:delete(?MODULE, Helpers)),
        code:delete(?MODULE),
        apply(code, purge, [?MODULE])
    end),
    ok.

%% Whoever still runs a helper ends what it does.
leave(Module) ->
    code:delete(Module),
    leave(Module, false).

leave(_, true) ->
    ok;
leave(Module, false) ->
    timer:sleep(20),
    leave(Module, code:soft_purge(Module)).

%% For tests: ends a process of this host for good.
-spec kill(string()) -> ok.
kill(Process) ->
    _ = os:cmd("kill -KILL " ++ Process),
    ok.

reach(Step) ->
    case plan(stop_at) of
        {Step, Process} -> kill(Process);
        _ -> ok
    end.

%%% What the relup calls.

-spec prepare(map()) -> ok.
prepare(#{config := Config} = Plan) ->
    ok = dray_environment:prepare(Config),
    persistent_term:put(?PLAN, Plan).

plan(Key) ->
    maps:get(Key, persistent_term:get(?PLAN)).

%% Before the point of no return: without a plan nothing is installed.
-spec ready() -> ok.
ready() ->
    _ = persistent_term:get(?PLAN),
    reach("ready").

%% The configuration is in place.
-spec configure() -> ok.
configure() ->
    dray_environment:settle(),
    reach("configured").

%% Stops the children that the new version does not have, or has otherwise.
-spec stop_children() -> ok.
stop_children() ->
    lists:foreach(fun stop_children/1, plan(children)),
    reach("stopped").

stop_children(#{supervisor := Supervisor, stop := Stop, delete := Delete}) ->
    [ok = without(not_found, supervisor:terminate_child(Supervisor, Id)) || Id <- Stop],
    [ok = without(not_found, supervisor:delete_child(Supervisor, Id)) || Id <- Delete],
    ok.

without(Reason, {error, Reason}) -> ok;
without(_, Result) -> Result.

%% Consolidated protocols lie in releases/VSN, where no instruction of OTP's reaches them.
-spec load_protocols() -> ok.
load_protocols() ->
    #{load := Load, remove := Remove, path := {Old, New}} = plan(protocols),
    [{module, Module} = load(Module, File, Binary) || {Module, File, Binary} <- Load],
    [remove(Module) || Module <- Remove],
    code:del_path(Old),
    New =:= none orelse code:add_patha(New),
    reach("consolidated").

load(Module, File, Binary) ->
    code:soft_purge(Module),
    code:load_binary(Module, File, Binary).

remove(Module) ->
    code:soft_purge(Module),
    code:delete(Module).

%% Gives each supervisor its new specifications, in their order, and starts what does not run.
-spec update_children() -> ok.
update_children() ->
    lists:foreach(fun update_children/1, plan(children)),
    set_variables(plan(variables)),
    reach("updated").

update_children(#{supervisor := Supervisor, args := Args, start := Start}) ->
    ok = sys:suspend(Supervisor),
    try
        set_args(Supervisor, Args),
        ok = sys:change_code(Supervisor, supervisor, undefined, [])
    after
        ok = sys:resume(Supervisor)
    end,
    lists:foreach(fun(Id) -> start_child(Supervisor, Id) end, Start).

set_args(_, same) ->
    ok;
set_args(Supervisor, {new, Args}) ->
    sys:replace_state(Supervisor, fun(State) -> setelement(tuple_size(State), State, Args) end),
    ok.

start_child(Supervisor, Id) ->
    case supervisor:restart_child(Supervisor, Id) of
        {ok, _} -> ok;
        {ok, _, _} -> ok;
        {error, running} -> ok;
        {error, not_found} -> ok;
        {error, Reason} -> exit({child_does_not_start, Id, Reason})
    end.

-spec forget() -> ok.
forget() ->
    _ = persistent_term:erase(?PLAN),
    dray_environment:forget().

%%% What became of it.

%% The modules whose code is not the one of these checksums.
-spec find_unloaded([{module(), binary()}]) -> [module()].
find_unloaded(Wanted) ->
    [Module || {Module, MD5} <- Wanted, erlang:module_loaded(Module), Module:module_info(md5) =/= MD5].

%% The applications of these that do not run.
-spec find_stopped([atom()]) -> [atom()].
find_stopped(Wanted) ->
    Running = [Application || {Application, _, _} <- application:which_applications()],
    Wanted -- Running.

%% What the launcher would have set at a start of the new version.
-spec set_variables([{string(), string()}]) -> ok.
set_variables(Variables) ->
    lists:foreach(fun({Name, Value}) -> os:putenv(Name, Value) end, Variables).
