/* Inputs that are streams of records. */
#ifndef BM_TESTS_FUZZ_STREAM_H
#define BM_TESTS_FUZZ_STREAM_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);
/* As libFuzzer has it: half of the time bytes are changed, as ever; else a well-formed record is
 * added, whose header and lengths would be found by luck only. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed);

#endif
