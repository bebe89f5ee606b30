/* Generates inputs that are streams of records. */
#ifndef BM_TESTS_FUZZ_STREAM_H
#define BM_TESTS_FUZZ_STREAM_H

#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t capacity);
/* libFuzzer calls this function to change an input. For half of the calls, it uses the default
 * mutator. For the others, it appends a valid record: random bytes rarely form a valid header. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t capacity, unsigned seed);

#endif
