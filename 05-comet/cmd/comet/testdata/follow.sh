#!/bin/sh
# Prints what is published to a topic, a message a line, until one of them is a certain word.
# Usage: follow.sh http://HOST:PORT TOPIC LAST
#
# All that it knows of the server is in docs/protocol.md. Messages here are words without quotes.
#> follow
since=''
while :; do
	# A failed request changes nothing: the cursor is what we have, and we ask again.
	answer=$(curl -sf "$1/events?topic=$2$since") || { sleep 1; continue; }
	epoch=$(printf '%s' "$answer" | sed 's/.*"epoch":\([0-9]*\).*/\1/')
	next=$(printf '%s' "$answer" | sed 's/.*"next":\([0-9]*\).*/\1/')
	case $answer in
	*'"reset":true'*) echo 'something is lost' >&2 && exit 1 ;;
	esac
	since="&since=$epoch-$next"
	printf '%s' "$answer" | sed 's/"data":"\([^"]*\)"/\n=\1\n/g' | sed -n 's/^=//p' >"${TMPDIR:-/tmp}/follow.$$"
	while read -r line; do
		[ "$line" = "$3" ] && rm "${TMPDIR:-/tmp}/follow.$$" && exit 0
		printf '%s\n' "$line"
	done <"${TMPDIR:-/tmp}/follow.$$"
done
#< follow
