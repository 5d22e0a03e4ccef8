%% What the modules of an upgrade share: the launcher's variables, calls to the running node, words, and how to give up.
-module(dray_lib).

-export([variable/1, release_file/2, boot_script/0, call/4, stop/2, stop/4, show/1, text/2]).

-define(CALL_LIMIT, 600000).

%% A variable of the launcher's; empty where it is not set.
-spec variable(string()) -> string().
variable(Name) ->
    os:getenv(Name, "").

%% A file of a version of the release.
-spec release_file(string(), string()) -> file:filename().
release_file(Version, Name) ->
    filename:join([variable("RELEASE_ROOT"), "releases", Version, Name]).

%% The instructions by which the new version boots.
-spec boot_script() -> [term()].
boot_script() ->
    {ok, Binary} = file:read_file(release_file(variable("RELEASE_VSN"), "start.boot")),
    {script, _, Instructions} = binary_to_term(Binary),
    Instructions.

%% Calls a function of the running node; what fails there ends the upgrade.
-spec call(node(), module(), atom(), [term()]) -> term().
call(Node, Module, Function, Arguments) ->
    case rpc:call(Node, Module, Function, Arguments, ?CALL_LIMIT) of
        {badrpc, Reason} -> stop(1, failed, "~ts:~ts in ~ts: ~tP", [Module, Function, Node, Reason, 20]);
        Result -> Result
    end.

%% Ends the upgrade with a status and lines for the launcher; see dray_upgrade.
-spec stop(non_neg_integer(), [{atom(), string()}]) -> no_return().
stop(Code, Lines) ->
    throw({stop, Code, Lines}).

-spec stop(non_neg_integer(), atom(), string(), [term()]) -> no_return().
stop(Code, Kind, Format, Arguments) ->
    stop(Code, [{Kind, text(Format, Arguments)}]).

%% A name as Elixir writes it.
-spec show(term()) -> string().
show(Name) when is_atom(Name) ->
    case atom_to_list(Name) of
        "Elixir." ++ Rest -> Rest;
        Text -> Text
    end;
show(Name) ->
    text("~tp", [Name]).

-spec text(string(), [term()]) -> string().
text(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
