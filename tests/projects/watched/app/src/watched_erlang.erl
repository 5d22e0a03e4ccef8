-module(watched_erlang).
-export([number/0]).
-include("watched.hrl").

number() -> ?NUMBER.
