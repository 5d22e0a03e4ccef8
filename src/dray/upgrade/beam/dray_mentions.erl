%% Which modules can come to another result because others have changed: those that mention a changed one, those that
%% mention these, and so on. A module mentions the names in its table of atoms and in its literals.
%%
%% It may say too many, never too few, but for names that are put together while the program runs.
-module(dray_mentions).

-export([find_affected/2, atoms/1]).

%% Files are the modules that may stand between; Changed are names of modules, or of applications whose configuration
%% has changed.
-spec find_affected([file:filename()], [atom()]) -> #{atom() => true}.
find_affected(_, []) ->
    #{};
find_affected(Files, Changed) ->
    spread(Changed, invert([read(File) || File <- Files]), #{}).

read(File) ->
    {ok, {Module, [{atoms, Atoms}, {"LitT", Literals}]}} =
        beam_lib:chunks(File, [atoms, "LitT"], [allow_missing_chunks]),
    {Module, lists:usort([Atom || {_, Atom} <- Atoms] ++ literal_atoms(Literals))}.

%% The literals are compressed up to OTP 27; from OTP 28 on a size of zero says that they are not.
literal_atoms(missing_chunk) ->
    [];
literal_atoms(<<0:32, Table/binary>>) ->
    table_atoms(Table);
literal_atoms(<<_:32, Compressed/binary>>) ->
    table_atoms(zlib:uncompress(Compressed)).

table_atoms(<<_:32, Entries/binary>>) ->
    entry_atoms(Entries).

entry_atoms(<<Size:32, Entry:Size/binary, Rest/binary>>) ->
    atoms(binary_to_term(Entry)) ++ entry_atoms(Rest);
entry_atoms(<<>>) ->
    [].

%% The atoms in a term, and the modules of its functions.
-spec atoms(term()) -> [atom()].
atoms(Term) when is_atom(Term) -> [Term];
atoms([Head | Tail]) -> atoms(Head) ++ atoms(Tail);
atoms(Term) when is_tuple(Term) -> atoms(tuple_to_list(Term));
atoms(Term) when is_map(Term) -> atoms(maps:to_list(Term));
atoms(Term) when is_function(Term) ->
    {module, Module} = erlang:fun_info(Term, module),
    [Module];
atoms(_) -> [].

invert(Read) ->
    lists:foldl(
        fun({Module, Mentioned}, Table) ->
            lists:foldl(fun(Name, Of) -> maps:update_with(Name, fun(By) -> [Module | By] end, [Module], Of) end, Table, Mentioned)
        end,
        #{},
        Read
    ).

spread([], _, Found) ->
    Found;
spread([Name | Rest], By, Found) when is_map_key(Name, Found) ->
    spread(Rest, By, Found);
spread([Name | Rest], By, Found) ->
    spread(maps:get(Name, By, []) ++ Rest, By, Found#{Name => true}).
