{% raw %}%% Changes what is installed: unpacks a release beside the others, makes one permanent, removes one. Run by the launcher
%% with VERSIONS_ACTION and VERSIONS_ARGUMENT. What fails leaves nothing behind.
-mode(interpret).

main(_) ->
    Argument = os:getenv("VERSIONS_ARGUMENT"),
    try
        case os:getenv("VERSIONS_ACTION") of
            "unpack" -> io:format("~ts~n", [unpack(Argument)]);
            "register" -> register_version(Argument);
            "permanent" -> make_permanent(Argument);
            "remove" -> remove(Argument)
        end
    catch
        throw:{failed, Format, Arguments} ->
            io:format(standard_error, "ERROR: " ++ Format ++ "~n", Arguments),
            halt(1)
    end.

%%% Unpacking.

%% Everything goes to a folder of its own first; a version is there when its folder is moved, which is the last step.
unpack(File) ->
    Stage = root(["releases", ".unpacked"]),
    delete(Stage),
    try
        extract(File, Stage),
        Version = find_version(File, Stage),
        install(Stage, Version),
        Version
    after
        delete(Stage)
    end.

extract(File, Stage) ->
    ok = check(filelib:ensure_dir(filename:join(Stage, "x")), Stage),
    case erl_tar:extract({binary, inflate(File)}, [{cwd, Stage}]) of
        ok -> ok;
        {error, Reason} -> fail("~ts cannot be unpacked: ~ts", [File, erl_tar:format_error(Reason)])
    end.

%% An archive of dray's is several gzip streams, one after the other, of which erl_tar itself would see the first.
inflate(File) ->
    Stream = zlib:open(),
    try
        {ok, Data} = file:read_file(File),
        ok = zlib:inflateInit(Stream, 31, reset),
        Inflated = iolist_to_binary(zlib:inflate(Stream, Data)),
        ok = zlib:inflateEnd(Stream),
        Inflated
    catch
        error:_ -> fail("~ts cannot be unpacked: it is damaged", [File])
    after
        zlib:close(Stream)
    end.

find_version(File, Stage) ->
    case filelib:wildcard("releases/*/" ++ os:getenv("RELEASE_NAME") ++ ".rel", Stage) of
        [Found] ->
            [_, Version, _] = filename:split(Found),
            Version;
        _ ->
            fail("~ts is no release of ~ts", [File, os:getenv("RELEASE_NAME")])
    end.

install(Stage, Version) ->
    case {read(Stage, Version), read(root([]), Version)} of
        {{ok, Same}, {ok, Same}} ->
            ok;
        {_, {ok, _}} ->
            fail("another ~ts is installed already; give the new one another version, or remove the old one", [Version]);
        {_, {error, _}} ->
            Folders = filelib:wildcard("lib/*", Stage) ++ filelib:wildcard("erts-*", Stage),
            {Known, New} = lists:partition(fun(Folder) -> filelib:is_dir(root([Folder])) end, Folders),
            [require_equal(Stage, Folder) || "lib/" ++ _ = Folder <- Known],
            delete(root(["releases", Version])),
            [move(Stage, Folder) || Folder <- New],
            [move(Stage, File) || File <- others(Stage)],
            move(Stage, filename:join("releases", os:getenv("RELEASE_NAME") ++ "-" ++ Version ++ ".rel")),
            move(Stage, filename:join("releases", Version))
    end.

read(Root, Version) ->
    file:read_file(filename:join([Root, "releases", Version, "manifest.json"])).

%% Files outside of lib, the runtime and releases belong to no version: those of the version unpacked last count.
others(Stage) ->
    All = [File || File <- filelib:wildcard("**", Stage), filelib:is_regular(filename:join(Stage, File))],
    [File || File <- All, not is_versioned(filename:split(File))].

is_versioned([Top | _]) ->
    Top =:= "lib" orelse Top =:= "releases" orelse lists:prefix("erts-", Top).

%% Two versions share an application of the same version, so it has to be the same; but for its appup, which says where
%% it came from.
require_equal(Stage, Folder) ->
    Files = files(filename:join(Stage, Folder)),
    Files =:= files(root([Folder])) andalso lists:all(fun(File) -> is_equal(Stage, Folder, File) end, Files) orelse
        fail("~ts is installed with other content: an application that changes needs a new version; the step upgrade() "
             "gives it one when the release is built", [Folder]).

