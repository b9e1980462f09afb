#!/bin/sh
# The server, then the load.
#> server
bin/server &
#< server
wait
