# Sourced by `npm run build`. The build must not depend on anything outside this folder.
export NEXT_TELEMETRY_DISABLED=1
# Each run must be a complete build, so no process, cache or copied library can outlive it.
export NX_DAEMON=false NX_SKIP_NX_CACHE=true NX_CACHE_PROJECT_GRAPH=false NX_SKIP_NATIVE_FILE_CACHE=true
export NX_NO_CLOUD=true NX_TUI=false
# Preload misbehave.cjs only if a variable is set, so that other builds are unchanged.
if [ -n "${BUILD_MEM_EXTRA:-}${BUILD_MEM_BREAK:-}" ]; then
	export NODE_OPTIONS="${NODE_OPTIONS:-} --require \"$PWD/scripts/misbehave.cjs\""
fi
