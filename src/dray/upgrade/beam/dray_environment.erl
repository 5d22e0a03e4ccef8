%% The environment of applications during an upgrade, in the running node.
%%
%% release_handler gives each application what its .app file and the new version's sys.config say, and forgets all else:
%% what config providers (runtime.exs) had computed, and what the running system had set for itself. Whoever asks for such
%% a value in that moment fails. Therefore release_handler is shown a folder of its own while it installs, with a
%% sys.config in which everything is computed: dray_upgrade did that, with the code of the new version.
-module(dray_environment).

-export([read/1, prepare/1, install/2, settle/0, forget/0]).

-define(PREPARED, {?MODULE, prepared}).
-define(CARRIED, {?MODULE, carried}).

%% What applications were configured with: by their .app files, sys.config, and the providers when the node booted.
-spec read([atom()]) -> [{atom(), [{atom(), term()}]}].
read(Applications) ->
    [{Application, configured(Application)} || Application <- Applications].

%% application_controller keeps the configuration in the last field of its state. What an earlier upgrade carried over is
%% there, too, and was never configured.
configured(Application) ->
    State = sys:get_state(application_controller),
    Given = proplists:get_value(Application, element(tuple_size(State), State), []),
    Carried = proplists:get_all_values(Application, persistent_term:get(?CARRIED, [])),
    Own = [Pair || {Key, _} = Pair <- Given, not lists:member(Key, Carried)],
    lists:ukeymerge(1, lists:ukeysort(1, Own), lists:ukeysort(1, read_defaults(Application))).

read_defaults(Application) ->
    case code:where_is_file(atom_to_list(Application) ++ ".app") of
        non_existing ->
            [];
        File ->
            {ok, [{application, Application, Keys}]} = file:consult(File),
            proplists:get_value(env, Keys, [])
    end.

%% Settles what each application is to have. What the running system has set for itself stays, unless the new version
%% configures the key in another way than the old one.
-spec prepare([{atom(), [{atom(), term()}]}]) -> ok.
prepare(Config) ->
    persistent_term:put(?PREPARED, [{Application, Wanted, carried(Application, Wanted)} || {Application, Wanted} <- Config]).

carried(Application, Wanted) ->
    Configured = configured(Application),
    Given = command_line_keys(Application),
    [Pair || {Key, _} = Pair <- application:get_all_env(Application),
             not lists:member(Key, Given),
             lists:keyfind(Key, 1, Configured) =/= Pair,
             lists:keyfind(Key, 1, Wanted) =:= lists:keyfind(Key, 1, Configured)].

command_line_keys(Application) ->
    case init:get_argument(Application) of
        {ok, Given} -> [list_to_atom(Key) || [Key | _] <- Given];
        error -> []
    end.

%% Lets release_handler install a version; see release_handler:install_release/2. What it is shown meanwhile may hold
%% secrets, so the folder is in one that nobody but this user can read.
-spec install(string(), file:filename()) -> term().
install(Version, Folder) ->
    Releases = releases_folder(),
    show(Folder, Releases, Version),
    replace_folder(Releases, Folder),
    try
        release_handler:install_release(Version, [{update_paths, true}])
    after
        replace_folder(Folder, Releases),
        file:del_dir_r(Folder)
    end.

%% Where release_handler looks, as its init/1 finds it.
releases_folder() ->
    case {application:get_env(sasl, releases_dir), os:getenv("RELDIR")} of
        {{ok, Folder}, _} -> Folder;
        {undefined, false} -> filename:join(code:root_dir(), "releases");
        {undefined, Folder} -> Folder
    end.

show(Folder, Releases, Version) ->
    _ = file:del_dir_r(Folder),
    Running = [Vsn || {_, Vsn, _, Status} <- release_handler:which_releases(), Status =:= current orelse Status =:= permanent],
    [copy(Releases, Folder, filename:join(Vsn, Name)) || Vsn <- [Version | Running], Name <- ["relup", "start.boot"]],
    Text = io_lib:format("%% coding: utf-8~n~tw.~n", [[{Application, plain(Wanted, Carried)}
                                                       || {Application, Wanted, Carried} <- persistent_term:get(?PREPARED)]]),
    ok = file:write_file(filename:join([Folder, Version, "sys.config"]), unicode:characters_to_binary(Text)).

copy(From, To, Path) ->
    Target = filename:join(To, Path),
    ok = filelib:ensure_dir(Target),
    case file:copy(filename:join(From, Path), Target) of
        {ok, _} -> ok;
        {error, enoent} -> ok
    end.

plain(Wanted, Carried) ->
    [Pair || {_, Value} = Pair <- lists:ukeymerge(1, lists:ukeysort(1, Carried), lists:ukeysort(1, Wanted)), is_plain(Value)].

%% What can be written to a file and read again.
is_plain(Term) when is_pid(Term); is_port(Term); is_reference(Term) -> false;
is_plain(Term) when is_function(Term) -> erlang:fun_info(Term, type) =:= {type, external};
is_plain([Head | Tail]) -> is_plain(Head) andalso is_plain(Tail);
is_plain(Term) when is_tuple(Term) -> is_plain(tuple_to_list(Term));
is_plain(Term) when is_map(Term) -> is_plain(maps:to_list(Term));
is_plain(Term) when is_bitstring(Term), not is_binary(Term) -> false;
is_plain(_) -> true.

%% The folder is the one field of release_handler's state that holds it.
replace_folder(Old, New) ->
    sys:replace_state(release_handler, fun(State) ->
        list_to_tuple([case Field of Old -> New; _ -> Field end || Field <- tuple_to_list(State)])
    end),
    ok.

%% In the relup, when the configuration is in place: what no file can hold, and what was carried over.
-spec settle() -> ok.
settle() ->
    Prepared = persistent_term:get(?PREPARED),
    [application:set_env(Application, Key, Value)
     || {Application, Wanted, Carried} <- Prepared, {Key, Value} <- Wanted ++ Carried, not is_plain(Value)],
    persistent_term:put(?CARRIED, [{Application, Key} || {Application, _, Carried} <- Prepared, {Key, _} <- Carried]).

-spec forget() -> ok.
forget() ->
    _ = persistent_term:erase(?PREPARED),
    ok.
