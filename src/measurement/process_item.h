/* The item that a process works on. */
#ifndef BM_MEASUREMENT_PROCESS_ITEM_H
#define BM_MEASUREMENT_PROCESS_ITEM_H

#define PROCESS_ITEM_MAX 256 /* bytes; a longer item keeps its end */

/* Returns the item of a process from its command line (arguments separated by spaces): the source
 * file of a compiler, the crate of rustc, the package of Go's compiler, the project of tsc, the
 * output of a linker. process_item.c has a table of known programs. NULL if the program or the item
 * is unknown. The caller owns the text. */
char *process_item(const char *command);

#endif
