%% Compiles a rebar3 project and reports its facts, in one start of the BEAM.
%%
%% Evaluated with file:eval/1, with the modules of rebar3 itself on the code path. Request and reply are files in the
%% external term format, named by DRAY_REQUEST and DRAY_REPLY; the request is {Profile, Arguments}.

{ok, Request} = file:read_file(os:getenv("DRAY_REQUEST")),
{Profile, Arguments} = binary_to_term(Request),

State =
    case rebar3:run(["as", binary_to_list(Profile), "compile" | Arguments]) of
        {ok, Done} ->
            Done;
        {error, {Module, Reason}} when is_atom(Module) ->
            io:format(standard_error, "~ts~n", [Module:format_error(Reason)]),
            halt(1);
        Error ->
            io:format(standard_error, "~tp~n", [Error]),
            halt(1)
    end,

Version = fun(Application) ->
    case rebar_app_info:app_file(Application) of
        undefined ->
            rebar_app_info:original_vsn(Application);
        File ->
            case file:consult(File) of
                {ok, [{application, _, Properties}]} -> proplists:get_value(vsn, Properties, "");
                _ -> rebar_app_info:original_vsn(Application)
            end
    end
end,

Describe = fun(Application) ->
    {rebar_app_info:name(Application),
     Version(Application),
     rebar_app_info:dir(Application),
     rebar_app_info:out_dir(Application),
     rebar_app_info:source(Application)}
end,

Members = rebar_state:project_apps(State),
Vcs = fun
    (Vsn) when is_list(Vsn) -> Vsn;
    (Vsn) -> try rebar_utils:vcs_vsn(hd(Members), Vsn, rebar_state:resources(State)) catch _:_ -> Vsn end
end,
Relx = [case Item of
            {release, {Name, Vsn}, Applications} -> {release, {Name, Vcs(Vsn)}, Applications};
            {release, {Name, Vsn}, Applications, _} -> {release, {Name, Vcs(Vsn)}, Applications};
            {release, {Name, Vsn}, {erts, _}, Applications, _} -> {release, {Name, Vcs(Vsn)}, Applications};
            Other -> Other
        end || Item <- rebar_state:get(State, relx, [])],

Facts = #{
    root => rebar_state:dir(State),
    build_path => rebar_dir:base_dir(State),
    members => lists:map(Describe, Members),
    dependencies => lists:map(Describe, rebar_state:all_deps(State)),
    relx => Relx,
    otp_release => erlang:system_info(otp_release),
    erts_version => erlang:system_info(version),
    otp_root => code:root_dir(),
    otp_lib => code:lib_dir(),
    significant_chunks => beam_lib:significant_chunks()
},
ok = file:write_file(os:getenv("DRAY_REPLY"), term_to_binary(Facts)),
halt(0).
