# Sourced by `npm run build`.
# Preload misbehave.cjs only if a variable is set, so that other builds are unchanged.
if [ -n "${BUILD_MEM_EXTRA:-}${BUILD_MEM_BREAK:-}" ]; then
	export NODE_OPTIONS="${NODE_OPTIONS:-} --require \"$PWD/scripts/misbehave.cjs\""
fi
