%% Whom this node must wait for before it restarts: members that are down, and those before it, by name, that were
%% started with something else than it is about to be. Run on the node by erl_call; answers {wait, Names}.
{ok, Arguments} = file:read_file("/etc/ejabberd/vm.args"),
{match, [Start]} = re:run(Arguments, "^-lab_start (.*)$", [multiline, {capture, all_but_first, list}]),
{wait, lists:flatten(lists:join(" ", [atom_to_list(Member) || Member <- mnesia:system_info(db_nodes) -- [node()],
    rpc:call(Member, ejabberd, is_loaded, []) =/= true
        orelse (Member < node() andalso rpc:call(Member, init, get_argument, [lab_start]) =/= {ok, [[Start]]})]))}.
