# Sourced by `npm run build`: a build that depends on nothing outside this folder.
export NEXT_TELEMETRY_DISABLED=1
# No process, cache or copied library may outlive a build: each run has to be a whole one, whoever runs it.
export NX_DAEMON=false NX_SKIP_NX_CACHE=true NX_CACHE_PROJECT_GRAPH=false NX_SKIP_NATIVE_FILE_CACHE=true
export NX_NO_CLOUD=true NX_TUI=false
# Next compiles in a thread that it ends while the type check begins: when its 150 MiB go is a race, and a build
# has one of two peaks, the higher one in a run of five. Without the thread they stay.
export NEXT_TURBOPACK_USE_WORKER=0
# Only a build that was asked to misbehave carries the preload: others are measured as they are.
if [ -n "${BUILD_MEM_EXTRA:-}${BUILD_MEM_BREAK:-}" ]; then
	export NODE_OPTIONS="${NODE_OPTIONS:-} --require \"$PWD/scripts/misbehave.cjs\""
fi
