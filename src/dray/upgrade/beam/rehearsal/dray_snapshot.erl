%% What a running node is, as a term that can be compared with that of another node: no process, no absolute path.
%%
%% Runs in a node of its own, and loads nothing into the one to look at: that one may run an OTP that does not take what
%% this one compiles.
%%
%%   erl -noinput -hidden -sname ... -s dray_snapshot main    DRAY_NODE, DRAY_ROOT, DRAY_REPLY
%%
%% While DRAY_WATCH names a file that exists, it first asks a process on the node again and again, and the reply says how
%% long the longest answer took.
-module(dray_snapshot).

-export([main/0, take/2]).

-spec main() -> no_return().
main() ->
    Given = os:getenv("DRAY_NODE"),
    Host = string:find(atom_to_list(node()), "@"),
    Node = list_to_atom(case string:find(Given, "@") of nomatch -> Given ++ Host; _ -> Given end),
    true = net_kernel:connect_node(Node),
    Reply =
        case os:getenv("DRAY_WATCH", "") of
            "" -> take(Node, os:getenv("DRAY_ROOT"));
            Flag -> watch(Node, Flag)
        end,
    ok = file:write_file(os:getenv("DRAY_REPLY"), term_to_binary(Reply)),
    halt(0).

%%% The longest pause.

-define(ANSWER, "(fun Answer() -> receive {From, ask} -> From ! {self(), answer} end, Answer() end)().").

watch(Node, Flag) ->
    {ok, Tokens, _} = erl_scan:string(?ANSWER),
    {ok, Answer} = erl_parse:parse_exprs(Tokens),
    {Answering, _} = erlang:spawn_monitor(Node, erl_eval, exprs, [Answer, []]),
    Longest = watch(Answering, Flag, 0),
    exit(Answering, kill),
    Longest.

watch(Answering, Flag, Longest) ->
    case filelib:is_file(Flag) of
        true -> watch(Answering, Flag, max(Longest, ask(Answering)));
        false -> Longest
    end.

ask(Answering) ->
    Begin = erlang:monotonic_time(microsecond),
    Answering ! {self(), ask},
    receive
        {Answering, answer} -> ok;
        {'DOWN', _, process, Answering, Reason} -> exit(Reason)
    after 60000 -> exit(no_answer)
    end,
    Time = erlang:monotonic_time(microsecond) - Begin,
    timer:sleep(1),
    Time.

%%% What there is.

-spec take(node(), string()) -> map().
take(Node, Root) ->
    Clean = fun(Term) -> clean(Term, unicode:characters_to_binary(Root)) end,
    Running = call(Node, application, which_applications, []),
    Loaded = lists:sort([Name || {Name, _, _} <- call(Node, application, loaded_applications, [])]),
    Modules = lists:sort([Module || {Module, _} <- call(Node, code, all_loaded, []), Module =/= ?MODULE]),
    MD5s = call_all(Node, [{Module, module_info, [md5]} || Module <- Modules]),
    #{
        applications => lists:sort([{Name, list_to_binary(Version)} || {Name, _, Version} <- Running]),
        modules => lists:zip(Modules, MD5s),
        environment => [{Name, Clean(lists:sort(call(Node, application, get_all_env, [Name])))} || Name <- Loaded],
        supervisors => [{Name, Clean(tree(Node, Name))} || Name <- Loaded],
        registered => lists:sort([Name || Name <- call(Node, erlang, registered, []), not comes_and_goes(Name)]),
        protocols => [consolidation(Node, Module) || Module <- protocols(Node, Modules)],
        code_path => Clean(lists:sort([filename:absname(Folder) || Folder <- call(Node, code, get_path, []), Folder =/= "."]))
    }.

call(Node, Module, Function, Arguments) ->
    case rpc:call(Node, Module, Function, Arguments) of
        {badrpc, Reason} -> exit({Module, Function, Reason});
        Result -> Result
    end.

%% Many calls at once: each by itself would wait for its answer.
call_all(Node, Calls) ->
    Keys = [rpc:async_call(Node, Module, Function, Arguments) || {Module, Function, Arguments} <- Calls],
    [rpc:yield(Key) || Key <- Keys].

