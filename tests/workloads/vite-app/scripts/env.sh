# Sourced by `npm run build`.
# Only a build that was asked to misbehave carries the preload: others are measured as they are.
if [ -n "${BUILD_MEM_EXTRA:-}${BUILD_MEM_BREAK:-}" ]; then
	export NODE_OPTIONS="${NODE_OPTIONS:-} --require \"$PWD/scripts/misbehave.cjs\""
fi
