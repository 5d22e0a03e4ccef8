-module(counter).
-behaviour(gen_server).
-export([start_link/0, next/0, init/1, handle_call/3, handle_cast/2]).

start_link() -> gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

next() -> gen_server:call(?MODULE, next).

init([]) -> {ok, application:get_env(counter, first, 0)}.

handle_call(next, _From, Count) -> {reply, Count + 1, Count + 1}.

handle_cast(_, Count) -> {noreply, Count}.
