%% Takes a running node to another version of its release.
%%
%% Runs in a node of its own that lives for the upgrade only, booted with the new version's code and configured by the new
%% version's providers: the environment of its applications is what the running node is to have. Whatever can be found
%% out before the point of no return is found out here; then OTP's release_handler installs the release.
%%
%% The launcher says what to do in variables:
%%
%%   DRAY_NODE      the running node
%%   DRAY_FROM      the version that it runs
%%   DRAY_RELUP     the version whose relup leads from DRAY_FROM to RELEASE_VSN: one of the two
%%   DRAY_CHECK     not empty: stop before anything changes
%%   DRAY_HOOK      the program that runs the hooks of a point
%%   DRAY_FOLDER    a folder that nobody but the node's user can read, for release_handler
%%   DRAY_SYS_CONFIG the configuration that the node is to boot with were it restarted, without its suffix
%%   DRAY_LOCK      the launcher's lock: this node holds it, too, should the launcher be gone before
%%   RELEASE_ROOT, RELEASE_NAME, RELEASE_VSN as always
%%
%% For tests alone there is DRAY_STOP_AT: "STEP WHO" kills WHO, the `node`, the `driver` or the `launcher` (DRAY_LAUNCHER
%% is its process), where the upgrade reaches STEP. Steps are what reach/2 is called with here and reach/1 in dray_node.
%%
%% and reads, line by line, what came of it: `reason TEXT` why it cannot be done in the running node, `failed TEXT`, and
%% `did TEXT`. Exit statuses:
%%
%%   0   done
%%   1   failed, and the old version runs as before
%%   10  cannot be done in the running node, and nothing has been touched
%%   11  failed behind the point of no return: the node restarts with the old version
%%   12  release_handler of the running node believes that another version runs, and nothing has been touched
%%   13  release_handler does not know the new version and may not write that it does; nothing has been touched
%%   14  done, but for what the running node may not write: which version is permanent
-module(dray_upgrade).

-export([main/0]).

-import(dray_lib, [boot_script/0, call/4, release_file/2, show/1, stop/2, stop/4, text/2, variable/1]).

-define(HELPERS, [dray_environment, dray_node]).
-define(OLD_CODE_LIMIT, 10000).
-define(INSTALL_LIMIT, 600000).

-spec main() -> no_return().
main() ->
    Status =
        try
            run()
        catch
            throw:{stop, Code, Lines} ->
                say(Lines),
                Code;
            Class:Reason:Stack ->
                say([{failed, text("~tp:~tP at ~tP", [Class, Reason, 20, Stack, 12])}]),
                1
        end,
    halt(Status).

run() ->
    hold_lock(variable("DRAY_LOCK")),
    Node = connect(),
    From = variable("DRAY_FROM"),
    To = variable("RELEASE_VSN"),
    load_helper(Node),
    try
        reach(Node, "connected"),
        Script = read_script(From, To),
        Plan = dray_plan:make(Node, From, To, Script),
        reach(Node, "planned"),
        check_current(Node, From),
        register_release(Node, To),
        reach(Node, "registered"),
        check_install(Node, To, Script),
        reach(Node, "checked"),
        case variable("DRAY_CHECK") of
            "" -> install(Node, To, Script, Plan);
            _ -> describe(Plan)
        end
    after
        unload_helper(Node)
    end.

hold_lock("") -> ok;
hold_lock(File) -> ok = file:write_file(File, [os:getpid(), "\n"], [append]).

%%% The running node.

connect() ->
    Given = variable("DRAY_NODE"),
    Host = string:find(atom_to_list(node()), "@"),
    Node = list_to_atom(case string:find(Given, "@") of nomatch -> Given ++ Host; _ -> Given end),
    case net_kernel:connect_node(Node) of
        true -> Node;
        _ -> stop(1, failed, "no answer from ~ts", [Node])
    end.

load_helper(Node) ->
    lists:foreach(
        fun(Module) ->
            {Module, Binary, File} = code:get_object_code(Module),
            {module, Module} = call(Node, code, load_binary, [Module, File, Binary])
        end,
        ?HELPERS
    ),
    call(Node, dray_node, watch, [node(), ?HELPERS]).

