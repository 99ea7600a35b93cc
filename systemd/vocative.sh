#!/bin/sh
exec /opt/vocative/bin/vocative "$@"
