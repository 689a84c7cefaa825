# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for votectl(1)

function __votectl_where
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case --instance --socket --ledger --peer --network -H --host
                if test $i -lt (count $words)
                    echo $words[$i]
                    echo $words[(math $i + 1)]
                end
        end
    end
end

function __votectl_elections
    votectl --quiet (__votectl_where) elections --names 2>/dev/null </dev/null
end

function __votectl_pending
    votectl --quiet (__votectl_where) approve 2>/dev/null </dev/null | awk 'NR > 1 { print $2 }'
end

function __votectl_boards
    votectl --quiet (__votectl_where) board list --names 2>/dev/null </dev/null
end

function __votectl_keys
    votectl --quiet key list 2>/dev/null </dev/null | awk 'NR > 1 && $2 == "key" { print $1 }'
end

function __votectl_networks
    votectl --quiet network list 2>/dev/null </dev/null | awk 'NR > 1 { print $1 }'
end

function __votectl_instances
    for f in /run/voted/*.socket
        string replace -r '.*/(.*)\.socket$' '$1' $f
    end
end

# The words of the command line that are neither options nor their values, without "votectl".
function __votectl_words
    set -l words (commandline -opc)
    set -e words[1]
    set -l skip 0
    for w in $words
        if test $skip = 1
            set skip 0
            continue
        end
        switch $w
            case -H --host --peer --ledger --instance --socket --network -k --key -c --choice --ballot --name --admin --approvals --engine --authority --output --genesis --delta --difficulty --interval --confirmations --miner --notice --grace --revotes '--*-bytes' --id -n --lines --before --from --results --trustee --threshold --election --until --code
                set skip 1
            case '-*'
            case '*'
                echo $w
        end
    end
end

function __votectl_at
    # __votectl_at N WORD...: N words stand there, and they begin with WORD...
    set -l words (__votectl_words)
    test (count $words) -eq $argv[1]; or return 1
    for i in (seq 2 (count $argv))
        set -l k (math $i - 1)
        test "$words[$k]" = $argv[$i]; or return 1
    end
end

function __votectl_has
    # the verb is WORD...
    set -l words (__votectl_words)
    for i in (seq (count $argv))
        test "$words[$i]" = $argv[$i]; or return 1
    end
end

complete -c votectl -f

complete -c votectl -s H -l host -x -a '(__fish_print_hostnames)' -d 'Speak to the node of another host'
complete -c votectl -l peer -x -d 'Speak to a distant peer directly'
complete -c votectl -l ledger -r -F -d 'Ask no node, read that export'
complete -c votectl -l instance -x -a '(__votectl_instances)' -d 'The node of that instance'
complete -c votectl -l socket -r -F -d 'The control socket'
complete -c votectl -l network -x -a '(__votectl_networks)' -d 'Insist on that network'
complete -c votectl -s k -l key -r -F -a '(__votectl_keys)' -d 'Sign with that key'
complete -c votectl -l agent -d 'Use ssh-agent even inside an SSH session'
complete -c votectl -s j -l json -d 'Print JSON'
complete -c votectl -s y -l yes -d 'Do not ask'
complete -c votectl -s q -l quiet -d 'Say only what was asked for'
complete -c votectl -l no-pager -d 'Do not use a pager'
complete -c votectl -s h -l help -d 'Show help'
complete -c votectl -l version -d 'Show the version'

