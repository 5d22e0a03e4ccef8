-module(counter_sup).
-behaviour(supervisor).
-export([init/1]).

init(Children) -> {ok, {#{strategy => one_for_one}, Children}}.
