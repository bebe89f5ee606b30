#!/bin/bash
# Builds the ledger with debug information, so that the link lasts long enough to be a stage.
# BUILD_MEM_EXTRA=STAGE:MB adds memory to the process of a stage (see README.md).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug

# Preload misbehave.so only if the variable is set, so that other builds are unchanged.
if [[ -n ${BUILD_MEM_EXTRA:-} ]]; then
	case ${BUILD_MEM_EXTRA%%:*} in
	compile) process='"cc1plus", "north.cpp"' ;;
	link) process='"ld", "ledger"' ;;
	*) process= ;;
	esac
	if [[ -z $process || ! ${BUILD_MEM_EXTRA#*:} =~ ^[1-9][0-9]{0,4}$ ]]; then
		echo "cpp-templates: BUILD_MEM_EXTRA: '$BUILD_MEM_EXTRA' is not compile:MB or link:MB" >&2
		exit 1
	fi
	c++ -shared -fPIC -DPROCESS="$process" -DHOLD_MB="${BUILD_MEM_EXTRA#*:}" -o build/misbehave.so misbehave.cpp
	export LD_PRELOAD=$PWD/build/misbehave.so
fi

cmake --build build -j2
