# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completion for votectl(1)

_votectl_ask() {
        votectl --quiet "${_votectl_where[@]}" "$@" 2>/dev/null </dev/null
}

_votectl() {
        local cur prev words cword
        if declare -F _init_completion >/dev/null; then
                _init_completion -n = || return
        else
                words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
                cur=${words[cword]} prev=${words[cword-1]}
        fi

        local verbs='cast receipt results status peers watch reload authority evidence network key roll election elections
                show approve draw admins board trustee ballot block log export import verify bridge help'
        local global='--host --peer --ledger --instance --socket --network --key --agent --json --yes --quiet
                --no-pager --help --version'
        local -A second=(
                [receipt]='verify list'
                [authority]='key init resume'
                [evidence]='verify'
                [network]='create add list join'
                [key]='generate show list import lock unlock'
                [roll]='add list'
                [election]='template create withdraw list'
                [admins]='list add remove'
                [board]='create list show'
                [trustee]='init deal confirm share forget run'
                [ballot]='check'
        )
        local -A own=(
                ['ballot check']='--code'
                ['board create']='--trustee --threshold --election --until --no-wait'
                ['board list']='--names'
                ['election template']='--sealed'
                ['trustee init']='--no-passphrase --no-wait'
                ['trustee deal']='--no-wait'
                ['trustee confirm']='--no-wait'
                ['trustee share']='--no-wait'
                ['trustee run']='--genesis --forget --once'
                [cast]='--choice --ballot --resume --no-wait'
                [evidence]='--output'
                ['evidence verify']='--genesis'
                ['network create']='--name --admin --approvals --engine --authority --delta --difficulty --interval --confirmations
                        --miner --notice --grace --revotes --block-bytes --entry-bytes --vote-bytes'
                ['network add']='--id'
                ['network join']='--id'
                ['key generate']='--no-passphrase'
                ['key import']='--no-passphrase'
                ['key show']='--ssh'
                ['roll add']='--name --no-wait'
                ['election create']='--no-wait'
                ['election withdraw']='--no-wait'
                ['election list']='--names'
                [elections]='--names'
                [approve]='--no-wait'
                [draw]='--no-wait'
                ['admins add']='--no-wait'
                ['admins remove']='--no-wait'
                [log]='--lines --before'
                [verify]='--results --evidence'
                [export]='--all --no-seals --from'
        )

        # The verb, how many words it has, and where to ask.
        local -a _votectl_where=()
        local i verb='' n_args=0
        for ((i = 1; i < cword; i++)); do
                case ${words[i]} in
                -H|--host|--peer|--ledger|--instance|--socket|--network)
                        _votectl_where+=("${words[i]}" "${words[i+1]}")
                        ((i++)) ;;
                -k|--key|-c|--choice|--ballot|--name|--admin|--approvals|--engine|--difficulty|--interval|\
                --confirmations|--miner|--authority|--output|--genesis|--evidence|--delta|--notice|--grace|--revotes|--*-bytes|--id|-n|--lines|--before|--from|--results|\
                --trustee|--threshold|--election|--until|--code)
                        ((i++)) ;;
                -*) ;;
                *)
                        if [[ -z $verb ]]; then
                                verb=${words[i]}
                        elif [[ $n_args -eq 0 && " ${second[$verb]-} " == *" ${words[i]} "* ]]; then
                                verb+=" ${words[i]}"
                        else
                                ((n_args++))
                        fi ;;
                esac
        done

        case $prev in
        -H|--host)
                declare -F _known_hosts_real >/dev/null && _known_hosts_real -- "$cur"
                return ;;
        --ledger|--socket|--ballot)
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return ;;
        --instance)
                mapfile -t COMPREPLY < <(compgen -W "$(for i in /run/voted/*.socket; do
                        [[ -S $i ]] && i=${i##*/} && echo "${i%.socket}"; done)" -- "$cur")
                return ;;
        --network)
                mapfile -t COMPREPLY < <(compgen -W "$(votectl --quiet network list 2>/dev/null |
                        awk 'NR > 1 { print $1 }')" -- "$cur")
                return ;;
        -k|--key)
                mapfile -t COMPREPLY < <(compgen -W "$(votectl --quiet key list 2>/dev/null </dev/null |
                        awk 'NR > 1 && $2 == "key" { print $1 }')" -- "$cur")
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
                return ;;
        --admin|--miner)
                mapfile -t COMPREPLY < <(compgen -W self -- "$cur"; compgen -f -- "$cur")
                return ;;
        --authority|--output|--genesis|--evidence|--trustee)
                mapfile -t COMPREPLY < <(compgen -f -- "$cur")
                return ;;
        --engine)
                mapfile -t COMPREPLY < <(compgen -W 'quorum pow' -- "$cur")
                return ;;
        -c|--choice|--peer|--name|--approvals|--delta|--difficulty|--interval|--confirmations|--notice|--grace|--revotes|\
        --*-bytes|--id|-n|--lines|--before|--from|--threshold|--election|--until|--code)
                return ;;
        esac

        if [[ $cur == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$global ${own[$verb]-}" -- "$cur")
                return
        fi
        case $verb in
        '')
                mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
        help)
                mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
        cast|show|results|receipt|draw|'election withdraw'|'trustee share')
                [[ $n_args -eq 0 ]] || return
                mapfile -t COMPREPLY < <(compgen -W "${second[$verb]-} $(_votectl_ask elections --names)" -- "$cur") ;;
        'board show'|'trustee deal'|'trustee confirm'|'trustee forget')
                [[ $n_args -eq 0 ]] || return
                mapfile -t COMPREPLY < <(compgen -W "$(_votectl_ask board list --names)" -- "$cur") ;;
        approve)
                mapfile -t COMPREPLY < <(compgen -W "$(_votectl_ask approve | awk 'NR > 1 { print $2 }')" -- "$cur") ;;
        'election template')
                mapfile -t COMPREPLY < <(compgen -W 'plurality approval score schulze stv' -- "$cur") ;;
        'key show'|'key lock'|'key unlock')
                mapfile -t COMPREPLY < <(compgen -W "$(votectl --quiet key list 2>/dev/null </dev/null |
                        awk 'NR > 1 && $2 == "key" { print $1 }')" -- "$cur") ;;
        'network add'|'network join'|'key import'|'roll add'|'election create'|'receipt verify'|'evidence verify'|'ballot check'|verify|import|export|\
        'admins add'|'admins remove')
                mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        authority|evidence|network|key|roll|election|admins|board|trustee|ballot)
                mapfile -t COMPREPLY < <(compgen -W "${second[$verb]}" -- "$cur") ;;
        esac
}
complete -o filenames -F _votectl votectl
