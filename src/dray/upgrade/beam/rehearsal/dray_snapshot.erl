%% What a running node is, as a term that can be compared with that of another node: no process, no absolute path.
%%
%% Runs in a node of its own, which loads it into the one to look at:
%%
%%   erl -noinput -hidden -sname ... -s dray_snapshot main    DRAY_NODE, DRAY_ROOT, DRAY_REPLY
%%
%% While DRAY_WATCH names a file that exists, it first asks a process on the node again and again, and the reply says how
%% long the longest answer took.
-module(dray_snapshot).

-export([main/0, take/1, answer/0]).

-spec main() -> no_return().
main() ->
    Given = os:getenv("DRAY_NODE"),
    Host = string:find(atom_to_list(node()), "@"),
    Node = list_to_atom(case string:find(Given, "@") of nomatch -> Given ++ Host; _ -> Given end),
    true = net_kernel:connect_node(Node),
    {?MODULE, Binary, File} = code:get_object_code(?MODULE),
    {module, ?MODULE} = rpc:call(Node, code, load_binary, [?MODULE, File, Binary]),
    Reply =
        case os:getenv("DRAY_WATCH", "") of
            "" -> rpc:call(Node, ?MODULE, take, [os:getenv("DRAY_ROOT")]);
            Flag -> watch(Node, Flag)
        end,
    _ = rpc:call(Node, code, delete, [?MODULE]),
    _ = rpc:call(Node, code, purge, [?MODULE]),
    ok = file:write_file(os:getenv("DRAY_REPLY"), term_to_binary(Reply)),
    halt(0).

%%% The longest pause.

watch(Node, Flag) ->
    {Answering, _} = erlang:spawn_monitor(Node, ?MODULE, answer, []),
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

answer() ->
    receive
        {From, ask} -> From ! {self(), answer}
    end,
    answer().

%%% What there is.

take(Root) ->
    Clean = fun(Term) -> clean(Term, unicode:characters_to_binary(Root)) end,
    #{
        applications => lists:sort([{Name, list_to_binary(Version)} || {Name, _, Version} <- application:which_applications()]),
        modules => lists:sort([{Module, Module:module_info(md5)} || {Module, _} <- code:all_loaded(), Module =/= ?MODULE]),
        environment => [{Name, Clean(lists:sort(application:get_all_env(Name)))} || Name <- loaded()],
        supervisors => [{Name, Clean(tree(Name))} || Name <- loaded()],
        registered => lists:sort([Name || Name <- registered(), not is_of_watcher(Name)]),
        protocols => lists:sort([consolidation(Module) || {Module, _} <- code:all_loaded(), is_protocol(Module)]),
        code_path => Clean(lists:sort([filename:absname(Folder) || Folder <- code:get_path(), Folder =/= "."]))
    }.

loaded() ->
    lists:sort([Name || {Name, _, _} <- application:loaded_applications()]).

%% release_handler's, code_server's and the console's helpers come and go.
is_of_watcher(Name) ->
    lists:member(Name, [timer_server, user_drv, user_drv_reader, user_drv_writer]).

is_protocol(Module) ->
    erlang:function_exported(Module, '__protocol__', 1).

consolidation(Module) ->
    {Module, Module:'__protocol__'('consolidated?'), Module:'__protocol__'(impls)}.

tree(Application) ->
    case application_controller:get_master(Application) of
        Master when is_pid(Master) ->
            {Top, _} = application_master:get_child(Master),
            subtree(Top);
        _ ->
            none
    end.

%% Ids, modules, restart types and all else of the specifications but what a child was started with. The children of
%% dynamic supervisors depend on what the system has done, not on its version.
subtree(Pid) ->
    case proc_lib:translate_initial_call(Pid) of
        {supervisor, Module, _} ->
            State = sys:get_state(Pid),
            case is_tuple(State) andalso not lists:member(simple_one_for_one, tuple_to_list(State)) of
                true ->
                    Flags = {element(3, State), element(6, State), element(7, State)},
                    {supervisor, Module, Flags, [child(Pid, Child) || Child <- supervisor:which_children(Pid)]};
                false ->
                    {dynamic, Module}
            end;
        _ ->
            worker
    end.

child(Supervisor, {Id, Pid, Type, Modules}) ->
    Spec =
        case supervisor:get_childspec(Supervisor, Id) of
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
