%% Makes a running ejabberd follow another file, or says in ejabberd's words what is wrong with it: then nothing has
%% changed. Run on the node by erl_call.
Own = application:get_env(ejabberd, config),
application:set_env(ejabberd, config, "/etc/ejabberd/next.yml"),
Result = try ejabberd_config:reload() catch Class:Reason -> {error, {exception, Class, Reason, []}} end,
case Own of
    {ok, File} -> application:set_env(ejabberd, config, File);
    undefined -> application:unset_env(ejabberd, config)
end,
case Result of
    ok -> ok;
    Error -> {refused, unicode:characters_to_list(ejabberd_config:format_error(Error))}
end.
