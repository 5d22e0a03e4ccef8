%% What a relup calls, for a test that looks at the rest of it: nothing but a note that it was called.
-module(dray_node).
-export([ready/0, configure/0, stop_children/0, load_protocols/0, update_children/0, calls/0]).

ready() -> note(ready).
configure() -> note(configure).
stop_children() -> note(stop_children).
load_protocols() -> note(load_protocols).
update_children() -> note(update_children).

calls() -> lists:reverse(persistent_term:get(?MODULE, [])).

note(Call) -> persistent_term:put(?MODULE, [Call | persistent_term:get(?MODULE, [])]).
