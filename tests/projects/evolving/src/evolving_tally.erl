%% A gen_server that has no code_change/3 yet.
-module(evolving_tally).
-behaviour(gen_server).
-export([start_link/0, add/1, total/0]).
-export([init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).
add(Number) -> gen_server:call(?MODULE, {add, Number}).
total() -> gen_server:call(?MODULE, total).

init([]) -> {ok, 0}.
handle_call({add, Number}, _From, Total) -> {reply, ok, Total + Number};
handle_call(total, _From, Total) -> {reply, Total, Total}.
handle_cast(_, Total) -> {noreply, Total}.