files(Folder) ->
    [File || File <- filelib:wildcard("**", Folder), filelib:is_regular(filename:join(Folder, File)),
             filename:extension(File) =/= ".appup"].

is_equal(Stage, Folder, File) ->
    file:read_file(filename:join([Stage, Folder, File])) =:= file:read_file(root([Folder, File])).

move(Stage, Path) ->
    Target = root([Path]),
    ok = check(filelib:ensure_dir(Target), Target),
    ok = check(file:rename(filename:join(Stage, Path), Target), Target).

%%% What OTP keeps of the versions.

%% Lets release_handler find a version when it reads its file the next time.
register_version(Version) ->
    Known = read_releases(),
    lists:keymember(Version, 3, Known) orelse write_releases([describe(Version, unpacked) | Known]).

%% The file that names the version is written last, whole.
make_permanent(Version) ->
    {release, _, _, Erts, _, _} = Release = describe(Version, permanent),
    write_releases([Release | [set_old(Other) || Other <- read_releases(), element(3, Other) =/= Version]]),
    write(root(["releases", "start_erl.data"]), [Erts, " ", Version]).

describe(Version, Status) ->
    {release, {Name, Version}, {erts, Erts}, Libraries} = read_rel(Version),
    Places = [{element(1, Library), element(2, Library), place(Library)} || Library <- Libraries],
    {release, Name, Version, Erts, Places, Status}.

place(Library) ->
    lists:flatten(["lib/", atom_to_list(element(1, Library)), "-", element(2, Library)]).

set_old(Release) ->
    case element(6, Release) of
        permanent -> setelement(6, Release, old);
        _ -> Release
    end.

read_releases() ->
    case file:consult(root(["releases", "RELEASES"])) of
        {ok, [Releases]} -> Releases;
        _ -> []
    end.

write_releases(Releases) ->
    Text = io_lib:format("%% ~ts~n~tp.~n", [epp:encoding_to_string(utf8), Releases]),
    write(root(["releases", "RELEASES"]), unicode:characters_to_binary(Text)).

read_rel(Version) ->
    File = root(["releases", Version, os:getenv("RELEASE_NAME") ++ ".rel"]),
    case file:consult(File) of
        {ok, [Rel]} -> Rel;
        {error, Reason} -> fail("~ts cannot be read: ~ts", [File, file:format_error(Reason)])
    end.

write(File, Data) ->
    New = File ++ ".new",
    ok = check(file:write_file(New, Data), New),
    ok = check(file:rename(New, File), File).

%%% Removing.

%% The applications and runtimes that no other version has go, too.
remove(Version) ->
    write_releases([Release || Release <- read_releases(), element(3, Release) =/= Version]),
    {Libraries, Erts} = parts(Version),
    Others = [parts(Other) || Other <- installed(), Other =/= Version],
    Kept = lists:append([Library || {Library, _} <- Others]),
    delete(root(["releases", Version])),
    delete(root(["releases", os:getenv("RELEASE_NAME") ++ "-" ++ Version ++ ".rel"])),
    [delete(root([Library])) || Library <- Libraries -- Kept],
    lists:keymember(Erts, 2, Others) orelse delete(root([Erts])).

parts(Version) ->
    {release, _, {erts, Erts}, Libraries} = read_rel(Version),
    {[place(Library) || Library <- Libraries], "erts-" ++ Erts}.

installed() ->
    Pattern = filename:join(["releases", "*", os:getenv("RELEASE_NAME") ++ ".rel"]),
    [lists:nth(2, filename:split(Found)) || Found <- filelib:wildcard(Pattern, root([]))].

delete(Path) ->
    case file:del_dir_r(Path) of
        ok -> ok;
        {error, enoent} -> ok;
        {error, enotdir} -> check(file:delete(Path), Path);
        {error, Reason} -> fail("~ts cannot be removed: ~ts", [Path, file:format_error(Reason)])
    end.

root(Parts) ->
    filename:join([os:getenv("RELEASE_ROOT") | Parts]).

check(ok, _) -> ok;
check({error, Reason}, Path) -> fail("~ts cannot be written: ~ts", [Path, file:format_error(Reason)]).

fail(Format, Arguments) ->
    throw({failed, Format, Arguments}).
{% endraw %}
