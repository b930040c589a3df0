#!/bin/sh
# Compares `followupd simulate` with the independent model on random books.
#
#   tests/model/compare.sh [BOOKS [FIRST_SEED [CLIENTS]]]      default: 5 books, seeds from 1, 120 clients
#
# FOLLOWUPD (build/followupd) and CONF (conf/followupd.conf) name what is compared.
# WILD=--wild compares books that contradict themselves. The years follow the seed, 2023 to
# 2025. Each book is run twice: without limits and with capacities drawn from its seed.
# The books and both answers are kept in a folder where they differ.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
followupd=${FOLLOWUPD:-$root/build/followupd}
conf=${CONF:-$root/conf/followupd.conf}
books=${1:-5}
seed=${2:-1}
clients=${3:-120}
last=$((seed + books - 1))
different=0

if ! [ -x "$followupd" ]; then
	echo "$followupd cannot be run: make it, or name it in FOLLOWUPD" >&2
	exit 2
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/followup-compare.XXXXXX")

# capacities SEED: one --capacity word list a seed, some pools left without a limit
capacities() {
	python3 - "$1" <<-'END'
		import random, sys
		draw = random.Random(int(sys.argv[1]) * 7919)
		pools = ["service", "hq"] + [f"branch/B{n}" for n in (1, 2, 3, 4)] + [f"manager/B{n}-M{m}" for n in (1, 2) for m in (1, 2, 3)]
		words = []
		for pool in pools:
		    if pool in ("service", "hq") or draw.random() < 0.4:
		        words += ["--capacity", f"{pool}={draw.choice([0, 1, 1, 1, 2])}"]
		print(" ".join(words))
	END
}

# compare NAME ARGUMENT...: both programs on one book
compare() {
	name=$1
	shift
	if ! python3 "$here/model.py" "$@" >"$work/$name.model.csv"; then
		echo "seed $name: the model failed"
		different=$((different + 1))
	elif ! "$followupd" simulate -c "$conf" "$@" >"$work/$name.daemon.csv" 2>"$work/$name.stderr"; then
		echo "seed $name: simulate failed:"
		head -5 "$work/$name.stderr"
		different=$((different + 1))
	elif cmp -s "$work/$name.model.csv" "$work/$name.daemon.csv"; then
		echo "seed $name: $(($(wc -l <"$work/$name.model.csv") - 1)) rows agree"
	else
		echo "seed $name: rows differ (< model, > daemon): $*"
		diff "$work/$name.model.csv" "$work/$name.daemon.csv" | head -12 || true
		different=$((different + 1))
	fi
}

while [ "$seed" -le "$last" ]; do
	book=$work/$seed
	year=$((2025 - seed % 3))
	# shellcheck disable=SC2086 # empty or one word
	python3 "$here/make_book.py" "$seed" --clients "$clients" --year "$year" ${WILD:-} "$book"
	set -- --clients "$book/clients.csv" --events "$book/events.csv" --from "$year-01-01" --to "$((year + 1))-06-30"
	set -- "$@" --without yearly-sample # its draw is its own
	compare "$seed" "$@"
	# shellcheck disable=SC2046 # a list of words is meant
	compare "$seed-capacity" "$@" $(capacities "$seed")
	seed=$((seed + 1))
done

if [ "$different" -gt 0 ]; then
	echo "$different of $((books * 2)) runs differ; kept in $work"
	exit 1
fi
echo "all $((books * 2)) runs agree"
rm -rf "$work"
