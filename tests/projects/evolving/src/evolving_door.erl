%% A door that is open or closed.
-module(evolving_door).
-behaviour(gen_statem).
-export([start_link/0, push/0, look/0]).
-export([callback_mode/0, init/1, open/3, closed/3, code_change/4]).

start_link() -> gen_statem:start_link({local, ?MODULE}, ?MODULE, [], []).
push() -> gen_statem:call(?MODULE, push).
look() -> gen_statem:call(?MODULE, look).

callback_mode() -> state_functions.
init([]) -> {ok, closed, 0}.
closed({call, From}, push, Pushes) -> {next_state, open, Pushes + 1, {reply, From, open}};
closed({call, From}, look, Pushes) -> {keep_state_and_data, {reply, From, {closed, Pushes}}}.
open({call, From}, push, Pushes) -> {next_state, closed, Pushes + 1, {reply, From, closed}};
open({call, From}, look, Pushes) -> {keep_state_and_data, {reply, From, {open, Pushes}}}.
code_change({down, _}, State, #{pushes := Pushes}, _) -> {ok, State, Pushes};
code_change(_, State, Data, _) -> {ok, State, Data}.