%% Where the node has gone, so has the helper.
unload_helper(Node) ->
    _ = rpc:call(Node, dray_node, forget, []),
    [rpc:call(Node, code, Function, [Module]) || Module <- ?HELPERS, Function <- [delete, purge]],
    ok.

%%% What is to be done.

%% The instructions of the relup, as release_handler finds them: in the new version for the way up, in the old one for
%% the way down.
read_script(From, To) ->
    Of = variable("DRAY_RELUP"),
    {ok, [{Of, Ups, Downs}]} = file:consult(release_file(Of, "relup")),
    {Other, Scripts} = case Of of To -> {From, Ups}; From -> {To, Downs} end,
    case lists:keyfind(Other, 1, Scripts) of
        {Other, _, Script} -> Script;
        false -> stop(10, reason, "the relup of ~ts does not lead from ~ts to ~ts", [Of, From, To])
    end.

%% release_handler looks for the way from the version that it believes to run.
check_current(Node, From) ->
    case call(Node, dray_node, current_release, []) of
        From -> ok;
        Other -> stop(12, failed, "release_handler believes that ~ts runs", [Other])
    end.

register_release(Node, To) ->
    RelFile = release_file(To, variable("RELEASE_NAME") ++ ".rel"),
    {ok, [{release, _, _, Libraries}]} = file:consult(RelFile),
    Places = [{element(1, Library), element(2, Library), "lib"} || Library <- Libraries],
    case call(Node, dray_node, register_release, [To, RelFile, Places]) of
        ok -> ok;
        {error, Reason} -> stop(13, failed, "release_handler does not take ~ts: ~tp", [To, Reason])
    end.