set -l none '__votectl_at 0'
complete -c votectl -n $none -a cast -d 'Vote in an election'
complete -c votectl -n $none -a receipt -d 'Fetch the receipt of your vote'
complete -c votectl -n $none -a results -d 'Show a result'
complete -c votectl -n $none -a status -d 'Show the state of the node'
complete -c votectl -n $none -a peers -d 'Show its links'
complete -c votectl -n $none -a watch -d 'Follow its state'
complete -c votectl -n $none -a reload -d 'Have it read its configuration again'
complete -c votectl -n $none -a authority -d 'What the operator of an authority does'
complete -c votectl -n $none -a evidence -d 'Who was caught at a lie'
complete -c votectl -n $none -a network -d 'Networks'
complete -c votectl -n $none -a key -d 'Keys'
complete -c votectl -n $none -a roll -d 'Rolls'
complete -c votectl -n $none -a election -d 'Elections'
complete -c votectl -n $none -a elections -d 'List all elections'
complete -c votectl -n $none -a show -d 'Show an election'
complete -c votectl -n $none -a approve -d 'Sign what another admin posted'
complete -c votectl -n $none -a draw -d 'Post a lot'
complete -c votectl -n $none -a admins -d 'Administrators'
complete -c votectl -n $none -a board -d 'Boards of trustees'
complete -c votectl -n $none -a trustee -d 'What a trustee does'
complete -c votectl -n $none -a ballot -d 'Opened ballots'
complete -c votectl -n $none -a block -d 'Print a block'
complete -c votectl -n $none -a log -d 'List blocks'
complete -c votectl -n $none -a export -d 'Write the ledger'
complete -c votectl -n $none -a import -d 'Have the node take a ledger'
complete -c votectl -n $none -a verify -d 'Check a whole ledger'
complete -c votectl -n $none -a help -d 'Show help'

complete -c votectl -n '__votectl_at 1 receipt' -a 'verify list'
complete -c votectl -n '__votectl_at 1 authority' -a 'key init resume'
complete -c votectl -n '__votectl_at 1 evidence' -a verify
complete -c votectl -n '__votectl_at 1 network' -a 'create add list join'
complete -c votectl -n '__votectl_at 1 key' -a 'generate show list import lock unlock'
complete -c votectl -n '__votectl_at 1 roll' -a 'add list'
complete -c votectl -n '__votectl_at 1 election' -a 'template create withdraw list'
complete -c votectl -n '__votectl_at 1 admins' -a 'list add remove'
complete -c votectl -n '__votectl_at 1 board' -a 'create list show'
complete -c votectl -n '__votectl_at 1 trustee' -a 'init deal confirm share forget run'
complete -c votectl -n '__votectl_at 1 ballot' -a check

for verb in cast show results receipt draw
    complete -c votectl -n "__votectl_at 1 $verb" -a '(__votectl_elections)'
end
for verb in 'election withdraw' 'trustee share'
    complete -c votectl -n "__votectl_at 2 $verb" -a '(__votectl_elections)'
end
for verb in 'board show' 'trustee deal' 'trustee confirm' 'trustee forget'
    complete -c votectl -n "__votectl_at 2 $verb" -a '(__votectl_boards)'
end
complete -c votectl -n '__votectl_at 2 election template' -a 'plurality approval score schulze stv'
complete -c votectl -n '__votectl_at 1 approve' -a '(__votectl_pending)'
for verb in show lock unlock
    complete -c votectl -n "__votectl_at 2 key $verb" -a '(__votectl_keys)'
end
for verb in verify import export
    complete -c votectl -n "__votectl_at 1 $verb" -F
end
for verb in 'network add' 'network join' 'key import' 'roll add' 'election create' 'receipt verify' 'evidence verify' 'ballot check' 'admins add' 'admins remove'
    complete -c votectl -n "__votectl_at 2 $verb" -F
end

complete -c votectl -n '__votectl_has cast' -s c -l choice -x -d 'The choice of a question'
complete -c votectl -n '__votectl_has cast' -l ballot -r -F -d 'The ballot as JSON'
complete -c votectl -n '__votectl_has cast' -l resume -d 'Go on with the vote that is not final'
for verb in cast 'roll add' 'election create' 'election withdraw' approve draw 'admins add' 'admins remove' 'board create' 'trustee init' 'trustee deal' 'trustee confirm' 'trustee share'
    complete -c votectl -n "__votectl_has $verb" -l no-wait -d 'Do not wait until it is final'
