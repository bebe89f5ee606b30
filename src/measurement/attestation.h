/* The figures that BuildKit itself recorded of an image build, from a provenance attestation.
 *
 * BuildKit samples the cgroup of each RUN step every 2 s or less often, and once more when the step
 * has ended, and reads its memory.peak each time. With `capture-usage`, a provenance of mode max
 * contains the samples, as `resourceUsage` of each step. Sources in github.com/moby/buildkit:
 * executor/resources, solver/llbsolver/provenance/types. */
#ifndef BM_MEASUREMENT_ATTESTATION_H
#define BM_MEASUREMENT_ATTESTATION_H

#include "base/error.h"
#include "measurement/measurement.h"

/* Limits of an attestation: RUN steps with figures, and bytes of the name of a step. */
#define ATTESTATION_STEPS_MAX 1000
#define ATTESTATION_NAME_MAX 400

/* Reads a provenance predicate (SLSA 0.2 or 1), an in-toto statement with one, or the metadata file
 * of `docker buildx build`. `origin` names the text in messages. Initialises `m`, which the caller
 * releases, also after an error; sets everything but the label.
 *
 * The memory peak is the highest one of a step, an estimate: steps that ran at the same time are
 * not added up. Each step with figures is a stage, with a lower bound of the peak of its cgroup.
 * The other steps count as cached_steps. Memory that the kernel cannot reclaim, processes, and the
 * number of CPUs stay UNMEASURED.
 *
 * Returns 0, or -1 with a message if the text is no such attestation, or if it has no peaks. */
int attestation_parse(const char *text, const char *origin, struct measurement *m,
                      struct bm_error *err);

#endif