%% A dry run up to the point of no return.
check_install(Node, To, Script) ->
    await_old_code(Node, Script, erlang:monotonic_time(millisecond) + ?OLD_CODE_LIMIT),
    call(Node, dray_node, prepare, [#{config => [], stop_at => none}]),
    case call(Node, release_handler, check_install_release, [To, [purge]]) of
        {ok, _, _} -> ok;
        {error, Reason} -> stop(1, failed, "release_handler refuses ~ts: ~tP", [To, Reason, 20])
    end.

%% Processes that still run code of two versions ago get some time to leave it. release_handler itself would look for them
%% on the way up only, before it begins.
await_old_code(Node, Script, Limit) ->
    Modules = [Module || {Instruction, {Module, soft_purge, _}} <- Script, Instruction =:= load orelse Instruction =:= remove],
    case {call(Node, dray_node, find_users, [Modules]), erlang:monotonic_time(millisecond) > Limit} of
        {[], _} ->
            ok;
        {Users, true} ->
            stop(10, [{reason, text("~tp (~tp) still runs old code of ~ts", [Who, Pid, show(Of)])} || {Of, Pid, Who} <- Users]);
        {_, false} ->
            timer:sleep(200),
            await_old_code(Node, Script, Limit)
    end.

%%% Doing it.

install(Node, To, Script, Plan) ->
    run_hooks("pre_upgrade"),
    reach(Node, "hooked"),
    Before = [{Name, call(Node, os, getenv, [Name, ""])} || {Name, _} <- variables(To)],
    ok = call(Node, dray_node, prepare, [Plan#{variables => variables(To), stop_at => stop_at(Node)}]),
    reach(Node, "prepared"),
    case rpc:call(Node, dray_environment, install, [To, variable("DRAY_FOLDER")], ?INSTALL_LIMIT) of
        {ok, _, _} ->
            settle(Node, To, Script, Plan, Before);
        {error, {old_processes, Module}} ->
            stop(1, failed, "a process runs old code of ~ts", [show(Module)]);
        {error, Reason} ->
            settle_failure(Node, To, Reason);
        {badrpc, {'EXIT', Reason}} ->
            settle_failure(Node, To, Reason);
        {badrpc, Reason} ->
            stop(11, failed, "the node went away: ~tP", [Reason, 20])
    end.

%% Behind the point of no return release_handler restarts the node; before it, nothing has changed.
settle_failure(Node, To, Reason) ->
    Text = text("release_handler could not install ~ts: ~tP", [To, Reason, 30]),
    case Reason of
        {'EXIT', _} -> stop(11, failed, "~ts", [Text]);
        _ ->
            case rpc:call(Node, init, get_status, []) of
                {started, _} -> stop(1, failed, "~ts", [Text]);
                _ -> stop(11, failed, "~ts", [Text])
            end
    end.

settle(Node, To, Script, Plan, Before) ->
    reach(Node, "installed"),
    try
        verify(Node, Script, Plan),
        reach(Node, "verified"),
        run_hooks("status"),
        make_permanent(Node, To)
    of
        Code ->
            describe(Plan),
            Code
    catch
        throw:{stop, _, Lines} ->
            _ = rpc:call(Node, dray_node, set_variables, [Before]),
            _ = rpc:call(Node, init, restart, []),
            throw({stop, 11, Lines})
    end.

%% The system may not be allowed to write below releases/; whoever upgrades it is.
make_permanent(Node, To) ->
    case call(Node, release_handler, make_permanent, [To]) of
        ok ->
            ok = call(Node, init, make_permanent, [release_file(To, "start"), variable("DRAY_SYS_CONFIG")]),
            reach(Node, "permanent"),
            0;
        {error, _} ->
            14
    end.

%% What the launcher would have set at a start of a version.
variables(Version) ->
    [{"RELEASE_VSN", Version}, {"RELEASE_SYS_CONFIG", variable("DRAY_SYS_CONFIG")}].

reach(Node, Step) ->
    case stop_at(Node) of
        {Step, Process} -> dray_node:kill(Process);
        _ -> ok
    end.

stop_at(Node) ->
    case string:lexemes(variable("DRAY_STOP_AT"), " ") of
        [Step, "node"] -> {Step, call(Node, os, getpid, [])};
        [Step, "driver"] -> {Step, os:getpid()};
        [Step, "launcher"] -> {Step, variable("DRAY_LAUNCHER")};
        [] -> none
    end.

%% The node runs what it was told to: each module, and each application that a start would start.
verify(Node, Script, Plan) ->
    #{protocols := #{load := Protocols}} = Plan,
    Loaded = [{Module, md5(Module)} || {load, {Module, _, _}} <- Script],
    Swapped = [{Module, element(2, element(2, beam_lib:md5(Binary)))} || {Module, _, Binary} <- Protocols],
    case call(Node, dray_node, find_unloaded, [Loaded ++ Swapped]) of
        [] -> ok;
        Old -> stop(11, failed, "these modules were not replaced: ~tp", [Old])
    end,
    case call(Node, dray_node, find_stopped, [started_applications()]) of
        [] -> ok;
        Stopped -> stop(11, failed, "these applications do not run any more: ~tp", [Stopped])
    end.

md5(Module) ->
    {ok, {Module, MD5}} = beam_lib:md5(code:which(Module)),
    MD5.

%% The applications that the boot script of the new version starts as permanent.
started_applications() ->
    [Name || {apply, {application, start_boot, [Name, permanent]}} <- boot_script()].

run_hooks(Point) ->
    case variable("DRAY_HOOK") of
        "" -> ok;
        Program ->
            Port = open_port({spawn_executable, Program}, [{args, ["run_hooks", Point]}, exit_status, nouse_stdio]),
            receive
                {Port, {exit_status, 0}} -> ok;
                {Port, {exit_status, Status}} -> stop(1, failed, "a hook of ~ts failed with status ~b", [Point, Status])
            end
    end.

%%% Words.

describe(#{children := Children, protocols := #{load := Protocols, remove := Removed}}) ->
    say([{did, text("~ts: ~ts", [show(Name), describe_children(Operation)])} || #{name := Name} = Operation <- Children]),
    say([{did, text("consolidated protocols: ~b swapped, ~b removed", [length(Protocols), length(Removed)])}
         || Protocols =/= [] orelse Removed =/= []]),
    0.

describe_children(#{stop := Stop, delete := Delete, start := Start}) ->
    Parts = [text("~ts ~ts", [Word, lists:join(", ", [show(Id) || Id <- Ids])])
             || {Word, Ids} <- [{"stopped", Stop -- (Stop -- Delete)}, {"restarted", [Id || Id <- Start, lists:member(Id, Stop)]},
                                {"started", Start -- Stop}], Ids =/= []],
    case Parts of
        [] -> "its specifications";
        _ -> lists:flatten(lists:join("; ", Parts))
    end.

say(Lines) ->
    [io:format("~ts ~ts~n", [Kind, string:replace(Text, "\n", " ", all)]) || {Kind, Text} <- Lines],
    ok.
