%% Makes a running node use the cookie that is in the file. Connections that are there stay. Run by erl_call.
{ok, Cookie} = file:read_file("/var/lib/ejabberd/.erlang.cookie.next"),
true = erlang:set_cookie(binary_to_atom(Cookie, latin1)),
ok.
