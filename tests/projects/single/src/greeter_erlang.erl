-module(greeter_erlang).
-export([word/0]).

word() -> <<"Hello">>.
