-module(counter_app).
-behaviour(application).
-export([start/2, stop/1]).

start(_Type, _Arguments) ->
    Child = #{id => counter, start => {counter, start_link, []}},
    supervisor:start_link({local, counter_sup}, counter_sup, [Child]).

stop(_State) -> ok.
