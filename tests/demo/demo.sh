#!/bin/sh
# followupd on a sample book, in a folder that is removed afterwards.
#
#   tests/demo/demo.sh            a desk's morning from the first file to the report; any step that fails ends it (make demo)
#   tests/demo/demo.sh --stay     start and load it, and stay until Ctrl-C (make run)
#
# BUILD names the build folder. The business clock stands still at Monday 2025-03-03, 15:00, when the desk is open.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
sample=tests/data/sample
scratch=$(mktemp -d "${TMPDIR:-/tmp}/followup-demo.XXXXXX")
socket=$scratch/agent.sock
daemon=''
console=''
cd "$root"

tidy() {
	status=$?
	trap - EXIT INT TERM
	if [ -n "$console" ] && kill "$console" 2>/dev/null; then
		wait "$console" || true
	fi
	if [ -n "$daemon" ] && kill "$daemon" 2>/dev/null; then
		wait "$daemon" || true
	fi
	if [ "$status" -ne 0 ]; then
		echo
		echo "A step failed (status $status). The daemon's log:"
		cat "$scratch/log" 2>/dev/null || true
	fi
	rm -rf "$scratch"
	exit "$status"
}
trap tidy EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

followupd() {
	"$build/followupd" "$@"
}
followupctl() {
	"$build/followupctl" -s "$socket" "$@"
}

# say TEXT: one line before the command that it is about
say() {
	printf '\n# %s\n' "$*"
}

