#!/bin/bash
# Records the classes that a running service uses: the JVM maps this archive at start instead of loading them
# from jars. The options that shape the heap must be those of the image's entry point.
set -euo pipefail

log=$(mktemp)

# A build may share the machine's network, so the port is whichever is free; the server's log tells.
port() { sed --quiet 's|.*http://0\.0\.0\.0:\([0-9]*\) bound.*|\1|p' "$log"; }

get() {
    exec 3<>"/dev/tcp/127.0.0.1/$(port)"
    printf 'GET %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n' "$1" >&3
    grep --quiet "HTTP/1.1 $2" <&3
    exec 3>&-
}

PORT=0 SERVICE_VERSION=v2 RATINGS_URL=http://127.0.0.1:1 /opt/java/bin/java -Xmx64m -XX:+UseSerialGC \
    -XX:TieredStopAtLevel=1 -XX:ArchiveClassesAtExit=/app/reviews.jsa -jar /app/reviews.jar 2> "$log" &
java=$!
until [ -n "$(port)" ]; do
    kill -0 "$java" || { cat "$log"; exit 1; }
    sleep 0.1
done
get /health 200
get /reviews/0 200
get /reviews/7 404
kill -TERM "$java"
wait "$java"
cat "$log"
# A module that jlink left out shows here first.
if grep --quiet '^Exception' "$log"; then exit 1; fi
test -s /app/reviews.jsa