%% The console's helpers come and go, and what OTP starts when it is first needed depends on what the system has done: its
%% first connection to another node looks up a name.
comes_and_goes(Name) ->
    lists:member(Name, [user_drv, user_drv_reader, user_drv_writer, timer_server, inet_gethost_native,
                        inet_gethost_native_sup, disk_log_server, disk_log_sup, dets, dets_sup, rex_proxy_user]).

protocols(Node, Modules) ->
    Exported = call_all(Node, [{erlang, function_exported, [Module, '__protocol__', 1]} || Module <- Modules]),
    [Module || {Module, true} <- lists:zip(Modules, Exported)].

consolidation(Node, Module) ->
    {Module, call(Node, Module, '__protocol__', ['consolidated?']), call(Node, Module, '__protocol__', [impls])}.

tree(Node, Application) ->
    case call(Node, application_controller, get_master, [Application]) of
        Master when is_pid(Master) ->
            {Top, _} = call(Node, application_master, get_child, [Master]),
            subtree(Top);
        _ ->
            none
    end.

%% Ids, modules, restart types and all else of the specifications but what a child was started with. The children of
%% dynamic supervisors, and of the one where OTP starts what is needed, depend on what the system has done, not on its
%% version.
subtree(Pid) ->
    case call(node(Pid), proc_lib, translate_initial_call, [Pid]) of
        {supervisor, Module, _} ->
            State = call(node(Pid), sys, get_state, [Pid]),
            case is_tuple(State) andalso element(2, State) =/= {local, kernel_safe_sup}
                andalso not lists:member(simple_one_for_one, tuple_to_list(State)) of
                true ->
                    Flags = {element(3, State), element(6, State), element(7, State)},
                    {supervisor, Module, Flags, [child(Pid, Child) || Child <- call(node(Pid), supervisor, which_children, [Pid])]};
                false ->
                    {dynamic, Module}
            end;
        _ ->
            worker
    end.

child(Supervisor, {Id, Pid, Type, Modules}) ->
    Spec =
        case call(node(Supervisor), supervisor, get_childspec, [Supervisor, Id]) of
            {ok, #{start := {Module, Function, Arguments}} = Found} ->
                Found#{start := {Module, Function, arity(Arguments)}};
            {error, _} ->
                unknown
        end,
    Below = if is_pid(Pid), Type =:= supervisor -> subtree(Pid); is_pid(Pid) -> running; true -> Pid end,
    {Id, Type, Modules, Spec, Below}.

arity(Arguments) when is_list(Arguments) -> length(Arguments);
arity(Other) -> Other.

%%% Nothing of this one node, of this one start.

clean(Term, Root) when is_binary(Term) ->
    binary:replace(Term, Root, <<"ROOT">>, [global]);
clean(Term, Root) when is_list(Term) ->
    try unicode:characters_to_binary(Term) of
        Text when is_binary(Text), Term =/= [] -> clean(Text, Root);
        _ -> clean_list(Term, Root)
    catch
        error:badarg -> clean_list(Term, Root)
    end;
clean(Term, Root) when is_tuple(Term) ->
    list_to_tuple([clean(Part, Root) || Part <- tuple_to_list(Term)]);
clean(Term, Root) when is_map(Term) ->
    maps:from_list([{clean(Key, Root), clean(Value, Root)} || {Key, Value} <- maps:to_list(Term)]);
clean(Term, _) when is_pid(Term) -> pid;
clean(Term, _) when is_port(Term) -> port;
clean(Term, _) when is_reference(Term) -> reference;
clean(Term, _) when is_function(Term) ->
    {module, Module} = erlang:fun_info(Term, module),
    {arity, Arity} = erlang:fun_info(Term, arity),
    {'fun', Module, Arity};
clean(Term, _) -> Term.

clean_list([Head | Tail], Root) -> [clean(Head, Root) | clean_list(Tail, Root)];
clean_list([], _) -> [];
clean_list(Tail, Root) -> clean(Tail, Root).