# show WORD...: the command as it would be typed
show() {
	printf '$'
	for word in "$@"; do
		case $word in
		*[!A-Za-z0-9_./:=@%+-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	echo
}

# run WORD...: shows the command, runs it and keeps its answer in $scratch/answer
run() {
	show "$@"
	if ! "$@" >"$scratch/answer" 2>&1; then
		cat "$scratch/answer"
		return 1
	fi
	cat "$scratch/answer"
}

# refused WORD...: like run, for what is expected to fail
refused() {
	show "$@"
	if "$@" >"$scratch/answer" 2>&1; then
		cat "$scratch/answer"
		echo "demo: this should have been refused" >&2
		return 1
	fi
	cat "$scratch/answer"
}

# expect TEXT: the last answer holds it
expect() {
	grep -q -e "$1" "$scratch/answer" || {
		echo "demo: \"$1\" was expected" >&2
		return 1
	}
}

# answer KEY: that line of the last answer
answer() {
	sed -n "s/^$1: //p" "$scratch/answer" | head -n 1
}

# The shipped configuration, with the book and the socket in the folder.
configure() {
	cp -R conf/. "$scratch"
	sed -e "s|^\(	database *= \)\"[^\"]*\"|\1\"$scratch/followupd.db\"|" \
		-e "s|^\(	listen *= \){[^}]*}|\1{\"unix:$socket\"}|" \
		-e 's|^\(	start_on *= \)none|\12025-02-24|' conf/followupd.conf >"$scratch/followupd.conf"
}

start() {
	printf '$ followupd -c %s -f --test-clock 2025-03-03T15:00:00 &\n' "$scratch/followupd.conf"
	"$build/followupd" -c "$scratch/followupd.conf" -f --test-clock 2025-03-03T15:00:00 >"$scratch/log" 2>&1 &
	daemon=$!
	tries=0
	until followupctl info >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$daemon" 2>/dev/null; then
			echo "demo: the daemon did not start" >&2
			return 1
		fi
		sleep 0.1
	done
	echo "serving on $socket"
}

# start_console: leaves its address in $url
start_console() {
	printf 'console {\n\tlisten = "127.0.0.1:0"\n\tdaemon = "unix:%s"\n}\n' "$socket" >"$scratch/followup-console.conf"
	show followup-console -c "$scratch/followup-console.conf" -f
	"$build/followup-console" -c "$scratch/followup-console.conf" -f >"$scratch/console.log" 2>&1 &
	console=$!
	tries=0
	until url=$(sed -n 's|^event=started .* address=\([^ ]*\) .*|http://\1/|p' "$scratch/console.log") && [ -n "$url" ]; do
		tries=$((tries + 1))
		if [ "$tries" -gt 100 ] || ! kill -0 "$console" 2>/dev/null; then
			cat "$scratch/console.log"
			echo "demo: the console did not start" >&2
			return 1
		fi
		sleep 0.1
	done
}

load() {
	say "Clients and events, as the core systems export them, go in. Loading them twice would change nothing."
	run followupctl import clients $sample/clients.csv
	run followupctl import events $sample/events.csv
}

# add_agent NAME ROLE QUEUE...: leaves the agent's token in $token
add_agent() {
	name=$1
	role=$2
	shift 2
	run followupctl agent add "$name" "$role" queues "$@"
	token=$(answer token)
}

configure

if [ "${1:-}" = --stay ]; then
	say "A sample book, on a clock that stands still"
	start
	load
	say "An agent for the service desk, and a supervisor"
	add_agent anna agent service hq
	anna=$token
	run followupctl agent add boss supervisor
	boss=$(answer token)
	say "The console, for both of them"
	start_console
	cat <<-END

		Sign in at $url with a name and a token:

		    anna   $anna
		    boss   $boss

		It runs until Ctrl-C; then everything is gone. In another terminal:

		    alias ctl='$build/followupctl -s $socket'
		    ctl queues                                     what waits
		    ctl top                                        the same, live, until q
		    FOLLOWUP_TOKEN=$anna ctl --agent anna next     a call, and what came of it
		    ctl why C003                                   all about one client
		    ctl clock set 2025-03-04T09:30:00              the next morning
		    ctl help                                       everything else
		    redis-cli -s $socket QUEUES
	END
	trap 'echo; kill -TERM "$daemon"' INT
	while kill -0 "$daemon" 2>/dev/null; do
		wait "$daemon" 2>/dev/null || true
	done
	daemon=''
	exit 0
fi

echo "followupctl below is $build/followupctl -s $socket"

say "Is the configuration right?"
run followupd check -c "$scratch/followupd.conf"

say "The daemon starts. The clock of this demo stands at Monday 2025-03-03, 15:00."
start
load

say "From these facts the rules have made calls. What waits, and where?"
run followupctl queues
expect service

say "Two matters of one client, one call: he is rung once."
run followupctl list followups client C028
expect permission-opened

say "Two agents and the gateway that sends text messages. Each token is shown once."
add_agent anna agent service hq
anna=$token
add_agent bob agent service
bob=$token
add_agent gate gateway sms
gate=$token

say "Anna pulls her next call: what is overdue goes first. (FOLLOWUP_TOKEN holds her token.)"
export FOLLOWUP_TOKEN="$anna"
run followupctl --agent anna next
expect 'rule *client_ref'
first=$(answer lease)

say "The talk takes longer than the lease: she keeps it."
run followupctl --agent anna touch "$first"

say "Bob uses redis-cli, as any Redis client could. He gets another call: a call has one holder."
printf '$ redis-cli -s SOCKET --user bob --pass ... NEXT\n'
redis-cli -s "$socket" --user bob --pass "$bob" --no-auth-warning NEXT | tee "$scratch/answer"
expect '"held_by":"bob"'
second=$(sed -n 's/.*"lease":"\([^"]*\)".*/\1/p' "$scratch/answer")
[ -n "$second" ] && [ "$second" != "$first" ]

say "Nobody answers Bob. The call rests, and is tried again in another part of the day."
printf '$ redis-cli -s SOCKET --user bob --pass ... DONE %s no-answer\n' "$second"
redis-cli -s "$socket" --user bob --pass "$bob" --no-auth-warning DONE "$second" no-answer | tee "$scratch/answer"
expect 'no-answer'

say "Anna reached her client: the call and all that is on its agenda is done."
run followupctl --agent anna "done" "$first" reached
say "Her connection broke and she says it again: answered the same, and counted once."
run followupctl --agent anna "done" "$first" reached
say "She takes another, and has to give it back."
run followupctl --agent anna next
run followupctl --agent anna release "$(answer lease)" "client asked for a colleague"

say "The gateway takes its messages, many at a time, and says what became of them."
FOLLOWUP_TOKEN=$gate
run followupctl --agent gate next count 10
message=$(answer lease)
run followupctl --agent gate "done" "$message" sent
unset FOLLOWUP_TOKEN

say "A new complaint comes in during the day: a call for it waits at once."
run followupctl event.put '{"event_ref":"E9001","client_ref":"C030","kind":"complaint","occurred_at":"2025-03-03T15:00:00"}'
run followupctl list followups client C030
expect 'complaint.*queued'

say "Why was a client called, or not called? The supervisor sees every window, contact and gate."
run followupctl why C003
expect birthday-call

say "Later the desk is closed; NEXT says until when."
run followupctl clock set 2025-03-03T18:00:00
FOLLOWUP_TOKEN=$anna
export FOLLOWUP_TOKEN
refused followupctl --agent anna next
expect CLOSED
unset FOLLOWUP_TOKEN

say "A night passes: the new day is worked, and what was not done in time is missed, with its reason."
run followupctl clock set 2025-03-04T09:30:00
run followupctl list followups state missed

say "The report, by rule."
run followupctl report
expect complaint

say "What is kept is compared with a full scan of the facts."
run followupctl check
expect 'faults: none'

say "The daemon stops when what is under way has been answered."
run followupctl shutdown
wait "$daemon"
daemon=''
printf '\nThat was it. make run starts it again and leaves it to you.\n'
