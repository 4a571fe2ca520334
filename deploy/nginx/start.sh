#!/bin/sh
# nginx asks for its services' addresses when it starts, and does not start where one has none. A cluster may do without
# scoring workers: then their routes lead to a port where nobody listens, and nginx says so itself.
set -eu
if getent hosts scoring-worker >/dev/null; then
  address=scoring-worker:6348
else
  address=127.0.0.1:6
fi
echo "server $address max_fails=0;" >/tmp/scoring-worker.conf
exec nginx -c /etc/weft/weft.conf -e stderr
