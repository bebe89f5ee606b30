# Sourced by `npm run build`: a build that depends on nothing outside this folder.
export NEXT_TELEMETRY_DISABLED=1
# No process, cache or copied library may outlive a build: each run has to be a whole one, whoever runs it.
export NX_DAEMON=false NX_SKIP_NX_CACHE=true NX_CACHE_PROJECT_GRAPH=false NX_SKIP_NATIVE_FILE_CACHE=true
export NX_NO_CLOUD=true NX_TUI=false
# Only a build that was asked to misbehave carries the preload: others are measured as they are.
if [ -n "${BUILD_MEM_EXTRA:-}${BUILD_MEM_BREAK:-}" ]; then
	export NODE_OPTIONS="${NODE_OPTIONS:-} --require \"$PWD/scripts/misbehave.cjs\""
fi
