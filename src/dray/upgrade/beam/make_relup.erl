%% Makes relups with systools and compiles modules, in one start of the BEAM.
%%
%% Evaluated with file:eval/1. Request and reply are files in the external term format, named by DRAY_REQUEST and
%% DRAY_REPLY. The request is {Upgrades, Sources}: Upgrades are {New, Base, Path}, the names of two .rel files without
%% their extension and the folders that hold the .app and .appup files; Sources are the names of Erlang files.
%%
%% The reply is {Relups, Modules}: {ok, Relup, Warnings} or {error, Text} for each of them, and {ok, Beam} or
%% {error, Text}.

{ok, Request} = file:read_file(os:getenv("DRAY_REQUEST")),
{Upgrades, Sources} = binary_to_term(Request),

Text = fun(Chars) -> unicode:characters_to_binary(Chars) end,

Relup = fun({New, Base, Path}) ->
    case systools:make_relup(New, [Base], [Base], [{path, Path}, silent, noexec]) of
        {ok, Made, Module, Warnings} ->
            {ok, Made, [Text(Module:format_warning(Warning)) || Warning <- Warnings]};
        {error, Module, Reason} ->
            {error, Text(Module:format_error(Reason))}
    end
end,

Compile = fun(Source) ->
    case compile:noenv_file(Source, [binary, deterministic, return]) of
        {ok, _, Beam, _} -> {ok, Beam};
        {error, Errors, _} ->
            {error, Text([io_lib:format("~ts:~p: ~ts~n", [File, Where, Module:format_error(What)])
                          || {File, Found} <- Errors, {Where, Module, What} <- Found])}
    end
end,

Reply = {lists:map(Relup, Upgrades), lists:map(Compile, Sources)},
ok = file:write_file(os:getenv("DRAY_REPLY"), term_to_binary(Reply)),
halt(0).