end
complete -c votectl -n '__votectl_has evidence' -l output -r -F -d 'Write it to a file'
complete -c votectl -n '__votectl_has evidence verify' -l genesis -r -F -d 'Check from that genesis'
complete -c votectl -n '__votectl_has network create' -l name -x -d 'What people call it'
complete -c votectl -n '__votectl_has network create' -l admin -x -a self -d 'An administrator'
complete -c votectl -n '__votectl_has network create' -l approvals -x -d 'How many must sign'
complete -c votectl -n '__votectl_has network create' -l engine -x -a 'quorum pow' -d 'How blocks are sealed'
complete -c votectl -n '__votectl_has network create' -l authority -r -d 'An authority'
complete -c votectl -n '__votectl_has network create' -l delta -x -d 'Within which a message arrives, in ms'
complete -c votectl -n '__votectl_has network create' -l difficulty -x -d 'Of the first blocks'
complete -c votectl -n '__votectl_has network create' -l interval -x -d 'Between blocks'
complete -c votectl -n '__votectl_has network create' -l confirmations -x -d 'Blocks deep that is final'
complete -c votectl -n '__votectl_has network create' -l miner -x -d 'Only these nodes may seal'
complete -c votectl -n '__votectl_has network create' -l notice -x -d 'Before an election opens'
complete -c votectl -n '__votectl_has network create' -l grace -x -d 'Least grace of an election'
complete -c votectl -n '__votectl_has network create' -l revotes -x -d 'Votes of a voter'
complete -c votectl -n '__votectl_has network create' -l block-bytes -x -d 'Of a block'
complete -c votectl -n '__votectl_has network create' -l entry-bytes -x -d 'Of an entry'
complete -c votectl -n '__votectl_has network create' -l vote-bytes -x -d 'Of a vote'
for verb in add join
    complete -c votectl -n "__votectl_has network $verb" -l id -x -d 'The id that is expected'
end
for verb in 'key generate' 'key import' 'trustee init'
    complete -c votectl -n "__votectl_has $verb" -l no-passphrase -d 'Do not ask for a passphrase'
end
complete -c votectl -n '__votectl_has key show' -l ssh -d 'As a line of authorized_keys'
complete -c votectl -n '__votectl_has roll add' -l name -x -d 'What elections call it'
for verb in elections 'election list' 'board list'
    complete -c votectl -n "__votectl_has $verb" -l names -d 'Print the names only'
end
complete -c votectl -n '__votectl_has verify' -l results -x -d 'Count that election, too'
complete -c votectl -n '__votectl_has verify' -l evidence -r -F -d 'Check that evidence, too'
complete -c votectl -n '__votectl_has log' -s n -l lines -x -d 'How many blocks'
complete -c votectl -n '__votectl_has log' -l before -x -d 'Those below that height'
complete -c votectl -n '__votectl_has export' -l all -d 'Up to the tip'
complete -c votectl -n '__votectl_has export' -l no-seals -d 'Leave the seals out'
complete -c votectl -n '__votectl_has export' -l from -x -d 'From that block on'
complete -c votectl -n '__votectl_has election template' -l sealed -d 'With secret ballots'
complete -c votectl -n '__votectl_has board create' -l trustee -r -F -a self -d 'A trustee'
complete -c votectl -n '__votectl_has board create' -l threshold -x -d 'How many open a sum'
complete -c votectl -n '__votectl_has board create' -l election -x -d 'An election that it serves'
complete -c votectl -n '__votectl_has board create' -l until -x -d 'It must be ready by then'
complete -c votectl -n '__votectl_has trustee run' -l genesis -r -F -d 'Of that network'
complete -c votectl -n '__votectl_has trustee run' -l forget -d 'Destroy what is done with'
complete -c votectl -n '__votectl_has trustee run' -l once -d 'What there is to do now'
complete -c votectl -n '__votectl_has ballot check' -l code -x -d 'The code that was shown'
